"""Reading songs as windows."""

import dataclasses

from musicvae_jax import note_sequence, trio
from surrogate.corpus import workers
from surrogate.corpus.song_reader import SongReader
from surrogate.reading import keys

MOST_WINDOWS = 50_000
"""Of one song; more is a file made to be absurd."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class WindowReader(SongReader):
    """Reads songs as windows, tokens uint16 [n, 256, 3]; takes the arguments of trio_windows.

    in_c: whether songs are brought to the notes of C major.
    """

    grid: str
    hop_bars: int
    max_windows: int | None
    seed: int | None
    melody_programs: tuple[int, ...] = tuple(trio.MELODY_PROGRAMS)
    in_c: bool = False

    def _survey(self, content):
        make = note_sequence.survey if content.is_record else trio.survey
        return make(content.data, hop_bars=self.hop_bars, grid=self.grid, melody_programs=self.melody_programs)

    def _count(self, survey):
        windows = len(survey) if self.max_windows is None else min(len(survey), self.max_windows)
        if windows > MOST_WINDOWS:
            return workers.TOO_MUCH_MEMORY
        return survey.lacks() or (windows, survey.content().hex())

    def _rows(self, survey):
        tokens = survey.tokens(self.max_windows, self.seed)
        return keys.to_c(tokens) if self.in_c else tokens
