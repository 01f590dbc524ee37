"""The row of every window, or whole song, of a corpus, settled before the first one is encoded."""

import collections
import dataclasses
import functools

import numpy as np

from musicvae_jax import trio
from surrogate.corpus.copies import copies_per_window
from surrogate.corpus.dataset import Dataset
from surrogate.corpus.scan import SongRecord
from surrogate.corpus.song_reader import REASONS as _REASONS
from surrogate.corpus.song_survey import LACKS
from surrogate.corpus.tunes import SPLITS, TuneTable, split_of

DUPLICATE = "duplicate"
REASONS = frozenset((*_REASONS, *trio.LACKS, *LACKS, DUPLICATE))
"""Why a song can be rejected."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which rows of a corpus hold which song.

    names: of the S songs. reasons: of each, why it was rejected, or None. contents: hash of each song's notes.
    own_rows: int64 [S], windows without copies; 1 of a whole song. source: int32 [S], the song's number in the rows.
    tune: int64 [S]. split: uint8 [S].
    copies: how many transposed copies the windows of training songs come in.
    """

    names: list[str]
    reasons: list[str | None]
    contents: list[str]
    own_rows: np.ndarray
    source: np.ndarray
    tune: np.ndarray
    split: np.ndarray
    copies: int = 1

    @functools.cached_property
    def is_training(self) -> np.ndarray:
        """Whether the training split holds the song, bool [S]."""
        return self.split == SPLITS.index("train")

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """How many rows every song has, int64 [S]."""
        return self.own_rows * np.where(self.is_training, self.copies, 1)

    @functools.cached_property
    def ends(self) -> np.ndarray:
        """The row after the last of every song, int64 [S]."""
        return np.cumsum(self.rows)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return int(self.ends[-1]) if len(self.ends) else 0

    @functools.cached_property
    def rejected(self) -> collections.Counter:
        """How many songs were rejected for each reason."""
        return collections.Counter(filter(None, self.reasons))

    @property
    def accepted(self) -> int:
        """How many songs were not rejected."""
        return len(self.names) - self.rejected.total()

    def fields(self, first: int, last: int) -> dict[str, np.ndarray]:
        """Arrays of tune, source (number of the song) and split of the rows first to last, without last."""
        song = np.searchsorted(self.ends, np.arange(first, last), side="right")
        return {"tune": self.tune[song], "source": self.source[song], "split": self.split[song]}

    def songs_within(self, first: int, last: int) -> list[int]:
        """Numbers of the songs whose windows are in the rows first to last, without last."""
        begin, end = np.searchsorted(self.ends, [first, last - 1], side="right")
        return [song for song in range(begin, end + 1) if self.rows[song]]


def plan_of_songs(songs, records: dict[int, SongRecord], table: TuneTable, config) -> Plan:
    """Settles duplicates, tunes, splits and copies.

    Args:
        songs: of the collection, list of collection.CollectionSong.
        records: of all of them, as a scan tells.
        table: of the tunes.
        config: of encode_corpus: deduplicate, validation_fraction, test_fraction, split_seed, copies, transpose.
    """
    own_rows, contents, reasons = map(list, zip(*(records[number] for number in range(len(songs))), strict=True))
    seen = set()
    for number, content in enumerate(contents):
        if content and config.deduplicate:
            if content in seen:
                own_rows[number], reasons[number] = 0, DUPLICATE
            seen.add(content)
    names = [song.name for song in songs]
    tunes = [table.tune_id(name, content) for name, content in zip(names, contents, strict=True)]
    fractions = config.validation_fraction, config.test_fraction
    return Plan(
        names=names,
        reasons=reasons,
        contents=contents,
        own_rows=np.array(own_rows, np.int64),
        source=np.arange(len(names), dtype=np.int32),
        tune=np.array(tunes, np.int64),
        split=np.array([split_of(tune, *fractions, seed=config.split_seed) for tune in tunes], np.uint8),
        copies=copies_per_window(config),
    )


def plan_of_pack(pack: Dataset, config) -> Plan:
    """The plan of a pack, whose songs are its sources and keep their tunes and splits."""
    source = pack.shards[0]["source"]
    first = np.flatnonzero(np.diff(source, prepend=-1))
    return Plan(
        names=[f"source {number}" for number in source[first]],
        reasons=[None] * len(first),
        contents=[""] * len(first),
        own_rows=np.diff(first, append=len(pack)),
        source=source[first],
        tune=pack.tune[first],
        split=pack.split[first],
        copies=copies_per_window(config),
    )
