"""Encoded corpora and packs: windows of many songs, split by tune, as batches that depend on the step alone.

A pack is one compressed .npz of tokens, small enough to carry to a rented machine. An encoded corpus is a folder of
shards, each a set of .npy arrays that are memory-mapped, and manifest.json.
"""

import functools
import hashlib
import json
import pathlib
import zipfile
import zlib

import numpy as np

from musicvae_jax import events

SPLITS = ("train", "validation", "test")
FIELDS = ("tokens", "mu", "sigma", "tune", "source", "split")


class DatasetError(ValueError):
    """A corpus that cannot be found or read; the message is one line that names it."""


def tune_id(name):
    """A tune's number: the first 63 bits of the BLAKE2 hash of its group's name or its song's content, int."""
    data = name if isinstance(name, bytes) else str(name).encode()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1


def hash_of(stream) -> str:
    """The hash by which a manifest knows the content of a binary stream."""
    return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def hash_of_file(path) -> str:
    """The same of a file; OSError if it cannot be read."""
    with pathlib.Path(path).open("rb") as stream:
        return hash_of(stream)


def split_of(tune, validation_fraction, test_fraction=0.0, *, seed=0):
    """The index into SPLITS of a tune, the same on every machine; another seed splits otherwise."""
    place = ((tune + seed * 0x9E3779B97F4A7C15) % 100_000) / 100_000
    if place < validation_fraction:
        return SPLITS.index("validation")
    return SPLITS.index("test" if place < validation_fraction + test_fraction else "train")


class Dataset:
    """Windows with random access; `len()` counts them, and arrays are read from disk when asked for.

    split: uint8 [n], the index into SPLITS of each window. tune: int64 [n].
    manifest: what encode_corpus tells of it: "config", its settings, and "model", the fingerprint of the model whose
        latents it holds; empty where that is not known.
    """

    def __init__(self, shards, manifest=None):
        self.shards, self.manifest = shards, manifest or {}
        self.starts = np.cumsum([0, *(len(shard["tokens"]) for shard in shards)])
        self.split = np.concatenate([shard["split"] for shard in shards])
        self.tune = np.concatenate([shard["tune"] for shard in shards])

    def __len__(self):
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

    def indices(self, split, share=1.0):
        """Row numbers of a split ("train" or "validation"), or of that share of its tunes: the same for the same share.

        A smaller share is part of a larger one.
        """
        place = self.tune // 100_000 % 100_000 / 100_000  # other digits than those that split
        return np.flatnonzero((self.split == SPLITS.index(split)) & (place < share))

    def batches(self, split, batch_size, *, seed, transpose=(), share=1.0):
        """step -> a batch as a dict of numpy arrays; every epoch is a shuffle of its own, a function of (seed, epoch).

        The step is the position: whoever knows it reads on from there, in the same order, without what came before.

        transpose: semitones to draw from for each window (only tokens follow, so only where no latents are wanted).
        share: of the split's tunes.
        """
        rows = self.indices(split, share)
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


def open(path, *, verify=False):
    """A Dataset from a pack (.npz) or from the folder of an encoded corpus.

    verify: compare every byte with the hashes in the manifest, not only names, sizes and types.

    Raises:
        DatasetError: it is neither; or the shards are not those that the manifest tells of.
    """
    path = pathlib.Path(path)
    if path.is_file():
        try:
            with np.load(path) as pack:
                manifest = json.loads(str(pack["manifest"])) if "manifest" in pack else {}
                return Dataset([{name: pack[name] for name in FIELDS if name in pack}], manifest)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise DatasetError(f"{path}: not a pack of windows ({error})") from None
    try:
        manifest = json.loads((path / "manifest.json").read_text())
        shards = {shard["name"]: (shard["windows"], shard["files"]) for shard in manifest["shards"]}
    except FileNotFoundError:
        unfinished = (path / "job.json").exists()
        what = (
            "an unfinished job: encode_corpus goes on with it"
            if unfinished
            else "neither a pack (.npz) nor an encoded corpus"
        )
        raise DatasetError(f"{path}: {what}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{path}: its manifest.json cannot be read ({error})") from None
    strangers = {shard.name for shard in path.glob("shard-*")} - shards.keys()
    if strangers:
        raise DatasetError(f"{path / min(strangers)}: the manifest does not tell of it")
    return Dataset([_shard(path / name, *shard, verify=verify) for name, shard in shards.items()], manifest)


def _shard(folder, windows, files, *, verify):
    """The arrays of one shard, memory-mapped, if they are what the manifest says."""
    arrays = {}
    for name, file in files.items():
        try:
            arrays[name.removesuffix(".npy")] = np.load(folder / name, mmap_mode="r")
            size = (folder / name).stat().st_size
        except (OSError, ValueError, EOFError) as error:
            raise DatasetError(f"{folder / name}: cannot be read ({error})") from None
        if size != file["bytes"] or (verify and hash_of_file(folder / name) != file["blake2b"]):
            raise DatasetError(f"{folder / name}: is not the file that the manifest tells of; encode the corpus again")
    lengths = {len(values) for values in arrays.values()}
    if not {"tokens", "tune", "split"} <= arrays.keys() or lengths != {windows}:
        raise DatasetError(f"{folder}: does not match the manifest; encode the corpus again")
    return arrays
