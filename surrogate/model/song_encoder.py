"""The melody of a whole song as a vector for each bar: a transformer that sees all bars and what is known of them."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax.lstm import Dense, Hidden, gelu, normal
from musicvae_jax.products import dot, rows
from surrogate.model.attention import Layer, dropped, norm, through
from surrogate.model.bar_features import FEATURES_PER_BAR

PLACES = 16
"""Bars of a song are told apart by their number modulo this."""
_TEMPO_WAVES = 4
DENSITIES = 2
"""What is told of bass and drums: how many notes they play in a bar, and in which bars they play."""


class SongEncoder(nnx.Module):
    """Bars' melody, tempo, density and known parts -> float32 [B, S, width]."""

    def __init__(self, width, layers, heads, *, rngs):
        self.melody = nnx.List([Hidden(FEATURES_PER_BAR, 2 * width, rngs=rngs), Dense(2 * width, width, rngs=rngs)])
        self.places = nnx.Param(normal(rngs, PLACES, width) * 0.15)
        self.edges = nnx.Param(normal(rngs, 2, width) * 0.15)
        self.tempo = Dense(2 * _TEMPO_WAVES, width, rngs=rngs)
        self.density = Dense(2 * DENSITIES, width, rngs=rngs)
        self.plays = Dense(DENSITIES, width, rngs=rngs)
        self.layers = nnx.List([Layer(width, heads, rngs=rngs) for _ in range(layers)])
        self.gain = nnx.Param(jnp.ones(width))

    def __call__(self, batch, known_BxSxD=0.0, *, dropout=0.0, key=None):
        """Reads songs.

        Args:
            batch: as song_batches makes them; melody, likeness, is_bar, place, edge, tempo, density and plays are read.
            known_BxSxD: what is known of the bars besides.
            dropout: the share of what each layer reads and adds that is left out, by key; without a key, none is.

        Returns:
            float32 [B, S, width].
        """
        keys = [None] * 3 if key is None else jax.random.split(key, 3)
        x = self.melody[1](gelu(self.melody[0](dropped(batch["melody"], dropout, keys[0]))))
        wave_BxW = batch["tempo"][:, None] * 2.0 ** np.arange(_TEMPO_WAVES)[None]
        tempo_BxD = 0.3 * self.tempo(jnp.concatenate([jnp.sin(wave_BxW), jnp.cos(wave_BxW)], -1))
        song_BxD = tempo_BxD + self.density(batch["density"])
        x = x + self.plays(batch["plays"])
        at_edge_BxSxD = dot(batch["edge"], self.edges[...].astype(jnp.float32))
        at_place_BxSxD = rows(self.places[...], batch["place"]).astype(jnp.float32)
        x = x + song_BxD[:, None] + at_place_BxSxD + at_edge_BxSxD + known_BxSxD
        seen_BxSxS = jnp.broadcast_to(batch["is_bar"][:, None, :], batch["likeness"].shape[:3])
        x = dropped(x, dropout, keys[1])
        x = through(self.layers, x, batch["likeness"], seen_BxSxS, causal=False, dropout=dropout, key=keys[2])
        return norm(x, self.gain[...])
