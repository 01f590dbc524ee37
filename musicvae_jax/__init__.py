"""MusicVAE for trios of melody, bass and drums, in JAX.

    model = musicvae_jax.load("trio_16bar_small")
    mu, sigma = model.encode(musicvae_jax.trio_windows("song.mid"))
    tokens = model.decode(mu, key=jax.random.key(0), temperature=0.5)

Letters that names carry for the axes of arrays: B batch, T steps, S bars of a window, N bars of a batch (B * S),
Z latent, H units of a layer, D features, V classes of a track, 4H the gates i, g, f, o, P tracks that
one decoder writes, M segments picked out of N.
"""

import importlib

_HOMES = {
    "load": "checkpoint",
    "save": "checkpoint",
    "CheckpointError": "checkpoint",
    "MusicVAE": "model",
    "MusicVAEConfig": "model",
    "FileError": "files",
    "MidiError": "midi_messages",
    "trio_windows": "trio",
}
__all__ = list(_HOMES)


def __getattr__(name):
    # Late, so that reading MIDI does not import JAX and accompanying does not import what only training needs.
    if name in _HOMES:
        return getattr(importlib.import_module(f"musicvae_jax.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'musicvae_jax' has no attribute {name!r}")
