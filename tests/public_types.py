"""What a type checker knows of the packages' names; .ci/run checks it, nothing runs it."""

from typing import assert_type

import jax
import numpy as np

import musicvae_jax
import surrogate
from surrogate.accompaniment.result import Accompaniment
from surrogate.exploration.pieces import Pieces

model = musicvae_jax.load("trio_16bar_small")
assert_type(model, musicvae_jax.MusicVAE | musicvae_jax.BarMusicVAE)
tokens = musicvae_jax.trio_windows("song.mid", max_windows=None)
assert_type(model.encode(tokens), tuple[np.ndarray, np.ndarray])
assert_type(model.decode(tokens, key=jax.random.key(0), temperature=0.1), np.ndarray)
assert_type(model.log_prob(tokens, tokens), np.ndarray)
assert_type(musicvae_jax.__version__, str)

assert_type(surrogate.accompany("melody.mid", seed=0, takes=3), Accompaniment)
assert_type(surrogate.Accompanist.load().accompany("melody.mid"), Accompaniment)
assert_type(surrogate.LatentSpace.load().interpolate("a.mid", "b.mid", steps=9), Pieces)
assert_type(surrogate.LatentSpace(model).encode(tokens), tuple[np.ndarray, np.ndarray])
