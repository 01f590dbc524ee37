"""The key of a melody, so that models need to know one key only: songs are brought to C major's notes and back.

A scale is told, not a tonic: A minor and C major are one key here. The share of bass notes that a song's key explains
barely differs between this rule, Krumhansl's profiles and profiles fitted to songs.
"""

import numpy as np

from musicvae_jax import events

C_MAJOR = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
SHIFTS = np.array(sorted(range(-5, 7), key=abs))
"""Semitones that a song may be moved by, the smallest first."""
_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR = ("A", "Bb", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#")


def semitones_to_c(melody_xT) -> int:
    """By how much to transpose a song so that most of its melody falls on C major's notes.

    Args:
        melody_xT: int [..., T], the tokens of all melody lines of the song that are known.

    Returns:
        Semitones, -5 to 6; of equally good ones the smallest, downwards first.
    """
    pitch = events.held_pitches(melody_xT)
    weight_12 = np.bincount(pitch[pitch >= 0] % 12, minlength=12)
    inside = [weight_12[np.roll(C_MAJOR, -shift)].sum() for shift in SHIFTS]
    return int(SHIFTS[np.argmax(inside)])


def scale_name(shift: int) -> str:
    """The scale of a song that semitones_to_c would move by `shift` semitones, as "D major / B minor"."""
    return f"{_MAJOR[-shift % 12]} major / {_MINOR[-shift % 12]} minor"


def to_c(tokens_nxTx3) -> np.ndarray:
    """The windows of one song, uint16 [n, T, 3], brought to C major's notes."""
    return events.transpose(tokens_nxTx3, semitones_to_c(np.asarray(tokens_nxTx3)[..., 0]))
