"""Reading the songs of a collection as windows, in guarded worker processes."""

import dataclasses
import functools

from musicvae_jax import midi_messages, note_sequence, trio
from surrogate.corpus import archives, collection, workers
from surrogate.reading import keys

REASONS = (*midi_messages.KINDS, *collection.REASONS, *workers.FAILURES, *trio.LACKS)
"""Why a song can have no windows."""

MOST_WINDOWS = 50_000
"""Of one song; more is a file made to be absurd."""


@dataclasses.dataclass(frozen=True)
class SongReader:
    """How songs are read: the arguments of trio_windows, and what a reader may use up on one song."""

    grid: str
    hop_bars: int
    max_windows: int | None
    seed: int | None
    melody_programs: tuple[int, ...] = tuple(trio.MELODY_PROGRAMS)
    in_c: bool = False
    workers: int = 1
    seconds: float = 10.0
    megabytes: int = 1024

    def map(self, function, songs):
        """Reads songs in worker processes.

        Args:
            function: count_windows or cut_windows.
            songs: of a collection, in its order.

        Yields:
            function(reader, content) of each song, in order; a str is the reason why it has no windows.
        """
        limits = dict(workers=self.workers, seconds=self.seconds, megabytes=self.megabytes)
        return workers.guarded_map(functools.partial(function, self), collection.contents(songs), **limits)


def count_windows(reader: SongReader, content: collection.Content) -> tuple[int, str] | str:
    """Counts a song's windows.

    Returns:
        (windows, hash of its notes); or the reason, one of REASONS, why it has none.
    """
    survey = _survey(reader, content)
    if isinstance(survey, str):
        return survey
    windows = len(survey) if reader.max_windows is None else min(len(survey), reader.max_windows)
    if windows > MOST_WINDOWS:
        return workers.TOO_MUCH_MEMORY
    return survey.lacks() or (windows, survey.content().hex())


def cut_windows(reader: SongReader, content: collection.Content):
    """Cuts a song into windows.

    Returns:
        (hash of its notes, tokens uint16 [n, 256, 3]); or the reason, one of REASONS, why it has none.
    """
    survey = _survey(reader, content)
    if isinstance(survey, str):
        return survey
    tokens = survey.tokens(reader.max_windows, reader.seed)
    return survey.content().hex(), keys.to_c(tokens) if reader.in_c else tokens


def _survey(reader: SongReader, content: collection.Content) -> trio.Survey | str:
    if content.reason:
        return content.reason
    settings = dict(hop_bars=reader.hop_bars, grid=reader.grid, melody_programs=reader.melody_programs)
    try:
        if content.is_record:
            return note_sequence.survey(content.data, **settings)
        if isinstance(content.data, str) and collection.too_large(content.data):
            return archives.TOO_LARGE
        return trio.survey(content.data, **settings)
    except midi_messages.MidiError as error:
        return error.kind
