"""The surrogate encoder: a transformer over melody tokens that ends in a Gaussian over MusicVAE's latent."""

import dataclasses
import functools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import checkpoint
from musicvae_jax.events import BARS_PER_WINDOW, LINE_CLASSES, STEPS_PER_BAR, WINDOW_STEPS
from musicvae_jax.lstm import Dense
from musicvae_jax.model import in_batches

FOLDER = "surrogate"  # inside the folder of the MusicVAE whose latents it predicts


@dataclasses.dataclass(frozen=True)
class SurrogateConfig:
    """z_size: that of the MusicVAE. patch: steps that share one position of the transformer (4 is a beat)."""

    z_size: int
    patch: int = 4
    width: int = 192
    layers: int = 4
    heads: int = 4

    def __post_init__(self):
        if STEPS_PER_BAR % self.patch or self.width % self.heads:
            raise ValueError(f"patch must divide {STEPS_PER_BAR} and heads must divide width, not {self}")


class Block(nnx.Module):
    """Pre-norm self-attention over all positions, then a two-layer perceptron."""

    def __init__(self, width, heads, *, rngs):
        self.heads = heads
        self.norms = nnx.List([nnx.LayerNorm(width, rngs=rngs) for _ in range(2)])
        self.qkv = Dense(width, 3 * width, rngs=rngs)
        self.out = Dense(width, width, rngs=rngs)
        self.up = Dense(width, 4 * width, rngs=rngs)
        self.down = Dense(4 * width, width, rngs=rngs)

    def __call__(self, x_BxPxD):
        batch, positions, width = x_BxPxD.shape
        q, k, v = jnp.split(self.qkv(self.norms[0](x_BxPxD)), 3, axis=-1)
        q, k, v = (y.reshape(batch, positions, self.heads, -1) for y in (q, k, v))
        mixed = jax.nn.dot_product_attention(q, k, v).reshape(batch, positions, width)
        x_BxPxD = x_BxPxD + self.out(mixed)
        return x_BxPxD + self.down(jax.nn.gelu(self.up(self.norms[1](x_BxPxD))))


class Surrogate(nnx.Module):
    """melody tokens of a window -> mean and standard deviation of p(z | melody)."""

    def __init__(self, config, *, rngs):
        self.config = config
        width, patches = config.width, STEPS_PER_BAR // config.patch

        def table(*shape):
            return nnx.Param(jax.random.normal(rngs.params(), (*shape, width)) * 0.1)

        self.tokens = table(config.patch, LINE_CLASSES)
        self.bar = table(BARS_PER_WINDOW)
        self.patch_in_bar = table(patches)
        self.blocks = nnx.List([Block(width, config.heads, rngs=rngs) for _ in range(config.layers)])
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.head = Dense(width, 2 * config.z_size, rngs=rngs)

    def __call__(self, melody_BxT):
        patch = self.config.patch
        melody_BxPxN = melody_BxT.astype(jnp.int32).reshape(-1, WINDOW_STEPS // patch, patch)
        # A patch's embedding is the sum of a row for each of its steps: a dense layer on its one-hots, as gathers.
        x_BxPxD = self.tokens[...][jnp.arange(patch), melody_BxPxN].astype(jnp.float32).sum(-2)
        place_PxD = (self.bar[...][:, None] + self.patch_in_bar[...][None]).reshape(1, -1, self.config.width)
        x_BxPxD = x_BxPxD + place_PxD.astype(jnp.float32)
        for block in self.blocks:
            x_BxPxD = block(x_BxPxD)
        mean, raw = jnp.split(self.head(self.norm(x_BxPxD).mean(1)), 2, axis=-1)
        return mean, jax.nn.softplus(raw) + 1e-4

    def predict(self, melody, batch_size=64):
        """p(z | melody) of windows: tokens int [n, 256] -> mean, standard deviation, float32 [n, z] each."""
        return in_batches(_predict, self, batch_size, np.asarray(melody))


@functools.partial(jax.jit, static_argnums=0)
def _predict(graphdef, state, melody_BxT):
    return nnx.merge(graphdef, state)(melody_BxT)


def save(folder, surrogate, **options):
    """Write the surrogate inside a MusicVAE's model folder."""
    checkpoint.save_module(
        pathlib.Path(folder) / FOLDER, surrogate, kind="surrogate", config=surrogate.config, **options
    )


def load(name_or_folder=checkpoint.DEFAULT, *, part=FOLDER):
    """The surrogate of a pretrained name or of a model folder; CheckpointError if it has none.

    part: the folder in it.
    """
    folder = checkpoint.resolve(name_or_folder)
    if not (folder / part).is_dir():
        raise checkpoint.CheckpointError(f"{name_or_folder}: has no {part} yet; train one with configs/transformer.py")
    return checkpoint.load_module(
        folder / part, kind="surrogate", build=lambda c: Surrogate(SurrogateConfig(**c), rngs=nnx.Rngs(0))
    )
