"""Shrunken models and batches for tests of training."""

import ml_collections
import numpy as np
from flax import nnx

from musicvae_jax import elbo
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from surrogate.model.window_surrogate import WindowSurrogate, WindowSurrogateConfig, with_features
from tests.arrays import random_tokens

CONFIG = ml_collections.ConfigDict(
    dict(
        seed=0, steps=6, batch_size=8, learning_rate=1e-2, warmup_steps=2, weight_decay=1e-2, clip=1.0, ema=0.9,
        dtype="float32", log_every=2, evaluate_every=3, checkpoint_every=2,
    )
)  # fmt: skip


def config(**changes):
    return ml_collections.ConfigDict(CONFIG.to_dict() | changes)


def batch_at(step):
    return {"tokens": random_tokens(step, 8)}


def vae():
    return MusicVAE(MusicVAEConfig(4, "hierarchical", (6, 6), (6,), (6,)), rngs=nnx.Rngs(0))


def vae_loss(module, batch, key):
    return elbo.loss(module, batch["tokens"], key, beta=0.2, free_bits=1.0)


def surrogate(**changes):
    sizes = dict(z_size=4, width=16, layers=1, heads=2) | changes
    return WindowSurrogate(WindowSurrogateConfig(**sizes), rngs=nnx.Rngs(0))


def encoded_batch_at(step):
    mu = np.random.default_rng(step).normal(size=(8, 4)).astype(np.float32)
    return with_features(batch_at(step) | {"mu": mu, "sigma": np.full((8, 4), 0.5, np.float32)})
