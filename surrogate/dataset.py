"""Encoded corpora and packs: windows of many songs, split by tune, as batches that depend on the step alone.

A pack is one compressed .npz of tokens, small enough to carry to a rented machine. An encoded corpus is a folder of
shards, each a set of .npy arrays that are memory-mapped, and manifest.json.
"""

import functools
import hashlib
import json
import pathlib

import numpy as np

from musicvae_jax import events

SPLITS = ("train", "validation")
FIELDS = ("tokens", "mu", "sigma", "tune", "source", "split")


class DatasetError(ValueError):
    """A corpus that cannot be found or read; the message is one line that names it."""


def tune_id(name):
    """A tune's number: the first 63 bits of the BLAKE2 hash of its group's name or its song's content, int."""
    data = name if isinstance(name, bytes) else str(name).encode()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1


def split_of(tune, validation_fraction):
    """The index into SPLITS of a tune, the same on every machine."""
    return int(tune % 100_000 < validation_fraction * 100_000)


class Dataset:
    """Windows with random access: `arrays[field][i]` reads row i of "tokens", "mu", "sigma", "tune", "split"..."""

    def __init__(self, shards):
        self.shards = shards
        self.starts = np.cumsum([0, *(len(shard["tokens"]) for shard in shards)])
        self.split = np.concatenate([shard["split"] for shard in shards])
        self.tune = np.concatenate([shard["tune"] for shard in shards])

    def __len__(self):
        return int(self.starts[-1])

    @property
    def encoded(self):
        return "mu" in self.shards[0]

    def rows(self, indices, field):
        """Rows of a field in the order of indices."""
        indices = np.asarray(indices)
        which = np.searchsorted(self.starts, indices, side="right") - 1
        out = None
        for shard in np.unique(which):
            picked = which == shard
            values = self.shards[shard][field][indices[picked] - self.starts[shard]]
            if out is None:
                out = np.empty((len(indices), *values.shape[1:]), values.dtype)
            out[picked] = values
        return out

    def indices(self, split):
        """Row numbers of a split ("train" or "validation")."""
        return np.flatnonzero(self.split == SPLITS.index(split))

    def batches(self, split, batch_size, *, seed, transpose=()):
        """step -> a batch as a dict of arrays; every epoch is a shuffle of its own, a function of (seed, epoch).

        transpose: semitones to draw from for each window (only tokens follow, so only where no latents are wanted).
        """
        rows = self.indices(split)
        if len(rows) < batch_size:
            raise DatasetError(f"the {split} split has {len(rows)} windows, fewer than one batch of {batch_size}")
        per_epoch = len(rows) // batch_size
        fields = ("tokens", "mu", "sigma") if self.encoded else ("tokens",)

        @functools.lru_cache(maxsize=1)
        def order(epoch):
            return np.random.default_rng([seed, epoch]).permutation(rows)

        def batch_at(step):
            epoch, position = divmod(step, per_epoch)
            chosen = order(epoch)[position * batch_size : (position + 1) * batch_size]
            batch = {field: self.rows(chosen, field) for field in fields}
            if len(transpose):
                semitones = np.random.default_rng([seed, step, 1]).choice(np.asarray(transpose), batch_size)
                batch["tokens"] = events.transpose(batch["tokens"], semitones)
            return batch

        return batch_at


def open(path):
    """A Dataset from a pack (.npz) or from the folder of an encoded corpus; DatasetError if it is neither."""
    path = pathlib.Path(path)
    if path.is_file():
        try:
            with np.load(path) as pack:
                return Dataset([{name: pack[name] for name in FIELDS if name in pack}])
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(f"{path}: not a pack of windows ({error})") from None
    try:
        manifest = json.loads((path / "manifest.json").read_text())
    except OSError:
        raise DatasetError(f"{path}: neither a pack (.npz) nor a folder with a manifest.json") from None
    shards = []
    for shard in manifest["shards"]:
        files = {file.stem: file for file in (path / shard["name"]).glob("*.npy")}
        arrays = {name: np.load(file, mmap_mode="r") for name, file in files.items()}
        if not {"tokens", "tune", "split"} <= set(arrays) or {len(a) for a in arrays.values()} != {shard["windows"]}:
            raise DatasetError(f"{path / shard['name']}: does not match the manifest; encode the corpus again")
        shards.append(arrays)
    return Dataset(shards)
