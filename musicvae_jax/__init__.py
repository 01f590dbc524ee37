"""MusicVAE for trios of melody, bass and drums, in JAX.

    model = musicvae_jax.load("trio_16bar_small")
    mu, sigma = model.encode(musicvae_jax.trio_windows("song.mid"))
    tokens = model.decode(mu, key=jax.random.key(0), temperature=0.5)

Letters that names carry for the axes of arrays: B batch, T steps, S bars of a window, N bars of a batch (B * S),
Z latent, H units of a layer, D features, V classes of a track, 4H the gates i, g, f, o, P tracks that
one decoder writes, M segments picked out of N.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from musicvae_jax.bar_model import BarMusicVAE, BarMusicVAEConfig
    from musicvae_jax.checkpoint import CheckpointError, load, save
    from musicvae_jax.files import FileError
    from musicvae_jax.midi_messages import MidiError
    from musicvae_jax.model import MusicVAE, MusicVAEConfig
    from musicvae_jax.publishing import push
    from musicvae_jax.score import tokens_to_midi
    from musicvae_jax.trio import trio_windows

    __version__: str

__all__ = [
    "BarMusicVAE",
    "BarMusicVAEConfig",
    "CheckpointError",
    "FileError",
    "MidiError",
    "MusicVAE",
    "MusicVAEConfig",
    "__version__",
    "load",
    "push",
    "save",
    "tokens_to_midi",
    "trio_windows",
]
_HOMES = {
    "load": "checkpoint",
    "save": "checkpoint",
    "push": "publishing",
    "CheckpointError": "checkpoint",
    "BarMusicVAE": "bar_model",
    "BarMusicVAEConfig": "bar_model",
    "MusicVAE": "model",
    "MusicVAEConfig": "model",
    "FileError": "files",
    "MidiError": "midi_messages",
    "tokens_to_midi": "score",
    "trio_windows": "trio",
}


def __getattr__(name):
    # Late, so that reading MIDI does not import JAX and accompanying does not import what only training needs.
    if name in _HOMES:
        return getattr(importlib.import_module(f"musicvae_jax.{_HOMES[name]}"), name)
    if name == "__version__":
        return _version()
    raise AttributeError(f"module 'musicvae_jax' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})


def _version():
    from importlib import metadata

    try:
        return metadata.version("musicvae-jax")
    except metadata.PackageNotFoundError:  # a clone that is not installed
        return "0+unknown"
