"""The surrogate encoder: from a melody alone, the latent that MusicVAE's encoder gives the full trio.

song = surrogate.accompany("melody.mid", seed=0)
song.save("melody_accompanied.mid")
"""

import importlib

_HOMES = {
    "accompany": "accompaniment.accompanist",
    "load": "model.surrogate_encoder",
    "save": "model.surrogate_encoder",
    "Surrogate": "model.surrogate_encoder",
    "SurrogateConfig": "model.surrogate_encoder",
}
__all__ = list(_HOMES)


def __getattr__(name):
    # Late, so that reading MIDI does not import JAX, and training from a pack needs no MIDI library.
    if name in _HOMES:
        return getattr(importlib.import_module(f"surrogate.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'surrogate' has no attribute {name!r}")
