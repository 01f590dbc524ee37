"""Keys, and bringing songs to C, so that models need to know one scale only.

semitones_to_c tells a scale from notes alone, as training data are made with it; surrogate.reading.key_finder finds
tonic and mode of a song that is to be accompanied.
"""

import re
import typing

import numpy as np

from musicvae_jax import events

C_MAJOR = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11))
SHIFTS = np.array(sorted(range(-5, 7), key=abs))
"""Semitones that a song may be moved by, the smallest first."""
_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}
_WRITTEN = re.compile(r"([A-Ga-g])[ -]?(#|♯|b|♭|sharp|flat|)[ :]*(major|maj|minor|min|M|m|)")


class Key(typing.NamedTuple):
    """A tonic, the pitch class 0 (C) to 11, and whether its mode is minor."""

    tonic: int
    minor: bool

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Reads a key as musicians write it.

        Args:
            text: a tonic, and major or minor in words or short; a tonic alone is major, in lower case minor: "G minor",
                "Gm", "g", "F# major", "Bb", "E flat", "Ab:min".

        Raises:
            ValueError: it is none.
        """
        match = _WRITTEN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f'{text!r} is no key; give one such as "G minor", "F# major" or "Bb"')
        letter, accidental, mode = match.groups()
        minor = mode in ("minor", "min", "m") or not mode and letter.islower()
        return cls((NATURALS[letter.upper()] + _ACCIDENTALS[accidental]) % 12, minor)

    @classmethod
    def of_signature(cls, sharps: int, minor: bool = False) -> "Key":
        """The key of a signature of so many sharps, flats below zero."""
        return cls((7 * sharps - 3 * minor) % 12, minor)

    @property
    def name(self) -> str:
        """As "G minor"."""
        return f"{(_MINOR if self.minor else _MAJOR)[self.tonic]} {'minor' if self.minor else 'major'}"

    @property
    def semitones_to_c(self) -> int:
        """By how much to transpose so that its scale falls on C major's notes, minor on A minor's: -5 to 6."""
        return (5 - self.tonic - 3 * bool(self.minor)) % 12 - 5


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


def to_c(tokens_nxTx3) -> np.ndarray:
    """The windows of one song, uint16 [n, T, 3], brought to C major's notes."""
    return events.transpose(tokens_nxTx3, semitones_to_c(np.asarray(tokens_nxTx3)[..., 0]))
