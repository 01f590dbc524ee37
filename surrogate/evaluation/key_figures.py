"""How well keys are found in songs whose whole harmony tells them."""

import itertools
from collections.abc import Sequence

import numpy as np

from musicvae_jax.events import FIRST_PITCH, STEPS_PER_BAR
from surrogate.evaluation import song_keys
from surrogate.evaluation.song_keys import ALL, MELODY, ONE_MORE, KeySong
from surrogate.reading import key_finder
from surrogate.reading.chords import NONE
from surrogate.reading.key_finder import KeyTable
from surrogate.reading.keys import C_MAJOR, Key

SURE = 0, 0.4, 0.6, 0.8, 0.9, 1
MOVES = -2, 1, 2, 3, 5
_LEAST_BARS, _NEAR = 32, 4


def measure(table: KeyTable, songs: Sequence[KeySong], right: Sequence[Key]) -> dict[str, float]:
    """How often a song's main key by its whole harmony is found.

    Args:
        table: what to find it by.
        songs: held out of the fit.
        right: their keys (song_keys.main_keys).

    Returns:
        Values by "heard: what": shares of songs with the right scale, with that or one that holds no fewer of all notes
        that sound, with the right tonic and with the right key.
    """
    figures = {"songs": len(songs)}
    for tracks, has_signatures in ((MELODY, False), (MELODY, True), (ONE_MORE, False), (ALL, False), (ALL, True)):
        found = [_find(table, song, tracks, has_signatures=has_signatures).main for song in songs]
        pairs = list(zip(found, right, strict=True))
        is_scale = np.array([own.semitones_to_c == key.semitones_to_c for own, key in pairs])
        is_as_good = [_held(song, own) >= _held(song, key) for song, (own, key) in zip(songs, pairs, strict=True)]
        heard = tracks + ", signature" * has_signatures
        figures |= {
            f"{heard}: scale": np.mean(is_scale),
            f"{heard}: scale or one as good": np.mean(is_scale | is_as_good),
            f"{heard}: tonic": np.mean([own.tonic == key.tonic for own, key in pairs]),
            f"{heard}: key": np.mean([own == key for own, key in pairs]),
        }
    return figures


def _held(song, key):
    """How much of what sounds is in the scale of a key."""
    return song.chroma_SxHx12.sum(axis=(0, 1))[np.roll(C_MAJOR, -key.semitones_to_c)].sum()


def measure_confidence(table: KeyTable, songs: Sequence[KeySong], right: Sequence[Key]) -> dict[str, float]:
    """How often a key is right by how sure the finder is of it; arguments as for measure.

    Returns:
        Values by "heard: sure from, up to, what": how many songs these are, and in which share the key is right.
    """
    figures = {}
    for tracks in (MELODY, ALL):
        found = [_find(table, song, tracks) for song in songs]
        is_right = np.array([each.main == key for each, key in zip(found, right, strict=True)])
        place = np.digitize([each.probability for each in found], SURE[1:-1])
        for number, (low, high) in enumerate(itertools.pairwise(SURE)):
            name = f"{tracks}: sure {low:.1f} to {high:.1f}"
            inside = is_right[place == number]
            figures |= {f"{name}, songs": len(inside)}
            if len(inside):
                figures |= {f"{name}, right": inside.mean()}
    return figures


def measure_changes(table: KeyTable, songs: list[KeySong], *, seed: int = 0) -> dict[str, float]:
    """How often a change of key is told that is there, and one that is not.

    Args:
        table: what to find keys by.
        songs: held out of the fit, that keep their key; those of 32 bars or more count.
        seed: of the changes: the second half of a song is moved by one of MOVES semitones.

    Returns:
        Values by "heard, what": shares of songs that are told to change though they do not, and of those moved in which
        a change by as much is found within four bars of its place.
    """
    rng = np.random.default_rng(seed)
    long = [song for song in songs if len(song.chords_SxHx3) >= _LEAST_BARS]
    if not long:
        return {"songs of 32 bars": 0}
    moves = rng.choice(MOVES, len(long))
    moved = [_moved(song, move) for song, move in zip(long, moves, strict=True)]
    figures = {"songs of 32 bars": len(long)}
    for tracks in (MELODY, ALL):
        found = [_find(table, song, tracks) for song in moved]
        told = [len(_find(table, song, tracks).sections) > 1 for song in long]
        is_right = [_has_change(*each) for each in zip(found, long, moves, strict=True)]
        figures |= {f"{tracks}: false changes": np.mean(told), f"{tracks}: changes found": np.mean(is_right)}
    return figures


def _find(table, song, tracks, *, has_signatures=False):
    chords_SxHx3 = song_keys.heard_chords(song, tracks, np.random.default_rng(0))
    return key_finder.find(song.melody_T, song.signatures if has_signatures else (), chords_SxHx3, key_table=table)


def _moved(song, semitones):
    """A song whose second half is so many semitones higher."""
    half = len(song.chords_SxHx3) // 2
    melody_T, chords_SxHx3 = song.melody_T.astype(int), song.chords_SxHx3.astype(int)
    second_T, roots_and_basses = melody_T[STEPS_PER_BAR * half :], chords_SxHx3[half:, :, ::2]
    second_T[second_T >= FIRST_PITCH] += semitones
    is_known = roots_and_basses != NONE
    roots_and_basses[is_known] = (roots_and_basses[is_known] + semitones) % 12
    return song._replace(melody_T=melody_T, chords_SxHx3=chords_SxHx3)


def _has_change(found, song, semitones):
    half = len(song.chords_SxHx3) // 2
    return any(
        abs(bar - half) <= _NEAR and (before.semitones_to_c - after.semitones_to_c - semitones) % 12 == 0
        for (_, before), (bar, after) in itertools.pairwise(found.sections)
    )
