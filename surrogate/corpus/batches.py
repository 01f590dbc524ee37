"""The rows of shards as batches for the encoder, read ahead of it."""

import typing

import numpy as np

from musicvae_jax import events
from surrogate.corpus.plan import Plan


class Batch(typing.NamedTuple):
    """Rows of one shard: tokens uint16 [n, 256, 3]; end, the row after them; is_last, whether they end the shard."""

    shard: int
    tokens: np.ndarray
    end: int
    is_last: bool


class RowReader:
    """Reads the tokens of a plan's rows forwards, from songs that come one after the other."""

    def __init__(self, plan: Plan, songs):
        """songs: iterator of (number of the song, its tokens), in the order of the rows to be read."""
        self._plan, self._songs = plan, songs
        self._first = 0  # row of the song at hand
        self._tokens = np.zeros((0, events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)

    def read(self, first: int, last: int) -> np.ndarray:
        """Tokens of the rows first to last, without last; they must come after those read before."""
        pieces = []
        while first < last:
            while first >= self._first + len(self._tokens):
                song, self._tokens = next(self._songs)
                self._first = int(self._plan.ends[song] - self._plan.rows[song])
            pieces.append(self._tokens[first - self._first : last - self._first])
            first += len(pieces[-1])
        return np.concatenate(pieces)


def batches(plan: Plan, tokens_of, shards, shard_windows: int, rows: int):
    """Reads the batches of shards.

    Args:
        plan: of the rows.
        tokens_of: a reader of song_tokens.
        shards: their numbers, rising.
        shard_windows: rows a shard; the last one has what is left.
        rows: the most of a batch.

    Yields:
        Every Batch, full but for the last of a shard.
    """
    spans = {shard: (shard * shard_windows, min((shard + 1) * shard_windows, plan.total)) for shard in shards}
    songs = list(dict.fromkeys(song for span in spans.values() for song in plan.songs_within(*span)))
    reader = RowReader(plan, zip(songs, tokens_of(songs), strict=True))
    for shard, (first, last) in spans.items():
        for begin in range(first, last, rows):
            end = min(begin + rows, last)
            yield Batch(shard, reader.read(begin, end), end, end == last)
