"""A work of the studio: a melody, its takes and what was chosen, changed one thing at a time and taken back again."""

import dataclasses
import pathlib
import typing

from surrogate.accompaniment.accompanist import rendered_take
from surrogate.accompaniment.options import Options
from surrogate.accompaniment.result import Take
from surrogate.model.band import WrittenParts
from surrogate.reading import song_chords
from surrogate.reading.chord_symbols import Chord
from surrogate.reading.chroma import STEPS_PER_HALF_BAR
from surrogate.reading.key_finder import FoundKeys
from surrogate.reading.melody import Melody
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
    is played. locked: those of PARTS that stay. given: the Chord that the player gave for each half bar of the models'
    bars, or None.
    """

    found: FoundMelody
    keys: FoundKeys
    options: Options
    takes: tuple[ShelfTake, ...]
    current: int = 0
    locked: frozenset[str] = frozenset()
    given: tuple[Chord | None, ...] = ()

    @property
    def take(self) -> ShelfTake:
        """The current one."""
        return self.takes[self.current]

    @property
    def melody(self) -> Melody:
        """The line, with the chords that its file and the player give."""
        melody = self.found.melody
        if not any(self.given):
            return melody
        of_file = melody.chords or song_chords.SongChords((), "")
        ticks = melody.grid.ticks[:-1:STEPS_PER_HALF_BAR].tolist()
        each = zip(ticks, self.given, of_file.at(ticks), strict=True)
        changes = [*of_file.changes, *((tick, own or before) for tick, own, before in each)]
        for tick, end, own in zip(ticks, [*ticks[1:], melody.grid.ticks[-1]], self.given, strict=True):
            if own:
                changes = [(at, chord) for at, chord in changes if not tick < at < end]
        return dataclasses.replace(melody, chords=song_chords.of_changes(changes, "as given in the studio"))

    def rendered(self) -> Take:
        """The current take as music."""
        return rendered_take(self.melody, self.take.parts, self.options)


@dataclasses.dataclass(frozen=True)
class Work:
    """A file that a player gave, and the states that it went through, the one numbered place being shown."""

    file: MelodyFile
    states: tuple[WorkState, ...]
    place: int = 0

    @property
    def state(self) -> WorkState:
        """The one that is shown."""
        return self.states[self.place]

    @property
    def title(self) -> str:
        """The song's, which a written score tells, or else the name of its file."""
        return self.state.found.melody.title or pathlib.PurePath(self.file.name).stem

    @property
    def can_undo(self) -> bool:
        """Whether there is a state before this one."""
        return self.place > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a state that was taken back."""
        return self.place < len(self.states) - 1

    def with_state(self, state: WorkState) -> "Work":
        """The work with one more state, which is shown; those that were taken back are gone."""
        states = (*self.states[: self.place + 1], state)[-MOST_STEPS_BACK:]
        return Work(self.file, states, len(states) - 1)
