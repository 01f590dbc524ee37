"""Songs drawn from the song model, bar after bar, several draws side by side."""

import functools
import typing

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import compiled
from musicvae_jax.lstm import add_bias
from musicvae_jax.products import dot
from surrogate.model.attention import FARTHEST, norm
from surrogate.model.song_model import BASS, CHORDS, CODES, CODES_OF_PART, DRUMS, KIND_OF_CODE, PARTS, plays

_BLOCK = 16
_SOURCE_DICE = 3
_DICE = _SOURCE_DICE * len(PARTS) + 2 * CODES
"""Uniform numbers for a bar: of each part whether its run goes on, its source, and whether what follows may differ;
then two for each code: whether it is kept, and what else it is."""
_TELLS = 4.0
"""Log-odds that each code of a known part adds for a bar that has it, too, as what it follows: known parts tell it."""


class Temperatures(typing.NamedTuple):
    """What logits are divided by.

    codes: of chords; kick, snare and toms; cymbals; the bass's patterns; its first notes: song_model.KIND_OF_CODE.
    sources: of where chords, drums and bass come from.
    """

    codes: tuple[float, float, float, float, float]
    sources: tuple[float, float, float]


SAFE = Temperatures(codes=(0.35, 0.85, 0.85, 0.85, 0.35), sources=(0.3, 0.4, 0.35))
DEFAULT = Temperatures(codes=(0.95, 1.0, 1.0, 1.0, 0.55), sources=(0.7, 0.8, 0.7))


def draw(model, batch: dict, *, draws: int, seed: int | tuple[int, ...], temperatures: Temperatures) -> np.ndarray:
    """Draws chords, drums and bass of songs, together; what is known stays. A song's draws do not depend on the others.

    Args:
        model: a SongSurrogate.
        batch: as song_batches.empty and put_melody make it, B songs of S bars.
        draws: of each song.
        seed: of all that is drawn, one number or several.
        temperatures: see there.

    Returns:
        Codes, int32 [B, draws, S, CODES], 0 after a song's end.
    """
    graphdef, state = nnx.split(model)
    of_parts = np.asarray(temperatures.codes, np.float32), np.asarray(temperatures.sources, np.float32)
    bars = batch["codes"].shape[1]
    dice_SxRxN = np.random.default_rng(seed).random((bars, draws, _DICE), np.float32)  # the first bars' of any length
    leaves, tree = jax.tree.flatten((state, batch, dice_SxRxN, *of_parts))

    def draw_songs(*leaves):
        return _draw(graphdef, *jax.tree.unflatten(tree, leaves))

    return np.asarray(compiled.call(draw_songs, f"draw {model.config}", *leaves))


@functools.partial(jax.jit, static_argnums=0)
def _draw(graphdef, state, batch, dice_SxRxN, code_temperature, source_temperature):
    model = nnx.merge(graphdef, state)
    heard = model.encode(batch, model.rows(batch["codes"]))
    longest = batch["is_bar"].sum(1).max()

    def of_song(song, heard_SxD):
        return _Draws(model, song, heard_SxD, dice_SxRxN, code_temperature, source_temperature).run(longest)

    if len(heard) == 1:  # a song alone is traced in less time
        return of_song({name: values[0] for name, values in batch.items()}, heard[0])[None]
    return jax.vmap(of_song)(batch, heard)


def choose(logits_RxV, temperature, die_R):
    """Draws from softmax(logits / temperature) by the inverse of its distribution function: int32 [R].

    Args:
        logits_RxV: float32.
        temperature: 0 chooses the likeliest, but for ties.
        die_R: uniform numbers, float32 from 0 to less than 1.
    """
    p = jax.nn.softmax(logits_RxV / jnp.maximum(temperature, 1e-3), -1)
    rows, classes = p.shape
    p = jnp.pad(p, ((0, 0), (0, -classes % _BLOCK))).reshape(rows, -1, _BLOCK)
    # Sums by blocks, then of blocks: as products they compile and run faster than a running sum.
    within = dot(p, np.triu(np.ones((_BLOCK, _BLOCK), np.float32)))
    blocks = p.shape[1]
    before = dot(within[..., -1], np.triu(np.ones((blocks, blocks), np.float32), 1))
    below = (within + before[..., None]).reshape(rows, -1) <= die_R[:, None]
    return jnp.minimum(below.sum(-1), classes - 1).astype(jnp.int32)


