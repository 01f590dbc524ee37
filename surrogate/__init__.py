"""The surrogate encoder: from a melody alone, the latent that MusicVAE's encoder gives the full trio.

song = surrogate.accompany("melody.mid", seed=0)
song.save("melody_accompanied.mid")
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from surrogate.accompaniment.accompanist import Accompanist, accompany
    from surrogate.accompaniment.options import Options
    from surrogate.accompaniment.result import Accompaniment, Take
    from surrogate.exploration.latent_space import LatentSpace

_HOMES = {
    "accompany": "accompaniment.accompanist",
    "Accompanist": "accompaniment.accompanist",
    "Accompaniment": "accompaniment.result",
    "Take": "accompaniment.result",
    "Options": "accompaniment.options",
    "LatentSpace": "exploration.latent_space",
}
__all__ = [
    "Accompaniment",
    "Accompanist",
    "LatentSpace",
    "Options",
    "Take",
    "accompany",
]


def __getattr__(name):
    # Late, so that reading MIDI does not import JAX, and training from a pack needs no MIDI library.
    if name in _HOMES:
        return getattr(importlib.import_module(f"surrogate.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'surrogate' has no attribute {name!r}")
