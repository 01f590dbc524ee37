"""The keys of songs judged by their whole harmony, learnt without being told any.

A song's pitch classes, chords and bass are taken as drawn from distributions over semitones above the tonic, one set
for major and one for minor: a mixture of 24 components that share their parameters over the twelve tonics, fitted by
expectation maximisation from Krumhansl and Kessler's profiles (1982). docs/keys.md tells how it was checked.
"""

import contextlib
import pathlib
import typing

import numpy as np

from musicvae_jax import midi
from musicvae_jax.events import BEATS_PER_BAR
from surrogate.corpus import song_pack
from surrogate.reading import key_evidence, song_evidence
from surrogate.reading.chords import NONE
from surrogate.reading.key_evidence import CHORD_KINDS, Signature
from surrogate.reading.key_finder import of_tonics

_HEARD = {"pitch classes": 12, "chords": 12, "bass": 6, "first root": 1, "last root": 1, "last bass": 1}
"""What is heard of a song, and how many independent observations it counts as, however long the song."""
_KIND_OF_ROW = np.repeat(np.arange(len(_HEARD)), [1, len(CHORD_KINDS), 1, 1, 1, 1])
_PROFILES_2x12 = np.array(
    [
        [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)
_ROUNDS, _SMOOTHING = 15, 0.02


class KeySong(typing.NamedTuple):
    """A song whose key can be judged.

    melody_T: int [S * 16], tokens. signatures: its key signatures. chroma_SxHx12, chords_SxHx3: what all its tracks
    sound in each half bar, as surrogate.reading.chroma and chords tell it.
    """

    melody_T: np.ndarray
    signatures: tuple[Signature, ...]
    chroma_SxHx12: np.ndarray
    chords_SxHx3: np.ndarray


class HarmonyModel(typing.NamedTuple):
    """prior_2: log p(major), log p(minor). log_p_2xRx12: log p(semitones above the tonic | mode) of what is heard."""

    prior_2: np.ndarray
    log_p_2xRx12: np.ndarray


def read(songs: song_pack.Songs, indices, folder) -> list[KeySong]:
    """Songs of a pack; their signatures, which a pack lacks, are read from the MIDI files that it was made of.

    Args:
        songs: the pack.
        indices: which of its songs.
        folder: of the MIDI files; of one that is not there, as of one without them, no signatures are known.
    """
    return [_read(songs[index], pathlib.Path(folder, str(songs.name[index]))) for index in indices]


def _read(song, path):
    signatures = ()
    with contextlib.suppress(midi.MidiError):
        score = midi.read(path)
        bar_ticks = BEATS_PER_BAR * score.ticks_per_quarter
        signatures = tuple(
            Signature(mark.time // bar_ticks, mark.key, mark.tonality == 1)
            for mark in song_evidence.signature_marks(score)
        )
    return KeySong(song.lines[:, 0].reshape(-1), signatures, song.chroma, song.chord)


def fit(songs) -> HarmonyModel:
    """Learns how keys are used from two or more KeySong, whose keys nobody tells."""
    heard_nxRx12 = np.array([_heard(song) for song in songs])
    log_p = np.log(_PROFILES_2x12 / _PROFILES_2x12.sum(axis=1, keepdims=True))
    pitch_classes = heard_nxRx12[:, :1]
    chance_nxK = _chances(pitch_classes, HarmonyModel(np.zeros(2), log_p[:, None]))
    for _ in range(_ROUNDS):
        model = _maximised(heard_nxRx12, chance_nxK)
        chance_nxK = _chances(heard_nxRx12, model)
    return model


def chances(songs, model: HarmonyModel) -> np.ndarray:
    """How likely each of surrogate.reading.key_finder.KEYS is for each song: float64 [n, 24]."""
    return _chances(np.array([_heard(song) for song in songs]), model)


def of_one_key(songs: list[KeySong], model: HarmonyModel) -> list[KeySong]:
    """The songs that have the same likeliest key whole and in either half."""
    wholes, *halves = (
        chances([_bars(song, *part) for song in songs], model).argmax(axis=1) for part in ((0, 2), (0, 1), (1, 2))
    )
    is_steady = np.all([half == wholes for half in halves], axis=0)
    return [song for song, is_one in zip(songs, is_steady, strict=True) if is_one]


def _bars(song, first_half, end_half):
    bars = len(song.chroma_SxHx12)
    own = slice(bars * first_half // 2, -(-bars * end_half // 2))
    return song._replace(chroma_SxHx12=song.chroma_SxHx12[own], chords_SxHx3=song.chords_SxHx3[own])


def counts_above_tonics(values_nxRx12, chance_nxK) -> np.ndarray:
    """Sums of songs' values by semitones above the tonic, weighed by how likely it is: [2, R, 12]."""
    sums_2x12xRx12 = np.tensordot(chance_nxK, values_nxRx12, (0, 0)).reshape(2, 12, *values_nxRx12.shape[1:])
    return sum(np.roll(sums_2x12xRx12[:, tonic], -tonic, axis=-1) for tonic in range(12))


def distributions(counts_2xRx12, smoothing=_SMOOTHING) -> np.ndarray:
    """Log of each mode's shares of all counts, smoothed by a share of even counts: [2, R, 12]."""
    total = counts_2xRx12.sum(axis=(1, 2), keepdims=True)
    smooth = counts_2xRx12 + smoothing * total / counts_2xRx12[0].size
    return np.log(smooth / smooth.sum(axis=(1, 2), keepdims=True))


def _maximised(heard_nxRx12, chance_nxK):
    counts_2xRx12 = counts_above_tonics(heard_nxRx12, chance_nxK)
    log_p = [distributions(counts_2xRx12[:, kind == _KIND_OF_ROW]) for kind in range(len(_HEARD))]
    prior_2 = np.log(chance_nxK.reshape(-1, 2, 12).sum(axis=2).mean(axis=0))
    return HarmonyModel(prior_2, np.concatenate(log_p, axis=1))


def _chances(heard_nxRx12, model):
    odds_nxK = np.tensordot(heard_nxRx12, of_tonics(model.log_p_2xRx12), 2) + np.repeat(model.prior_2, 12)
    chance_nxK = np.exp(odds_nxK - odds_nxK.max(axis=1, keepdims=True))
    return chance_nxK / chance_nxK.sum(axis=1, keepdims=True)


def _heard(song):
    """float64 [R, 12], what is heard of a kind adding up to what _HEARD tells, or to 0."""
    chords_Hx3 = song.chords_SxHx3.reshape(-1, 3).astype(np.int64)
    root, _, bass = chords_Hx3[chords_Hx3[:, 0] != NONE].T
    rows = [
        song.chroma_SxHx12.sum(axis=(0, 1), keepdims=True)[0],
        key_evidence.counts_of_chords(song.chords_SxHx3).sum(axis=0),
        *(np.bincount(each, minlength=12)[None] for each in (bass, root[:1], root[-1:], bass[-1:])),
    ]
    shares = [each / max(each.sum(), 1) * weight for each, weight in zip(rows, _HEARD.values(), strict=True)]
    return np.concatenate(shares)