class _Draws:
    """The draws of one song, rows side by side: R draws, S bars."""

    def __init__(self, model, song, heard_SxD, dice_SxRxN, code_temperature, source_temperature):
        self.model, self.song, self.heard_SxD, self.dice_SxRxN = model, song, heard_SxD, dice_SxRxN
        self.code_temperature, self.source_temperature = code_temperature, source_temperature
        self.bars, self.draws = dice_SxRxN.shape[:2]
        self.plays_SxP = plays(song)
        # What the GRU reads is a sum: each summand's product with the kernel is made once, not at each code.
        kernel = model.codes.read.kernel[...]
        self.read_codes = [dot(table[...].astype(jnp.float32), kernel) for table in model.tables]
        self.read_places_KxG = dot(model.codes.places[...].astype(jnp.float32), kernel)

    def run(self, longest):
        """Codes, int32 [R, S, K], 0 after the song; no more bars are drawn than the longest beside it has."""
        model, rows, bars = self.model, self.draws, self.bars
        width, heads = self.heard_SxD.shape[1], model.layers[0].heads
        caches = [[jnp.zeros((rows, heads, bars, width // heads))] * 2 for _ in model.layers]
        keys = jnp.zeros((len(PARTS), rows, bars, model.config.source_width))
        codes = jnp.zeros((rows, bars, CODES), jnp.int32)
        is_new = jnp.full((len(PARTS), rows), bars, jnp.int32)
        carry = codes, caches, keys, is_new, jnp.zeros((rows, width))
        codes = jax.lax.fori_loop(0, longest, self._bar, carry)[0]
        return jnp.where(self.song["is_bar"][:, None], codes, 0)

    def _bar(self, bar, carry):
        codes, caches_before, keys, sources, before_RxD = carry
        model, dice_RxN = self.model, self.dice_SxRxN[bar]
        heard_RxD = jnp.broadcast_to(self.heard_SxD[bar][None], before_RxD.shape)
        x = model.decoder_input(jnp.concatenate([heard_RxD, before_RxD], -1))[:, None]
        places = jnp.arange(self.bars)
        likeness_1x1xSxF = self.song["likeness"][bar][None, None]
        distance_1xS = jnp.clip(bar - places, 0, FARTHEST)[None]
        seen_1x1xS = (places <= bar)[None, None]

        caches = []
        for layer, cache in zip(model.layers, caches_before, strict=True):
            query, *new = layer.queries_keys_values(x, bar[None])
            cache = [old.at[:, :, bar].set(y[:, :, 0]) for old, y in zip(cache, new, strict=True)]
            x = layer.mixed(x, query, *cache, layer.bias(likeness_1x1xSxF, distance_1xS, seen_1x1xS))
            caches.append(cache)
        x = norm(x, model.gain[...])
        dice_PxNxR = dice_RxN[:, : _SOURCE_DICE * len(PARTS)].T.reshape(len(PARTS), _SOURCE_DICE, self.draws)
        chosen = []
        for part, source in enumerate(model.sources):
            may_follow_S = (places < bar) & self.plays_SxP[:, part]
            scores = source(x, keys[part], likeness_1x1xSxF, distance_1xS, may_follow_S[None, None])[:, 0]
            p_2xR = jax.nn.sigmoid(jnp.stack([source.goes_on(x)[:, 0, 0], source.alters(x)[:, 0, 0]]))
            chosen.append(self._source(part, bar, codes, scores, may_follow_S, sources[part], p_2xR, dice_PxNxR[part]))
        sources, alters_PxR = map(jnp.stack, zip(*chosen, strict=True))
        dice_Kx2xR = dice_RxN[:, _SOURCE_DICE * len(PARTS) :].T.reshape(CODES, 2, self.draws)
        own = self._codes(dice_Kx2xR, x[:, 0], codes, sources, alters_PxR, bar)
        codes = codes.at[:, bar].set(own)
        there = jnp.ones((self.draws, 1, len(PARTS)), bool)
        own_RxD = model.bars(model.parts(model.rows(own[:, None]), there))[:, 0]
        heard_and_own = jnp.concatenate([heard_RxD, own_RxD], -1)
        keys = keys.at[:, :, bar].set(jnp.stack([source.key(heard_and_own) for source in model.sources]))
        return codes, caches, keys, sources, own_RxD

    def _source(self, part, bar, codes, scores_RxJ, may_follow_S, before_R, p_2xR, dice_3xR):
        """What a part of a bar follows, int32 [R], the number of bars where it is new; and whether it may differ."""
        own, is_known = np.array(CODES_OF_PART[part]), self.song["known"][bar, part]
        equal_RxS = (codes[:, :, own] == self.song["codes"][bar, own][None, None]).sum(-1)
        scores_RxJ = scores_RxJ.at[:, :-1].add(jnp.where(is_known, _TELLS * equal_RxS, 0))
        chosen_R = choose(scores_RxJ, self.source_temperature[part], dice_3xR[1])
        next_R = before_R + 1
        may_go_on_R = (next_R < bar) & may_follow_S[jnp.minimum(next_R, self.bars - 1)] & ~is_known
        return jnp.where(may_go_on_R & (dice_3xR[0] < p_2xR[0]), next_R, chosen_R), dice_3xR[2] < p_2xR[1]

    def _codes(self, dice_Kx2xR, x_RxD, codes, source_PxR, alters_PxR, bar):
        """The codes of a bar, int32 [R, K]."""
        written, state_and_read = [], None
        for part in (CHORDS, DRUMS, BASS):
            own = np.array(CODES_OF_PART[part])
            kinds = KIND_OF_CODE[own[0] : own[0] + 2]  # chords are of one kind, drums and bass of two in turn
            kept = jnp.take_along_axis(codes, jnp.minimum(source_PxR[part], self.bars - 1)[:, None, None], 1)[:, 0]
            follows_R = source_PxR[part] < self.bars
            if state_and_read is None:
                state, bar_RxD = self.model.codes.begin(x_RxD)
                read_bar_RxG = self.model.codes.read(bar_RxD)
                state_and_read = state, jnp.zeros_like(read_bar_RxG)
            step = functools.partial(self._pair, part, kinds, follows_R, alters_PxR[part], read_bar_RxG, bar)
            pairs = (
                own.reshape(-1, 2),
                kept[:, own].T.reshape(-1, 2, self.draws),
                dice_Kx2xR[own].reshape(-1, 2, 2, self.draws),
            )
            state_and_read, of_part = jax.lax.scan(step, state_and_read, tuple(map(jnp.asarray, pairs)))
            written.append(of_part.reshape(-1, self.draws).T)
        return jnp.concatenate(written, 1)

    def _pair(self, part, kinds, follows_R, alters_R, read_bar_RxG, bar, carry, x):
        """Two codes, one after the other: a chord each, or what a beat has two of."""
        state, read_RxG = carry
        model, (places, kept_2xR, dice_2x2xR), drawn = self.model, x, []
        for i, kind in enumerate(kinds):
            place = places[i]
            state = model.codes.step(state, add_bias(read_RxG + read_bar_RxG, self.read_places_KxG[place]))
            logits, anew = model.codes.logits(state, kind, place)
            changes_R = alters_R & (dice_2x2xR[i, 0] < jax.nn.sigmoid(anew))
            code_R = choose(logits, self.code_temperature[kind], dice_2x2xR[i, 1])
            code_R = jnp.where(follows_R & ~changes_R, kept_2xR[i], code_R)
            is_given = self.song["known"][bar, part]
            if part == CHORDS:
                is_given |= self.song["given"][bar, place]
            code_R = jnp.where(is_given, self.song["codes"][bar, place], code_R).astype(jnp.int32)
            read_RxG = self.read_codes[kind][code_R]
            drawn.append(code_R)
        return (state, read_RxG), jnp.stack(drawn)
