"""Windows -> latents: shards that are read, encoded on all devices and written at the same time.

Which row holds which window is settled by the plan. So every shard can be made by itself, by whichever process, and one
that is there is done: a job that was killed goes on with the shards that are missing, and ends with the same bytes.
"""

import collections
import pathlib
import queue
import threading
import time

import jax
import numpy as np
from flax import nnx

from musicvae_jax import events
from surrogate.corpus import dataset, scan, shards

_AHEAD = 4  # batches that are read before the devices ask for them
_IN_FLIGHT = 2  # batches on the devices: one computes while the next is on its way


class Encoder:
    """A model's encoder on all local devices; batches may be under way while the next is sent."""

    def __init__(self, model, batch_size: int):
        devices = jax.local_devices()
        self.rows = len(devices) * batch_size
        self._shape = (len(devices), batch_size, events.WINDOW_STEPS, len(events.TRACKS))
        graphdef, state = nnx.split(model)
        mesh = jax.sharding.Mesh(np.array(devices), "device")
        self._state = jax.device_put(state, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))

        def encode(state, tokens):
            return nnx.merge(graphdef, state).encoder(tokens)

        self._encode = jax.pmap(encode, in_axes=(None, 0), devices=devices)

    def send(self, tokens):
        """Starts on at most `rows` windows, uint16 [n, 256, 3]; returns what fetch takes."""
        batch = np.pad(tokens, ((0, self.rows - len(tokens)), (0, 0), (0, 0)))
        return self._encode(self._state, batch.reshape(self._shape)), len(tokens)

    def fetch(self, sent) -> tuple[np.ndarray, np.ndarray]:
        """mu and sigma, float32 [n, z] each."""
        outputs, count = sent
        return tuple(np.asarray(output, np.float32).reshape(self.rows, -1)[:count] for output in outputs)


def encode(plan: scan.Plan, tokens_of, encoder: Encoder, folder, numbers, shard_windows: int, seconds: dict):
    """Writes the shards of the numbers given; yields (windows, row after them) as it goes.

    tokens_of: (numbers of songs) -> their tokens one after the other, as tokens_reader and pack_reader give it.
    seconds: a Counter, to which the time waited for "reading", "encoding" and "writing" is added.
    """
    folder = pathlib.Path(folder)
    spans = [(number, number * shard_windows, min((number + 1) * shard_windows, plan.total)) for number in numbers]
    batches = _prefetched(_batches(plan, tokens_of, spans, encoder.rows))
    sent, shard = collections.deque(), collections.defaultdict(list)

    def finish():
        (number, tokens, row, last), handle = sent.popleft()
        with _timed(seconds, "encoding"):
            mu, sigma = encoder.fetch(handle)
        for field, values in {"tokens": tokens, "mu": mu, "sigma": sigma}.items():
            shard[field].append(values)
        if last:
            first = number * shard_windows
            arrays = {field: np.concatenate(values) for field, values in shard.items()}
            shard.clear()
            with _timed(seconds, "writing"):
                shards.write(folder, number, arrays | plan.fields(first, first + len(arrays["tokens"])))
        return len(tokens), row

    while True:
        with _timed(seconds, "reading"):
            batch = next(batches, None)
        if batch is None:
            break
        with _timed(seconds, "encoding"):
            sent.append((batch, encoder.send(batch[1])))
        if len(sent) >= _IN_FLIGHT:
            yield finish()
    while sent:
        yield finish()


def _batches(plan, tokens_of, spans, rows):
    """(shard, tokens, row after them, whether they are its last) of every batch: full, but for the last of a shard."""
    wanted = [song for _, first, last in spans for song in songs_within(plan, first, last)]
    wanted = list(dict.fromkeys(wanted))
    parts = zip(wanted, tokens_of(wanted), strict=True)
    song, begin, tokens = -1, 0, np.zeros((0, events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)
    for number, first, last in spans:
        while first < last:
            until, pieces = min(first + rows, last), []
            at = first
            while at < until:
                while at >= begin + len(tokens):
                    song, tokens = next(parts)
                    begin = int(plan.ends[song] - plan.rows[song])
                pieces.append(tokens[at - begin : until - begin])
                at += len(pieces[-1])
            yield number, np.concatenate(pieces), until, until == last
            first = until


def songs_within(plan, first, last) -> list[int]:
    """Numbers of the songs whose windows are in the rows first..last."""
    begin, end = np.searchsorted(plan.ends, [first, last - 1], side="right")
    return [song for song in range(begin, end + 1) if plan.rows[song]]


def tokens_reader(songs, plan: scan.Plan, reader: scan.SongReader, config):
    """A function: numbers of songs -> the tokens of each, copies included, read again from the collection."""

    def tokens_of(numbers):
        results = reader.map(scan.cut, [songs[number] for number in numbers])
        for number, result in zip(numbers, results, strict=True):
            if isinstance(result, str) or result[0] != plan.contents[number]:
                why = f"now it is rejected: {result}" if isinstance(result, str) else "its notes are others"
                raise dataset.DatasetError(
                    f"{plan.names[number]}: has changed since the collection was scanned ({why})"
                )
            yield _with_copies(result[1], number, plan, config)

    return tokens_of


def pack_reader(pack: dataset.Dataset, plan: scan.Plan, config):
    """A function: numbers of songs -> the tokens of each, copies included, from the pack that the plan is of."""
    ends = np.cumsum(plan.windows)

    def tokens_of(numbers):
        for number in numbers:
            tokens = pack.shards[0]["tokens"][ends[number] - plan.windows[number] : ends[number]]
            yield _with_copies(tokens, number, plan, config)

    return tokens_of


def _with_copies(tokens, number, plan, config):
    if not len(config.transpose) or plan.split[number] != dataset.SPLITS.index("train"):
        return tokens
    return scan.transposed(tokens, number, config)


def _prefetched(iterator):
    """The same items, made by a thread of their own a few ahead."""
    ready, stop = queue.Queue(_AHEAD), threading.Event()
    end = object()

    def put(item) -> bool:
        while not stop.is_set():
            try:
                ready.put(item, timeout=0.2)
                return True
            except queue.Full:
                pass
        return False

    def produce():
        try:
            for item in iterator:
                if not put(item):
                    break
            put(end)
        except BaseException as error:
            put(error)
        finally:
            iterator.close()

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not end:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()


class _timed:
    def __init__(self, seconds, name):
        self.seconds, self.name = seconds, name

    def __enter__(self):
        self.began = time.perf_counter()

    def __exit__(self, *_):
        self.seconds[self.name] += time.perf_counter() - self.began
