"""The chords of a take: those that were given, and between them those that the models wrote."""

import typing

from surrogate.model.band import WrittenParts
from surrogate.reading import song_chords
from surrogate.reading.chord_symbols import Chord
from surrogate.reading.melody import Melody


class SongChord(typing.NamedTuple):
    """A chord of a song, up to the next one.

    beat: where it begins, in quarter notes from the song's start. root, bass: pitch classes, -1 where there is none.
    quality: a name of surrogate.reading.chords.QUALITIES. symbol: as it is written, "Am7".
    """

    beat: float
    root: int
    quality: str
    bass: int
    symbol: str


def in_beats(changes: tuple[tuple[int, Chord], ...], ticks_per_quarter: int) -> tuple[SongChord, ...]:
    """Changes of chords as SongChords."""
    return tuple(SongChord(tick / ticks_per_quarter, *chord) for tick, chord in changes)


def of_take(melody: Melody, parts: WrittenParts) -> tuple[tuple[int, Chord], ...]:
    """Tick and Chord of each change of a take; none where the models know no chords."""
    if parts.chords is None:
        return ()
    written = song_chords.SongChords(song_chords.of_labels(parts.chords, melody.tokens, melody.grid), "")
    given = melody.chords
    if given is None:
        return written.changes
    ticks = sorted({tick for tick, _ in written.changes + given.changes if tick < melody.grid.ticks[-1]})
    both = zip(ticks, given.at(ticks), written.at(ticks), strict=True)
    return song_chords.of_changes(((tick, own or between) for tick, own, between in both), "").changes
