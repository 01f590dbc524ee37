"""The surrogate encoder: from a melody alone, the latent that MusicVAE's encoder gives the full trio.

song = surrogate.accompany("melody.mid", seed=0)
song.save("melody_accompanied.mid")
"""

import importlib

_HOMES = {"load": "model", "save": "model", "Surrogate": "model", "SurrogateConfig": "model"}
__all__ = ["accompany", *_HOMES]

try:
    # At once, as the function and its module share a name: a later `import surrogate.accompany` would hide it.
    from surrogate.accompany import accompany
except ModuleNotFoundError as error:  # a machine that only trains from a pack needs no MIDI library
    if error.name not in ("symusic", "mido"):
        raise


def __getattr__(name):
    # Late, so that reading MIDI does not import JAX.
    if name in _HOMES:
        return getattr(importlib.import_module(f"surrogate.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'surrogate' has no attribute {name!r}")
