"""Windows -> latents: shards that are read, encoded on all devices and written at the same time.

Which row holds which window is settled by the plan. So every shard can be made by itself, by whichever process, and one
that is there is done: a job that was killed goes on with the shards that are missing, and ends with the same bytes.
"""

import collections
import contextlib
import pathlib
import time

import numpy as np

from musicvae_jax.read_ahead import read_ahead
from surrogate.corpus import shards
from surrogate.corpus.batches import Batch, batches
from surrogate.corpus.device_encoder import DeviceEncoder
from surrogate.corpus.plan import Plan

_AHEAD = 4  # batches that are read before they are asked for
_IN_FLIGHT = 2  # batches on the devices: one computes while the next is on its way


class WaitingTime(collections.Counter):
    """Seconds that were waited, by what for."""

    @contextlib.contextmanager
    def measured(self, what: str):
        """Adds the time that a with block takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self[what] += time.perf_counter() - began


class ShardWriter:
    """Gathers encoded batches and writes each shard when its last one is there."""

    def __init__(self, plan: Plan, folder):
        self._plan, self._folder = plan, pathlib.Path(folder)
        self._gathered = collections.defaultdict(list)

    def add(self, batch: Batch, mu, sigma) -> None:
        """Takes the next batch of a shard, with its latents.

        Args:
            batch: the windows and where they belong.
            mu, sigma: float32 [n, z], of its n windows.
        """
        for field, values in {"tokens": batch.tokens, "mu": mu, "sigma": sigma}.items():
            self._gathered[field].append(values)
        if batch.is_last:
            arrays = {field: np.concatenate(values) for field, values in self._gathered.items()}
            self._gathered.clear()
            fields = self._plan.fields(batch.end - len(arrays["tokens"]), batch.end)
            shards.write(self._folder, batch.shard, arrays | fields)


def encoded(read, encoder: DeviceEncoder, waiting: WaitingTime):
    """Yields each Batch of an iterator, its mu and its sigma; the next is with the devices while they are fetched."""
    in_flight = collections.deque()

    def oldest():
        batch, sent = in_flight.popleft()
        with waiting.measured("encoding"):
            return batch, *encoder.fetch(sent)

    while True:
        with waiting.measured("reading"):
            batch = next(read, None)
        if batch is None:
            break
        with waiting.measured("encoding"):
            in_flight.append((batch, encoder.send(batch.tokens)))
        if len(in_flight) == _IN_FLIGHT:
            yield oldest()
    while in_flight:
        yield oldest()


def encode_shards(
    plan: Plan, tokens_of, encoder: DeviceEncoder, folder, numbers, shard_windows: int, waiting: WaitingTime
):
    """Writes shards.

    Args:
        plan: of the rows.
        tokens_of: a reader of song_tokens.
        encoder: of the model.
        folder: of the corpus.
        numbers: of the shards to write, rising.
        shard_windows: rows a shard.
        waiting: the time waited for "reading", "encoding" and "writing" is added to it.

    Yields:
        Every Batch when it is done.
    """
    writer = ShardWriter(plan, folder)
    read = read_ahead(batches(plan, tokens_of, numbers, shard_windows, encoder.rows), _AHEAD)
    for batch, mu, sigma in encoded(read, encoder, waiting):
        with waiting.measured("writing"):
            writer.add(batch, mu, sigma)
        yield batch
