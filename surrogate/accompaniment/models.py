"""The models that write an accompaniment, kept from one song to the next."""

import functools
import threading

from musicvae_jax import checkpoint as model_folder
from surrogate.accompaniment.outputs import FilePath
from surrogate.model import bands
from surrogate.model.band import Band

KEPT = 2
"""So many models stay in memory."""
_loading = threading.Lock()


def kept_band(checkpoint: FilePath | None = None) -> Band:
    """Gives the models of a checkpoint, those in memory unless its folder has changed since.

    Threads may call it at once.

    Args:
        checkpoint: a pretrained name or a model folder; None is the built-in default.

    Raises:
        musicvae_jax.CheckpointError: there is no such model, or its parts do not fit together.
    """
    name = model_folder.DEFAULT if checkpoint is None else checkpoint
    found = sorted(model_folder.resolve(name).resolve().rglob("*"))
    states = ((path, path.stat()) for path in found if path.exists())
    version = tuple((str(path), state.st_mtime_ns, state.st_size, state.st_ino) for path, state in states)
    with _loading:
        return _load_version(name, version)


@functools.lru_cache(maxsize=KEPT)
def _load_version(name, version):
    return bands.load(name)
