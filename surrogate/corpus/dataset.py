"""Encoded corpora and packs: windows of many songs, split by tune, as batches that depend on the step alone.

A pack is one compressed .npz of tokens, small enough to carry to a rented machine. An encoded corpus is a folder of
shards, each a set of .npy arrays that are read where they are asked for, and manifest.json.
"""

import functools
import json
import pathlib

import numpy as np

from musicvae_jax import events
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.hashing import hash_of_file
from surrogate.corpus.shards import read_arrays
from surrogate.corpus.stored_array import StoredArray
from surrogate.corpus.tunes import SPLITS

FIELDS = ("tokens", "mu", "sigma", "tune", "source", "split")
_NEEDED = {"tokens", "tune", "split"}


class Dataset:
    """Windows with random access; `len()` counts them, and arrays are read from disk when asked for.

    split: uint8 [n], the index into tunes.SPLITS of each window. tune: int64 [n].
    manifest: what encode_corpus tells of it: "config", its settings, and "model", the fingerprint of the model whose
        latents it holds; empty where that is not known.
    """

    def __init__(self, shards: list[dict], manifest: dict | None = None):
        self.shards, self.manifest = shards, manifest or {}
        self.starts = np.cumsum([0, *(len(shard["tokens"]) for shard in shards)])
        self.split = np.concatenate([shard["split"][:] for shard in shards])
        self.tune = np.concatenate([shard["tune"][:] for shard in shards])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, index: int) -> dict:
        """One window: tokens uint16 [256, 3], tune, source, split and, if encoded, mu and sigma float32 [z]."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"window {index} of {len(self)}")
        index %= len(self)
        shard = int(np.searchsorted(self.starts, index, side="right")) - 1
        return {field: values[index - self.starts[shard]] for field, values in self.shards[shard].items()}

    def describe(self) -> str:
        """What is in it, in a few words."""
        counts = np.bincount(self.split, minlength=len(SPLITS))
        return f"{len(self)} windows: " + ", ".join(f"{n} {name}" for n, name in zip(counts, SPLITS, strict=True) if n)

    @property
    def encoded(self) -> bool:
        """Whether it holds latents."""
        return "mu" in self.shards[0]

    def rows(self, indices, field: str) -> np.ndarray:
        """Rows of a field.

        Args:
            indices: int [n], 0 to len() - 1, in any order.
            field: one of FIELDS.

        Returns:
            An array [n, ...] in the order of the indices.

        Raises:
            IndexError: an index is out of range.
        """
        indices = np.asarray(indices, np.int64)
        if len(indices) and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(f"windows {indices.min()} to {indices.max()} of {len(self)}")
        order = np.argsort(indices, kind="stable")
        ends = np.searchsorted(indices, self.starts[1:], sorter=order)  # of each shard's part of the order
        first = self.shards[0][field]
        out, begin = np.empty((len(indices), *first.shape[1:]), first.dtype), 0
        for shard in np.flatnonzero(np.diff(ends, prepend=0)):
            places = order[begin : ends[shard]]
            out[places] = self.shards[shard][field][indices[places] - self.starts[shard]]
            begin = ends[shard]
        return out

    def indices(self, split: str, share: float = 1.0) -> np.ndarray:
        """Row numbers of a split, or of a share of its tunes.

        Args:
            split: one of tunes.SPLITS.
            share: of its tunes, 0 to 1; the same tunes each time, and a smaller share is part of a larger one.

        Returns:
            int64 [n], rising.
        """
        place = self.tune // 100_000 % 100_000 / 100_000  # other digits than those that split
        return np.flatnonzero((self.split == SPLITS.index(split)) & (place < share))

    def batches(self, split: str, batch_size: int, *, seed: int, transpose=(), share: float = 1.0):
        """Batches of a split in an order that seed and step alone settle; every epoch is a shuffle of its own.

        The step is the position: whoever knows it reads on from there, in the same order, without what came before.

        Args:
            split: one of tunes.SPLITS.
            batch_size: windows a batch; what is left of an epoch is not used.
            seed: of the shuffles.
            transpose: semitones to draw from for each window (only tokens follow, so only where no latents are wanted).
            share: of the split's tunes, as of indices.

        Returns:
            A function: step -> this process's rows of a batch (sharding.own_rows) as a dict of numpy arrays.

        Raises:
            DatasetError: the split has fewer windows than a batch.
        """
        from musicvae_jax.sharding import own_rows  # late, as JAX is of no use to whoever only reads

        rows = self.indices(split, share)
        if len(rows) < batch_size:
            raise DatasetError(f"the {split} split has {len(rows)} windows, fewer than one batch of {batch_size}")
        per_epoch = len(rows) // batch_size
        fields, own = ("tokens", "mu", "sigma") if self.encoded else ("tokens",), own_rows(batch_size)

        @functools.lru_cache(maxsize=1)
        def order(epoch):
            return np.random.default_rng([seed, epoch]).permutation(rows)

        def batch_at(step):
            epoch, position = divmod(step, per_epoch)
            chosen = order(epoch)[position * batch_size : (position + 1) * batch_size][own]
            batch = {field: self.rows(chosen, field) for field in fields}
            if len(transpose):
                semitones = np.random.default_rng([seed, step, 1]).choice(np.asarray(transpose), batch_size)
                batch["tokens"] = events.transpose(batch["tokens"], semitones[own])
            return batch

        return batch_at


def open(path, *, verify: bool = False) -> Dataset:
    """Opens a pack (.npz) or the folder of an encoded corpus.

    Args:
        path: of either.
        verify: compare every byte with the hashes in the manifest, not only names, sizes and types.

    Raises:
        DatasetError: it is neither; or the shards are not those that the manifest tells of.
    """
    path = pathlib.Path(path)
    return _open_pack(path) if path.is_file() else _open_corpus(path, verify)


def _open_pack(path) -> Dataset:
    try:
        arrays, manifest = read_arrays(path, (*FIELDS, "first_bar"))
    except ValueError as error:
        raise DatasetError(f"{path}: not a pack of windows ({error})") from None
    if arrays.pop("first_bar", None) is not None:
        raise DatasetError(f"{path}: holds whole songs; give windows, as encode_corpus --config.unit=window makes them")
    if not arrays.keys() >= _NEEDED or len({len(values) for values in arrays.values()}) > 1:
        raise DatasetError(f"{path}: not a pack of windows (it needs {', '.join(sorted(_NEEDED))}, of equal length)")
    return Dataset([arrays], manifest)


def _open_corpus(folder, verify) -> Dataset:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        shards = {shard["name"]: (shard["windows"], shard["files"]) for shard in manifest["shards"]}
    except FileNotFoundError:
        unfinished = (folder / "job.json").exists()
        what = (
            "an unfinished job: encode_corpus goes on with it"
            if unfinished
            else "neither a pack (.npz) nor an encoded corpus"
        )
        raise DatasetError(f"{folder}: {what}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{folder}: its manifest.json cannot be read ({error})") from None
    strangers = {shard.name for shard in folder.glob("shard-*")} - shards.keys()
    if strangers:
        raise DatasetError(f"{folder / min(strangers)}: the manifest does not tell of it")
    if not shards:
        raise DatasetError(f"{folder}: its manifest.json tells of no shard; encode the corpus again")
    return Dataset([_open_shard(folder / name, *shard, verify) for name, shard in shards.items()], manifest)


def _open_shard(folder, windows, files, verify) -> dict[str, StoredArray]:
    """The arrays of one shard, if they are what the manifest says."""
    arrays = {}
    for name, file in files.items():
        try:
            arrays[name.removesuffix(".npy")] = StoredArray.open(folder / name)
            size = (folder / name).stat().st_size
        except (OSError, ValueError, EOFError) as error:
            raise DatasetError(f"{folder / name}: cannot be read ({error})") from None
        if size != file["bytes"] or (verify and hash_of_file(folder / name) != file["blake2b"]):
            raise DatasetError(f"{folder / name}: is not the file that the manifest tells of; encode the corpus again")
    lengths = {len(values) for values in arrays.values()}
    if not arrays.keys() >= _NEEDED or lengths != {windows}:
        raise DatasetError(f"{folder}: does not match the manifest; encode the corpus again")
    return arrays
