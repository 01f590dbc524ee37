"""The keys of songs judged by their whole harmony, learnt without being told any.

A song's pitch classes, chords and bass are taken as drawn from distributions over semitones above the tonic, one set
for major and one for minor: a mixture of 24 components that share their parameters over the twelve tonics, fitted by
expectation maximisation from Krumhansl and Kessler's profiles (1982). docs/keys.md tells how it was checked.
"""

import contextlib
import itertools
import pathlib
import typing
from collections.abc import Sequence

import numpy as np

from musicvae_jax import midi
from musicvae_jax.events import BEATS_PER_BAR, STEPS_PER_BAR
from surrogate.corpus import song_pack
from surrogate.reading import chords, key_evidence, song_evidence
from surrogate.reading.chords import NONE
from surrogate.reading.key_evidence import CHORD_KINDS, Signature
from surrogate.reading.key_finder import KEYS, of_tonics
from surrogate.reading.keys import Key
from surrogate.reading.likeliest_path import likeliest_path

_HEARD = {"pitch classes": 12, "chords": 12, "bass": 6}
"""What is heard of a song, and how many independent observations it counts as, however long the song."""
_ENDS = "first root", "last root", "last bass"
"""What is heard once, and counts as such."""
_KIND_OF_ROW = np.repeat(np.arange(len(_HEARD) + len(_ENDS)), [1, len(CHORD_KINDS), 1, 1, 1, 1])
_PROFILES_2x12 = np.array(
    [
        [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)
_ROUNDS, _SMOOTHING = 15, 0.02
MELODY, ONE_MORE, ALL = "melody", "melody and one more", "all tracks"
"""Of a song, what a key may be found by."""
_BAR, _CHANGE_COST = 1 / 24, 12.0
"""Where sections are told apart: what a bar counts as, of a song, and what a change costs in nats."""


class KeySong(typing.NamedTuple):
    """A song whose key can be judged.

    melody_T: int [S * 16], tokens. others_LxT: int [L, S * 16], those of other melodies and the bass. signatures: its
    key signatures. chroma_SxHx12, chords_SxHx3: what all its tracks sound in each half bar, as surrogate.reading.chroma
    and chords tell it.
    """

    melody_T: np.ndarray
    others_LxT: np.ndarray
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
    melody_T, *others_LxT = song.lines.swapaxes(0, 1).reshape(song.lines.shape[1], -1)
    others_LxT = np.array([line_T for line_T in others_LxT if line_T.any()]).reshape(-1, len(melody_T))
    return KeySong(melody_T, others_LxT, signatures, song.chroma, song.chord)


def cut(song: KeySong, first: int, end: int) -> KeySong:
    """The bars of a song from first up to end."""
    steps = slice(STEPS_PER_BAR * first, STEPS_PER_BAR * end)
    return KeySong(
        song.melody_T[steps],
        song.others_LxT[:, steps],
        tuple(key_evidence.within(song.signatures, first, end)),
        song.chroma_SxHx12[first:end],
        song.chords_SxHx3[first:end],
    )


def heard_chords(song: KeySong, tracks: str, rng: np.random.Generator) -> np.ndarray | None:
    """The chords, int [S, 2, 3], that are heard in so many of a song's tracks; None in the melody alone.

    Args:
        song: what is heard.
        tracks: MELODY, ONE_MORE of the other melodies and the bass, if it has any, or ALL.
        rng: chooses which.
    """
    if tracks == ALL:
        return song.chords_SxHx3
    is_alone = tracks == MELODY or not len(song.others_LxT)
    return None if is_alone else chords.of_lines(song.melody_T, rng.choice(song.others_LxT))


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


def sections(song: KeySong, model: HarmonyModel) -> list[KeySong]:
    """A song cut where the key of its harmony changes."""
    log_p_2xRx12 = model.log_p_2xRx12[:, : -len(_ENDS)]
    odds_SxK = _BAR * np.tensordot(_shares(_counts(song)), of_tonics(log_p_2xRx12), 2)
    path_S = likeliest_path(odds_SxK, np.full(len(odds_SxK), _CHANGE_COST))
    bounds = [0, *(np.flatnonzero(np.diff(path_S)) + 1).tolist(), len(path_S)]
    return [cut(song, first, end) for first, end in itertools.pairwise(bounds)]


def main_keys(songs: Sequence[KeySong], model: HarmonyModel) -> list[Key]:
    """The key of each song that lasts longest."""
    return [_main_key(sections(song, model), model) for song in songs]


def _main_key(parts, model):
    key_N = chances(parts, model).argmax(axis=1)
    bars_N = np.array([len(part.chords_SxHx3) for part in parts])
    return KEYS[max(key_N.tolist(), key=lambda key: bars_N[key_N == key].sum())]


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
    log_p = [distributions(counts_2xRx12[:, kind == _KIND_OF_ROW]) for kind in np.unique(_KIND_OF_ROW)]
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
    ends = [np.bincount(each, minlength=12)[None] for each in (root[:1], root[-1:], bass[-1:])]
    return np.concatenate([_shares(_counts(song).sum(axis=0)), *ends])


def _counts(song):
    """How many half bars or steps of each bar have each pitch class, chord and bass: int64 [S, R, 12]."""
    bass_SxH = song.chords_SxHx3[..., 2]
    is_bass_SxHx12 = np.eye(13, dtype=np.int64)[bass_SxH, :12]  # of NONE the last row, which has none of the twelve
    chords_SxKx12 = key_evidence.counts_of_chords(song.chords_SxHx3)
    chroma_Sx12, bass_Sx12 = song.chroma_SxHx12.sum(axis=1), is_bass_SxHx12.sum(axis=1)
    return np.concatenate([chroma_Sx12[:, None], chords_SxKx12, bass_Sx12[:, None]], axis=1)


def _shares(counts_xRx12):
    """Each kind's shares of all its counts, times what it counts as."""
    shares = []
    for kind, weight in enumerate(_HEARD.values()):
        counts = counts_xRx12[..., np.flatnonzero(kind == _KIND_OF_ROW), :]
        shares.append(weight * counts / np.maximum(counts.sum(axis=(-2, -1), keepdims=True), 1))
    return np.concatenate(shares, axis=-2)
