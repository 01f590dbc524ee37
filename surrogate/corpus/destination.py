"""Where encode_corpus may write: over nothing that it reads, nothing of a model's, and no file that is there."""

import contextlib
import os

from musicvae_jax import checkpoint, files
from surrogate.corpus import shards
from surrogate.corpus.errors import DatasetError


def check(config) -> None:
    """Raises DatasetError where the output of a config is its input or its table of tunes, or lies in a model's folder.

    Names that differ in case or in how accents are composed are one file on many disks, so they are here.
    """
    written = set(files.names(config.output))
    for name in ("input", "tunes"):
        if config[name] and written & set(files.names(config[name])):
            raise DatasetError(f"{config.output}: is what --config.{name} names; give another output")
    model = checkpoint.model_around(config.output)
    if model is not None:
        raise DatasetError(f"{config.output}: is in a model's folder ({model}); give another output")


def is_complete(pack, identity: dict) -> bool:
    """Tells whether a pack is there already.

    Args:
        pack: the file that a job is to write.
        identity: all that settles what comes out, as JSON types, which the pack's manifest holds.

    Raises:
        DatasetError: another file is there.
    """
    if not os.path.lexists(pack):
        return False
    with contextlib.suppress(ValueError):
        _, manifest = shards.read_arrays(pack, ())
        if manifest is not None and {name: manifest.get(name) for name in identity} == identity:
            return True
    raise DatasetError(f"{pack}: is there already, and not from this very job; remove it or give another output")
