"""A work of the studio: a melody, its takes and what was chosen, changed one thing at a time and taken back again."""

import dataclasses
import typing

import numpy as np

from surrogate.accompaniment.options import Options
from surrogate.model.band import WrittenParts
from surrogate.reading.chord_symbols import Chord
from surrogate.reading.key_finder import FoundKeys
from surrogate.studio.melody_reader import FoundMelody, MelodyFile

PARTS = "bass", "drums"
"""In the order of the columns of WrittenParts.tokens."""
MOST_TAKES = 64
MOST_STEPS_BACK = 200


class ShelfTake(typing.NamedTuple):
    """A take on the shelf.

    parts: what bass and drums play. words: what it is, for the player. seed: of its dice. origins: for each of PARTS
    the number of the take that it was taken from, or None.
    """

    parts: WrittenParts
    words: str
    seed: int
    origins: tuple[int | None, int | None] = (None, None)


@dataclasses.dataclass(frozen=True)
class WorkState:
    """What undo goes back to.

    found: the melody as it was read. keys: its keys. options: what was chosen. takes: the shelf; current: which of it
    is played. locked: those of PARTS that stay. chords: the half bar of the models' bars and the Chord of each chord that
    the player gave, beside those of the file.
    """

    found: FoundMelody
    keys: FoundKeys
    options: Options
    takes: tuple[ShelfTake, ...]
    current: int = 0
    locked: frozenset[str] = frozenset()
    chords: tuple[tuple[int, Chord], ...] = ()

    @property
    def take(self) -> ShelfTake:
        """The current one."""
        return self.takes[self.current]


class Work:
    """A file that a player gave, and the states that it went through."""

    def __init__(self, file: MelodyFile, state: WorkState):
        self.file = file
        self._states, self._place = [state], 0

    @property
    def state(self) -> WorkState:
        """The one that is shown."""
        return self._states[self._place]

    @property
    def can_undo(self) -> bool:
        """Whether there is a state before this one."""
        return self._place > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a state that was taken back."""
        return self._place < len(self._states) - 1

    def go_on(self, state: WorkState) -> None:
        """Makes a state the current one; those that were taken back are gone."""
        self._states = [*self._states[: self._place + 1], state][-MOST_STEPS_BACK:]
        self._place = len(self._states) - 1

    def step(self, states: int) -> None:
        """Goes back by states below zero, or forward."""
        self._place += states


def changed_parts(before: ShelfTake, after: WrittenParts) -> np.ndarray:
    """Where two takes of one melody play otherwise, bool [T, 2]."""
    return before.parts.tokens != after.tokens
