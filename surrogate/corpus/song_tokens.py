"""The rows of the songs of a plan, copies included, from where they are: a collection or a pack.

Both readers are functions: numbers of songs -> iterator of the rows of each: tokens, uint16 [n, 256, 3], of windows.
Whole songs are rows without copies.
"""

import numpy as np

from surrogate.corpus.copies import transposed_copies
from surrogate.corpus.dataset import Dataset
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.plan import Plan
from surrogate.corpus.song_reader import SongReader


def collection_reader(songs, plan: Plan, reader: SongReader, config):
    """Reads songs again from the collection that a plan is of.

    Args:
        songs: of the collection, in the plan's order.
        plan: which songs have which rows.
        reader: as at the scan.
        config: of encode_corpus, for copies in other keys.

    Returns:
        A function of the numbers of songs, which yields their tokens and raises DatasetError for one that has changed.
    """

    def tokens_of(numbers):
        results = reader.map(reader.read, [songs[number] for number in numbers])
        for number, result in zip(numbers, results, strict=True):
            if isinstance(result, str):
                raise _changed(plan.names[number], f"now it is rejected: {result}")
            content, rows = result
            if content != plan.contents[number]:
                raise _changed(plan.names[number], "its notes are others")
            yield _with_copies(rows, number, plan, config)

    return tokens_of


def pack_reader(pack: Dataset, plan: Plan, config):
    """Reads songs from the pack that a plan is of; arguments and result as of collection_reader."""
    ends = np.cumsum(plan.own_rows)

    def tokens_of(numbers):
        for number in numbers:
            tokens = pack.shards[0]["tokens"][ends[number] - plan.own_rows[number] : ends[number]]
            yield _with_copies(tokens, number, plan, config)

    return tokens_of


def _changed(name, why) -> DatasetError:
    return DatasetError(f"{name}: has changed since the collection was scanned ({why})")


def _with_copies(tokens, number, plan, config):
    return transposed_copies(tokens, number, config) if plan.is_training[number] else tokens
