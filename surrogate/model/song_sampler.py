"""Songs drawn from the song model, bar after bar, several draws side by side."""

import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from surrogate.model.attention import FARTHEST, norm
from surrogate.model.song_model import BASS, CHORDS, CODES, CODES_OF_PART, DRUMS, KIND_OF_CODE, PARTS


class Temperatures(typing.NamedTuple):
    """What logits are divided by, of chords, drums and bass: codes that are drawn anew, and sources of bars."""

    codes: tuple[float, float, float]
    sources: tuple[float, float, float]


def draw(model, batch: dict, *, draws: int, seed: int, temperatures: Temperatures) -> np.ndarray:
    """Draws chords, drums and bass of songs, together; what is known stays. A song's draws do not depend on the others.

    Args:
        model: a SongSurrogate.
        batch: as song_batches.of_melodies makes it, B songs of S bars.
        draws: of each song.
        seed: of all that is drawn.
        temperatures: see there.

    Returns:
        Codes, int32 [B, draws, S, CODES].
    """
    graphdef, state = nnx.split(model)
    of_parts = np.asarray(temperatures.codes, np.float32), np.asarray(temperatures.sources, np.float32)
    drawn = _draw(graphdef, draws, state, batch, jax.random.key(seed), *of_parts)
    return np.asarray(drawn)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _draw(graphdef, draws, state, batch, key, code_temperature, source_temperature):
    model = nnx.merge(graphdef, state)
    heard = model.encode(batch)

    def of_song(song, heard_SxD):
        return _Draws(model, song, heard_SxD, draws, key, code_temperature, source_temperature).run()

    return jax.vmap(of_song)(batch, heard)


class _Draws:
    """The draws of one song, rows side by side: R draws, S bars."""

    def __init__(self, model, song, heard_SxD, draws, key, code_temperature, source_temperature):
        self.model, self.song, self.heard_SxD, self.draws, self.key = model, song, heard_SxD, draws, key
        self.code_temperature, self.source_temperature = code_temperature, source_temperature
        self.bars = len(heard_SxD)

    def run(self):
        """Codes, int32 [R, S, K]."""
        model, rows, bars = self.model, self.draws, self.bars
        width, heads = self.heard_SxD.shape[1], model.layers[0].heads
        cache = jnp.zeros((len(model.layers), 2, rows, bars, heads, width // heads))
        keys = jnp.zeros((len(PARTS), rows, bars, model.config.source_width))
        codes = jnp.zeros((rows, bars, CODES), jnp.int32)
        carry = codes, cache, keys, jnp.zeros((rows, width))
        return jax.lax.scan(self._bar, carry, jnp.arange(bars))[0][0]

    def _bar(self, carry, bar):
        codes, cache, keys, before_RxD = carry
        model, key = self.model, jax.random.fold_in(self.key, bar)
        heard_RxD = jnp.broadcast_to(self.heard_SxD[bar], before_RxD.shape)
        x = model.decoder_input(jnp.concatenate([heard_RxD, before_RxD], -1))[:, None]
        places = jnp.arange(self.bars)
        likeness_1xSxF = self.song["likeness"][bar][None]
        distance_1xS = jnp.clip(bar - places, 0, FARTHEST)[None]
        for i, layer in enumerate(model.layers):
            query, *new = layer.queries_keys_values(x, bar[None])
            cache = cache.at[i, :, :, bar].set(jnp.stack(new)[:, :, 0])
            bias = layer.bias(likeness_1xSxF, distance_1xS, (places <= bar)[None])
            x = layer.mixed(x, query, *cache[i], bias)
        x = norm(x, model.gain[...])
        sources = []
        for part, source in enumerate(model.sources):
            scores = source(x, keys[part], likeness_1xSxF, distance_1xS, (places < bar)[None])[:, 0]
            scores = scores / jnp.maximum(self.source_temperature[part], 1e-3)
            sources.append(jax.random.categorical(jax.random.fold_in(key, part), scores))
        own = self._codes(jax.random.fold_in(key, len(PARTS)), x[:, 0], codes, jnp.stack(sources), bar)
        codes = codes.at[:, bar].set(own)
        there = jnp.ones((self.draws, 1, len(PARTS)), bool)
        own_RxD = model.bars(model.parts(own[:, None], there))[:, 0]
        heard_and_own = jnp.concatenate([heard_RxD, own_RxD], -1)
        keys = keys.at[:, :, bar].set(jnp.stack([source.key(heard_and_own) for source in model.sources]))
        return codes, cache, keys, own_RxD

    def _codes(self, key, x_RxD, codes, source_PxR, bar):
        """The codes of a bar, int32 [R, K]."""
        written, state_and_before = [], None
        for part in (CHORDS, DRUMS, BASS):
            own = np.array(CODES_OF_PART[part])
            kinds = KIND_OF_CODE[own[0] : own[0] + 2]  # chords are of one kind, drums and bass of two in turn
            kept = jnp.take_along_axis(codes, jnp.minimum(source_PxR[part], self.bars - 1)[:, None, None], 1)[:, 0]
            follows_R = source_PxR[part] < self.bars
            if state_and_before is None:
                state, bar_RxD = self.model.codes.begin(x_RxD)
                state_and_before = state, jnp.zeros_like(state)
            step = functools.partial(self._pair, part, kinds, follows_R, bar_RxD, bar, key)
            pairs = (own.reshape(-1, 2), kept[:, own].T.reshape(-1, 2, self.draws))
            state_and_before, of_part = jax.lax.scan(step, state_and_before, tuple(map(jnp.asarray, pairs)))
            written.append(of_part.reshape(-1, self.draws).T)
        return jnp.concatenate(written, 1)

    def _pair(self, part, kinds, follows_R, bar_RxD, bar, key, carry, x):
        """Two codes, one after the other: a chord each, or what a beat has two of."""
        state, before_RxD = carry
        model, (places, kept_2xR), drawn = self.model, x, []
        for i, kind in enumerate(kinds):
            place = places[i]
            reads = before_RxD + model.codes.places[...][place].astype(jnp.float32) + bar_RxD
            state = model.codes.step(state, reads)
            logits, anew = model.codes.logits(state, kind, place)
            of_code, of_change = jax.random.split(jax.random.fold_in(key, place))
            code_R = jax.random.categorical(of_code, logits / jnp.maximum(self.code_temperature[part], 1e-3))
            changes_R = jax.random.bernoulli(of_change, jax.nn.sigmoid(anew))
            code_R = jnp.where(follows_R & ~changes_R, kept_2xR[i], code_R)
            code_R = jnp.where(self.song["known"][bar, part], self.song["codes"][bar, place], code_R).astype(jnp.int32)
            before_RxD = model.tables[kind][...][code_R].astype(jnp.float32)
            drawn.append(code_R)
        return (state, before_RxD), jnp.stack(drawn)
