"""Random windows, and the arrays of a module."""

import jax
import numpy as np
from flax import nnx

from musicvae_jax.events import DEPTHS


def random_tokens(seed, n):
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, depth, (n, 256)) for depth in DEPTHS], -1).astype(np.uint16)


def leaves(module):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(module))]
