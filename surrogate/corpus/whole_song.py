"""A whole song as a model of songs reads it: all bars of 4/4, with melodies, bass, drums and chords."""

import dataclasses

import numpy as np

from musicvae_jax import beats

MOST_MELODIES = 3
BASS_LINE = MOST_MELODIES
LINES = MOST_MELODIES + 1


@dataclasses.dataclass(frozen=True)
class WholeSong:
    """The S bars of 4/4 of a song, stretch after stretch; a part that it lacks is all zeros.

    lines: uint8 [S, 4, 16], tokens of up to three melodies, the likeliest first, and of the bass.
    drums: uint16 [S, 16], masks.
    chroma: uint8 [S, 2, 12], on how many steps of each half bar a pitch class sounds, counted for each track.
    chord: int8 [S, 2, 3], what surrogate.reading.chords.label tells of each half bar: root, quality and bass.
    stretch: uint16 [S], which stretch of 4/4 a bar is of; between two of them bars of other meters are left out.
    tempo: quarter notes a minute, that which most of its music has.
    """

    lines: np.ndarray
    drums: np.ndarray
    chroma: np.ndarray
    chord: np.ndarray
    stretch: np.ndarray
    tempo: float

    @property
    def bars(self) -> int:
        """How many bars it has."""
        return len(self.lines)

    @property
    def trio(self) -> np.ndarray:
        """The likeliest melody, bass and drums, uint16 [S, 16, 3]."""
        return np.stack([self.lines[:, 0], self.lines[:, BASS_LINE], self.drums], axis=-1).astype(np.uint16)

    @property
    def roots(self) -> np.ndarray:
        """Pitch classes of the roots of the half bars' chords, int64 [S, 2], silence filled in (beats.known_roots)."""
        return beats.known_roots(self.chord[..., 0].reshape(-1)).reshape(-1, 2)

    @property
    def melodies(self) -> int:
        """How many melodies it has, 1 to 3."""
        return int(self.lines[:, :BASS_LINE].any(axis=(0, 2)).sum())

    @property
    def has_bass(self) -> bool:
        """Whether a bass plays in it."""
        return bool(self.lines[:, BASS_LINE].any())

    @property
    def has_drums(self) -> bool:
        """Whether drums play in it."""
        return bool(self.drums.any())
