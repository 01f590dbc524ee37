"""The models that write an accompaniment: loaded together, and kept from one song to the next."""

import functools
import threading
import typing

import musicvae_jax
from musicvae_jax import checkpoint as model_folder
from musicvae_jax.model import MusicVAE
from surrogate.accompaniment.outputs import FilePath
from surrogate.model import attributes, marginals, surrogate_encoder
from surrogate.model.surrogate_encoder import Surrogate

KEPT = 2
"""So many models stay in memory."""
_loading = threading.Lock()


class AccompanimentModels(typing.NamedTuple):
    """A MusicVAE and its surrogate encoder; marginals and density attributes, None where there are none."""

    vae: MusicVAE
    encoder: Surrogate
    marginals: marginals.Marginals | None
    attributes: attributes.Attributes | None


def load_models(checkpoint: FilePath | None = None, *, vae_encoder: bool = True) -> AccompanimentModels:
    """Loads the models of a checkpoint.

    Args:
        checkpoint: a pretrained name or a model folder; None is the built-in default.
        vae_encoder: whether MusicVAE's own encoder comes along, which only Options.like needs.

    Raises:
        musicvae_jax.CheckpointError: there is no such model, or its parts do not fit together.
    """
    name = model_folder.DEFAULT if checkpoint is None else checkpoint
    vae, encoder = musicvae_jax.load(name, encoder=vae_encoder), surrogate_encoder.load(name)
    step_marginals = marginals.load(name)
    if step_marginals is not None and step_marginals.config.in_c != encoder.config.in_c:
        raise musicvae_jax.CheckpointError(
            f"{name}: of surrogate and marginals one reads melodies in C, one in any key"
        )
    return AccompanimentModels(vae, encoder, step_marginals, attributes.load(name))


def kept_models(checkpoint: FilePath | None = None, *, vae_encoder: bool = True) -> AccompanimentModels:
    """Gives the models of a checkpoint, those in memory unless its folder has changed since.

    Threads may call it at once. Arguments and errors are those of load_models.
    """
    name = model_folder.DEFAULT if checkpoint is None else checkpoint
    found = sorted(model_folder.resolve(name).resolve().rglob("*"))
    states = ((path, path.stat()) for path in found if path.exists())
    version = tuple((str(path), state.st_mtime_ns, state.st_size, state.st_ino) for path, state in states)
    with _loading:
        return _load_version(name, version, vae_encoder)


@functools.lru_cache(maxsize=KEPT)
def _load_version(name, version, vae_encoder):
    return load_models(name, vae_encoder=vae_encoder)
