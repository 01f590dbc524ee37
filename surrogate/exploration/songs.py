"""Songs to explore with: a MIDI file or a written score as trio tokens."""

import os
import pathlib
import typing

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import MELODY, STEPS_PER_BAR, TRACKS
from musicvae_jax.files import FileError
from surrogate.corpus.song_survey import SongSurvey
from surrogate.reading import keys, parts


class Song(typing.NamedTuple):
    """A song: its name, tokens uint16 [T, 3] from the first bar with melody on, and beats a minute."""

    name: str
    tokens: np.ndarray
    tempo: float

    @property
    def semitones_to_c(self) -> int:
        """By how much to transpose it so that its melody falls on C major's notes."""
        return keys.semitones_to_c(self.tokens[:, MELODY])

    def transposed(self, semitones: int) -> "Song":
        """The song in another key."""
        return self._replace(tokens=events.transpose(self.tokens, semitones))

    def cut(self, bars: int | None) -> "Song":
        """Its first bars; None leaves all."""
        return self if bars is None else self._replace(tokens=self.tokens[: bars * STEPS_PER_BAR])


def read(path: str | os.PathLike) -> Song:
    """Reads the bars of 4/4 of a MIDI file or a score: likeliest melody, bass and drums.

    Raises:
        musicvae_jax.FileError: it cannot be read, or has no melody of 16 notes or no bar of 4/4.
    """
    survey = SongSurvey(parts.read(path).score)
    if reason := survey.lacks():
        raise FileError(path, f"cannot be explored: {reason}")
    whole = survey.song()
    tokens = whole.trio.reshape(-1, len(TRACKS))
    first = int(np.argmax(tokens[:, MELODY] >= events.FIRST_PITCH)) // STEPS_PER_BAR * STEPS_PER_BAR
    return Song(pathlib.Path(path).stem, tokens[first:], whole.tempo)
