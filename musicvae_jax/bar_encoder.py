"""The encoder of bars: Gaussians over the latents of each part's beats."""

import jax.numpy as jnp
from flax import nnx

from musicvae_jax import beats
from musicvae_jax.events import DRUM_PITCHES, LINE_CLASSES, STEPS_PER_BEAT, drum_bits
from musicvae_jax.lstm import Dense, Hidden, gelu, normal


class LineEncoder(nnx.Module):
    """Beats of a line -> Gaussians over their latents."""

    def __init__(self, config, *, rngs):
        self.rows = nnx.Param(normal(rngs, STEPS_PER_BEAT, beats.PATTERN_CLASSES, config.width) * 0.3)
        self.pattern = Dense(config.width, 2 * config.pattern_size, rngs=rngs)
        self.first = nnx.Param(normal(rngs, LINE_CLASSES, 2 * config.first_size) * 0.5)

    def of_pattern(self, pattern_xT):
        """int [..., 4] -> mean and raw spread, float32 [..., pattern_size] each."""
        hidden = self.rows[...][jnp.arange(STEPS_PER_BEAT), pattern_xT].astype(jnp.float32).sum(-2)
        return jnp.split(self.pattern(gelu(hidden)), 2, -1)

    def of_first(self, first_x):
        """int [...] -> mean and raw spread, float32 [..., first_size] each."""
        return jnp.split(self.first[...][first_x].astype(jnp.float32), 2, -1)

    def __call__(self, line_SxT):
        pattern, first = beats.line_beats(line_SxT)
        return tuple(map(_end_to_end, zip(self.of_pattern(pattern), self.of_first(first), strict=True)))


class DrumEncoder(nnx.Module):
    """Beats of drums -> Gaussians over their latents."""

    def __init__(self, config, *, rngs):
        self.hidden = nnx.List([Hidden(STEPS_PER_BEAT * len(DRUM_PITCHES), config.width, rngs=rngs) for _ in range(2)])
        self.out = nnx.List([Dense(config.width, 2 * size, rngs=rngs) for size in config.drum_sizes])

    def of_half(self, half, hits_xT):
        """Masks of one of beats.DRUM_HALVES, int [..., 4] -> mean and raw spread, float32 [..., D] each."""
        struck = drum_bits(hits_xT).reshape(*hits_xT.shape[:-1], -1).astype(jnp.float32)
        return jnp.split(self.out[half](gelu(self.hidden[half](struck))), 2, -1)

    def __call__(self, drums_SxT):
        halves = [self.of_half(half, hits) for half, hits in enumerate(beats.drum_beats(drums_SxT))]
        return tuple(map(_end_to_end, zip(*halves, strict=True)))


def _end_to_end(parts_SxBxD):
    """Latents of a beat's parts, [S, 4, D] each, as the slice of a bar: [S, 4 * sum of D]."""
    joined = jnp.concatenate(parts_SxBxD, -1)
    return joined.reshape(len(joined), -1)
