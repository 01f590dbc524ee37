"""Transformer layers over a song's bars, whose attention knows how far apart bars are and how like their melodies."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax.lstm import Dense, Hidden, along_last, gelu
from musicvae_jax.products import dot, einsum, rows
from surrogate.model.bar_features import LIKENESS_FEATURES

FARTHEST = 32
_BEHIND, _ROPE_BASE = 16, 300.0
_MASKED = -1e9


def norm(x, gain):
    """x over its root mean square (Zhang & Sennrich 2019), float32."""
    x = x.astype(jnp.float32)
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * along_last(gain, x)


def distance_rows(bars: int, *, causal: bool) -> np.ndarray:
    """Which row of a table of FARTHEST + 1 stands for the distance of each two bars, int [S, S]."""
    back_SxS = np.arange(bars)[:, None] - np.arange(bars)
    return np.clip(back_SxS, 0, FARTHEST) if causal else np.clip(back_SxS + _BEHIND, 0, FARTHEST)


def rotations(bars: int, size: int) -> np.ndarray:
    """What rotated multiplies queries and keys of a size by: float32 [2, S, size], themselves and their other half."""
    half = size // 2
    angle_SxN = np.arange(bars)[:, None] * _ROPE_BASE ** -(np.arange(half) / half)
    cos, sin = np.cos(angle_SxN), np.sin(angle_SxN)
    return np.stack([np.concatenate([cos, cos], 1), np.concatenate([-sin, sin], 1)]).astype(np.float32)


def rotated(x_BxHxSxD, rotations_2xSxD):
    """Rotary position embedding (Su et al. 2021) of queries or keys, [B, H, S, D], of the first half of the heads."""
    heads, size = x_BxHxSxD.shape[1], x_BxHxSxD.shape[-1]
    is_placed = (np.arange(heads) < heads // 2)[None, :, None, None]
    own, other = (jnp.where(is_placed, y[None, None], rest) for y, rest in zip(rotations_2xSxD, (1, 0), strict=True))
    return (x_BxHxSxD * own + jnp.roll(x_BxHxSxD, size // 2, -1) * other).astype(x_BxHxSxD.dtype)


def dropped(x, share, key):
    """x of which a share of the numbers is 0 and the others are larger by as much; without a key, x as it is."""
    if key is None or not share:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - share, x.shape), x / (1 - share), 0)


def stacked(layers):
    """Layers of the same sizes as one: what merges one of them, and their states with an axis more in front.

    Scanned over, they are compiled once.
    """
    graphdefs, states = zip(*(nnx.split(layer) for layer in layers), strict=True)
    return graphdefs[0], jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)


def through(layers, x_BxSxD, likeness_BxSxSxF, seen_BxSxS, *, causal, dropout=0.0, key=None):
    """What layers make of bars, one after the other; dropout as dropped takes it.

    With a key they are scanned over, and so compiled once. Without one they are not: on CPUs XLA compiles equal kernels
    once anyway, and what stacks the layers' weights takes longer to compile than the layers.
    """
    if key is None or not len(layers):
        for layer in layers:
            x_BxSxD = layer(x_BxSxD, likeness_BxSxSxF, seen_BxSxS, causal=causal)
        return x_BxSxD
    graphdef, states = stacked(layers)
    keys = jax.random.split(key, len(layers))

    def one(x, state_and_key):
        state, key = state_and_key
        layer = nnx.merge(graphdef, state)
        return layer(x, likeness_BxSxSxF, seen_BxSxS, causal=causal, dropout=dropout, key=key), None

    return jax.lax.scan(one, x_BxSxD, (states, keys))[0]


class Layer(nnx.Module):
    """Self-attention and a two-layer perceptron, normalised before; half of the heads see places, all see likeness."""

    def __init__(self, width, heads, *, rngs):
        self.heads = heads
        self.gains = nnx.Param(jnp.ones((2, width)))
        self.qkv = Hidden(width, 3 * width, rngs=rngs)
        self.out = Dense(width, width, rngs=rngs)
        self.up = Hidden(width, 4 * width, rngs=rngs)
        self.down = Dense(4 * width, width, rngs=rngs)
        for dense in (self.out, self.down):
            dense.kernel[...] *= 0.3
        # Half of the heads look for bars of like phrases from the start.
        start = np.zeros((heads, LIKENESS_FEATURES), np.float32)
        start[heads // 2 :, 1:3] = 3.0, 2.0
        self.likeness = nnx.Param(jnp.asarray(start))
        self.distance = nnx.Param(jnp.zeros((heads, FARTHEST + 1)))

    def queries_keys_values(self, x_BxSxD, rotations_2xSxD):
        """[B, H, S, D] each, in the kernels' dtype; rotations of the bars x is of."""
        shape = (*x_BxSxD.shape[:2], 3, self.heads, -1)
        q, k, v = jnp.moveaxis(self.qkv(norm(x_BxSxD, self.gains[0])).reshape(shape), (2, 3), (0, 2))
        return rotated(q, rotations_2xSxD), rotated(k, rotations_2xSxD), v

    def mixed(self, x_BxQxD, q_BxHxQxD, k_BxHxKxD, v_BxHxKxD, bias_BxHxQxK, *, dropout=0.0, key=None):
        """What follows from queries, keys, values and the biases of attention; x is what they were made from."""
        keys = (None, None) if key is None else jax.random.split(key)
        dtype = self.out.kernel.dtype
        q = q_BxHxQxD.astype(dtype)
        scores = einsum("bhqd,bhkd->bhqk", q, k_BxHxKxD.astype(dtype))
        weights = jax.nn.softmax(scores / np.sqrt(q.shape[-1]) + bias_BxHxQxK, -1).astype(dtype)
        read = einsum("bhqk,bhkd->bhqd", weights, v_BxHxKxD.astype(dtype))
        x = x_BxQxD + dropped(self.out(read.swapaxes(1, 2).reshape(x_BxQxD.shape)), dropout, keys[0])
        return x + dropped(self.down(gelu(self.up(norm(x, self.gains[1])))), dropout, keys[1])

    def __call__(self, x_BxSxD, likeness_BxSxSxF, seen_BxSxS, *, causal, dropout=0.0, key=None):
        bars = x_BxSxD.shape[1]
        bias = biases([self], likeness_BxSxSxF, distance_rows(bars, causal=causal), seen_BxSxS)[0]
        read = self.queries_keys_values(x_BxSxD, rotations(bars, x_BxSxD.shape[2] // self.heads))
        return self.mixed(x_BxSxD, *read, bias, dropout=dropout, key=key)


def biases(layers, likeness_BxQxKxF, distance_row_QxK, seen_BxQxK):
    """Biases of layers' attention, float32 [B, H, Q, K] each: likeness, rows of their distances, and what is seen."""
    weight_NxF, distance_NxD = (
        jnp.concatenate([getattr(layer, name)[...] for layer in layers]).astype(jnp.float32)
        for name in ("likeness", "distance")
    )
    alike_BxNxQxK = jnp.moveaxis(dot(likeness_BxQxKxF, weight_NxF.T), -1, 1)
    apart_QxKxN = rows(distance_NxD.T, distance_row_QxK)
    bias = jnp.where(seen_BxQxK[:, None], alike_BxNxQxK + apart_QxKxN.transpose(2, 0, 1)[None], _MASKED)
    return jnp.split(bias, len(layers), 1)
