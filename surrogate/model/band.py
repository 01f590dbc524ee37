"""What writes bass and drums for melodies, whichever kind of surrogate it has: songs whole, or windows of 16 bars."""

import typing
from collections.abc import Sequence

import numpy as np


class MelodyLine(typing.NamedTuple):
    """A melody in its own key: tokens uint16 [S * 16], and its tempo in beats a minute."""

    tokens: np.ndarray
    tempo: float


class WrittenParts(typing.NamedTuple):
    """A take.

    tokens: uint16 [S * 16, 2], bass and drums in the melody's key. rating: what takes are ranked by, best first.
    chords: int64 [S, 2, 2], root (a pitch class in the melody's key, -1 for none) and quality (the place in
        surrogate.reading.chords.QUALITIES) of each half bar; None where the models know no chords.
    """

    tokens: np.ndarray
    rating: float
    chords: np.ndarray | None = None


class Band(typing.Protocol):
    """Models that write bass and drums."""

    def write(self, lines: Sequence[MelodyLine], *, takes: int = 1, seed: int = 0) -> list[list[WrittenParts]]:
        """Writes `takes` of each melody, best first; what is written for one does not depend on the others."""
        ...
