"""Songs drawn from the song model, bar after bar, several draws side by side."""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import compiled
from musicvae_jax.beats import root_height
from musicvae_jax.lstm import add_bias
from musicvae_jax.products import dot
from surrogate.model.attention import FARTHEST, biases, norm, rotations
from surrogate.model.bar_codes import (
    CHORDS,
    CHORDS_PER_BAR,
    CODES,
    CODES_OF_PART,
    FIRST_NOTE,
    KIND_OF_CODE,
    PARTS,
    near_codes,
)
from surrogate.model.song_model import plays
from surrogate.model.sources import NEVER
from surrogate.model.temperatures import Temperatures

_BLOCK = 16
_SOURCE_DICE = 3
_DICE = _SOURCE_DICE * len(PARTS) + 2 * CODES
"""Uniform numbers for a bar: of each part whether its run goes on, its source, and whether what follows may differ;
then two for each code: whether it is kept, and what else it is."""
_PART_OF_CODE = tuple(part for part, own in enumerate(CODES_OF_PART) for _ in own)
_HALF_OF_CODE = tuple(CHORDS_PER_BAR * i // len(own) for own in CODES_OF_PART for i in range(len(own)))
_TELLS = 4.0
"""Log-odds that each code of a known part adds for a bar that has it, too, as what it follows: known parts tell it."""
_HEARD = 3.0
"""How often the encoder's probability of a chord counts beside the decoder's once. The decoder knows what was played so
far, and goes on from there, right or wrong; the encoder knows nothing but the melody, and hears all of it."""
_IN_GIVEN_CHORDS = 0.65
"""By how much the temperature of the bass's first notes is multiplied where chords are given: these move it enough."""


def draw(model, batch: dict, *, draws: int, seeds: Sequence, temperatures: Temperatures) -> np.ndarray:
    """Draws chords, drums and bass of songs, together; what is known stays. A song's draws do not depend on the others.

    Args:
        model: a SongSurrogate.
        batch: as song_batches.empty and put_melody make it, B songs of S bars.
        draws: of each song.
        seeds: B, of each song one number or several.
        temperatures: see there.

    Returns:
        Codes, int32 [B, draws, S, CODES], 0 after a song's end.
    """
    graphdef, state = nnx.split(model)
    of_parts = np.asarray(temperatures.codes, np.float32), np.asarray(temperatures.sources, np.float32)
    shape = batch["codes"].shape[1], draws, _DICE  # the first bars' dice are those of any length
    dice_BxSxRxN = np.stack([np.random.default_rng(seed).random(shape, np.float32) for seed in seeds])
    leaves, tree = jax.tree.flatten((state, batch, dice_BxSxRxN, *of_parts))

    def draw_songs(*leaves):
        return _draw(graphdef, *jax.tree.unflatten(tree, leaves))

    return np.asarray(compiled.call(draw_songs, f"draw {model.config}", *leaves))


@functools.partial(jax.jit, static_argnums=0)
def _draw(graphdef, state, batch, dice_BxSxRxN, code_temperature, source_temperature):
    model = nnx.merge(graphdef, state)
    # What stands for codes, of all kinds in one table: looked up in one go.
    rows_VxD = jnp.concatenate([table[...] for table in model.tables]).astype(jnp.float32)
    row_BxSxK = batch["codes"] + _first_rows(model)[None, None]
    heard = model.encode(batch, jnp.moveaxis(rows_VxD[row_BxSxK], -2, 0))
    longest = batch["is_bar"].sum(1).max()

    def of_song(song, heard_SxD, dice_SxRxN):
        return _Draws(model, rows_VxD, song, heard_SxD, dice_SxRxN, code_temperature, source_temperature).run(longest)

    if len(heard) == 1:  # a song alone is traced in less time
        return of_song({name: values[0] for name, values in batch.items()}, heard[0], dice_BxSxRxN[0])[None]
    return jax.vmap(of_song)(batch, heard, dice_BxSxRxN)


def _first_rows(model):
    """Where the codes of each place of a bar begin in the table of all kinds' rows, int [K]."""
    return np.cumsum((0, *model.config.classes))[np.array(KIND_OF_CODE)]


def choose(logits_RxV, temperature, die_R, count=None):
    """Draws from softmax(logits / temperature) by the inverse of its distribution function: int32 [R].

    Args:
        logits_RxV: float32.
        temperature: 0 chooses the likeliest, but for ties.
        die_R: uniform numbers, float32 from 0 to less than 1.
        count: how many of the classes there are to choose from, the first ones; None: all.
    """
    p = jax.nn.softmax(logits_RxV / jnp.maximum(temperature, 1e-3), -1)
    rows, classes = p.shape
    p = jnp.pad(p, ((0, 0), (0, -classes % _BLOCK))).reshape(rows, -1, _BLOCK)
    # Sums by blocks, then of blocks: as products they compile and run faster than a running sum.
    within = dot(p, np.triu(np.ones((_BLOCK, _BLOCK), np.float32)))
    blocks = p.shape[1]
    before = dot(within[..., -1], np.triu(np.ones((blocks, blocks), np.float32), 1))
    below = (within + before[..., None]).reshape(rows, -1) <= die_R[:, None]
    return jnp.minimum(below.sum(-1), (classes if count is None else count) - 1).astype(jnp.int32)


class _Draws:
    """The draws of one song, rows side by side: R draws, S bars."""

    def __init__(self, model, rows_VxD, song, heard_SxD, dice_SxRxN, code_temperature, source_temperature):
        self.model, self.rows_VxD, self.song = model, rows_VxD, song
        self.heard_SxD, self.dice_SxRxN = heard_SxD, dice_SxRxN
        self.code_temperature, self.source_temperature = code_temperature, source_temperature
        self.bars, self.draws = dice_SxRxN.shape[:2]
        self.plays_SxP = plays(song)
        kernel = model.codes.read.kernel[...]
        self.read_VxG = dot(rows_VxD, kernel)  # made once, not at each code
        self.read_places_KxG = dot(model.codes.places[...].astype(jnp.float32), kernel)
        self.heard_SxHxV = jax.nn.log_softmax(model.chord_logits(heard_SxD[None])[0], -1)
        self.rotations_2xSxD = jnp.asarray(rotations(self.bars, heard_SxD.shape[1] // model.layers[0].heads))

    def run(self, longest):
        """Codes, int32 [R, S, K], 0 after the song; no more bars are drawn than the longest beside it has."""
        model, rows, bars = self.model, self.draws, self.bars
        width, heads = self.heard_SxD.shape[1], model.layers[0].heads
        caches = [[jnp.zeros((rows, heads, bars, width // heads))] * 2 for _ in model.layers]
        keys = [jnp.zeros((rows, bars, model.config.source_width))] * len(PARTS)
        codes = jnp.zeros((rows, bars, CODES), jnp.int32)
        is_new = jnp.full((len(PARTS), rows), bars, jnp.int32)
        no_note = jnp.full(rows, root_height(0)), jnp.zeros((rows, 3), jnp.int32)
        carry = codes, caches, keys, is_new, no_note, jnp.zeros((rows, width))
        codes = jax.lax.fori_loop(0, longest, self._bar, carry)[0]
        return jnp.where(self.song["is_bar"][:, None], codes, 0)

    def _bar(self, bar, carry):
        codes, caches_before, keys, sources, heights, before_RxD = carry
        model, dice_RxN = self.model, self.dice_SxRxN[bar]
        heard_RxD = jnp.broadcast_to(self.heard_SxD[bar][None], before_RxD.shape)
        x = model.decoder_input(jnp.concatenate([heard_RxD, before_RxD], -1))[:, None]
        places = jnp.arange(self.bars)
        likeness_1x1xSxF = self.song["likeness"][bar][None, None]
        distance_1xS = jnp.clip(bar - places, 0, FARTHEST)[None]
        seen_1x1xS = (places <= bar)[None, None]

        caches, put = [], jax.lax.dynamic_update_slice_in_dim  # compiled in less time than .at[...].set
        rotation_2x1xD = jax.lax.dynamic_slice_in_dim(self.rotations_2xSxD, bar, 1, 1)
        bias = biases(model.layers, likeness_1x1xSxF, distance_1xS, seen_1x1xS)
        for layer, cache, bias_1xHx1xS in zip(model.layers, caches_before, bias, strict=True):
            query, *new = layer.queries_keys_values(x, rotation_2x1xD)
            cache = [put(old, y, bar, 2) for old, y in zip(cache, new, strict=True)]
            x = layer.mixed(x, query, *cache, bias_1xHx1xS)
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
        own_RxK, heights = self._codes(dice_Kx2xR, x[:, 0], codes, sources, alters_PxR, bar, heights)
        codes = put(codes, own_RxK[:, None], bar, 1)
        there = jnp.ones((self.draws, 1, len(PARTS)), bool)
        rows_KxRx1xD = self.rows_VxD[(own_RxK + _first_rows(model)[None]).T][:, :, None]
        own_RxD = model.bars(model.parts(rows_KxRx1xD, there))[:, 0]
        heard_and_own = jnp.concatenate([heard_RxD, own_RxD], -1)
        new_keys = [source.key(heard_and_own)[:, None] for source in model.sources]
        keys = [put(old, new, bar, 1) for old, new in zip(keys, new_keys, strict=True)]
        return codes, caches, keys, sources, heights, own_RxD

    def _source(self, part, bar, codes, scores_RxJ, may_follow_S, before_R, p_2xR, dice_3xR):
        """What a part of a bar follows, int32 [R], the number of bars where it is new; and whether it may differ."""
        own, is_known = np.array(CODES_OF_PART[part]), self.song["known"][bar, part]
        equal_RxS = (codes[:, :, own] == self.song["codes"][bar, own][None, None]).sum(-1)
        heard_RxS = self._heard(bar, codes) if part == CHORDS else 0
        scores_RxJ = scores_RxJ.at[:, :-1].add(jnp.where(is_known, _TELLS * equal_RxS, heard_RxS))
        chosen_R = choose(scores_RxJ, self.source_temperature[part], dice_3xR[1])
        next_R = before_R + 1
        may_go_on_R = (next_R < bar) & may_follow_S[jnp.minimum(next_R, self.bars - 1)] & ~is_known
        return jnp.where(may_go_on_R & (dice_3xR[0] < p_2xR[0]), next_R, chosen_R), dice_3xR[2] < p_2xR[1]

    def _heard(self, bar, codes_RxSxK):
        """How much likelier, to the encoder, a bar has the chords of each bar before than new ones: float32 [R, S]."""
        log_p_HxV = self.heard_SxHxV[bar]
        new = jax.nn.logsumexp((1 + _HEARD) * log_p_HxV, -1).sum()
        return sum(_HEARD * log_p_HxV[half][codes_RxSxK[..., half]] for half in range(CHORDS_PER_BAR)) - new

    def _codes(self, dice_Kx2xR, x_RxD, codes_RxSxK, source_PxR, alters_PxR, bar, heights):
        """The codes of a bar, int32 [R, K], one after the other.

        heights: of the last root, int32 [R], and of the bass's first notes as bar_codes.near_codes takes them, [R, 3].
        """
        codes, of_part = self.model.codes, np.array(_PART_OF_CODE)
        state_RxD, bar_RxD = codes.begin(x_RxD)
        read_bar_RxG = codes.read(bar_RxD)
        source_RxPx1 = jnp.minimum(source_PxR, self.bars - 1).T[..., None]
        kept_RxPxK = jnp.take_along_axis(codes_RxSxK, source_RxPx1, 1, mode="promise_in_bounds")
        kept_KxR = kept_RxPxK[:, of_part, np.arange(CODES)].T
        follows_KxR, alters_KxR = (source_PxR < self.bars)[of_part], alters_PxR[of_part]
        is_given_Kx1 = self.song["known"][bar][of_part].at[:CHORDS_PER_BAR].max(self.song["given"][bar])[:, None]
        half, kind = np.array(_HALF_OF_CODE), np.array(KIND_OF_CODE)
        is_in_given_K = is_given_Kx1[half, 0] & (kind == FIRST_NOTE)
        # A code is kept where its die is not below the probability that it changes; some are always, some never.
        keeps_KxR = jnp.where(follows_KxR, jnp.where(alters_KxR, dice_Kx2xR[:, 0], 1), -1)
        places = dict(
            place=np.arange(CODES),
            kind=kind,
            temperature=self.code_temperature[kind] * jnp.where(is_in_given_K, _IN_GIVEN_CHORDS, 1),
            row=_first_rows(self.model),
            kept_R=jnp.where(is_given_Kx1, self.song["codes"][bar][:, None], kept_KxR),
            keeps_R=jnp.where(is_given_Kx1, 1, keeps_KxR),
            die_R=dice_Kx2xR[:, 1],
            half=half,
            heard_V=jnp.pad(_HEARD * self.heard_SxHxV[bar], ((0, CODES - CHORDS_PER_BAR), (0, 0))),
            next_read_G=jnp.roll(self.read_places_KxG, -1, 0),
        )
        root_R, notes_Rx3 = heights
        carry = state_RxD, add_bias(read_bar_RxG, self.read_places_KxG[0]), jnp.stack([root_R, root_R]), notes_Rx3
        (*_, root_2xR, notes_Rx3), own_KxR = jax.lax.scan(functools.partial(self._code, read_bar_RxG), carry, places)
        return own_KxR.T, (root_2xR[1], notes_Rx3)

    def _code(self, read_bar_RxG, carry, x):
        """A code, int32 [R], from the GRU's state, what it reads, and how high the bass is."""
        *carry, root_2xR, notes_Rx3 = carry
        state_RxD, classes = self.model.codes.step(*carry), self.model.config.classes
        root_R = root_2xR[x["half"]]
        near_RxN = near_codes(notes_Rx3, root_R)
        of_kinds = [functools.partial(self._logits, kind) for kind in range(len(classes))]
        logits_RxV, anew_R = jax.lax.switch(x["kind"], of_kinds, state_RxD, x["place"], near_RxN, x["heard_V"])
        code_R = choose(logits_RxV, x["temperature"], x["die_R"], jnp.asarray(classes)[x["kind"]])
        code_R = jnp.where(x["keeps_R"] < jax.nn.sigmoid(anew_R), code_R, x["kept_R"])
        # A chord is that of the following half bars, too, until there is another.
        is_root_2xR = (x["kind"] == 0) & (np.arange(CHORDS_PER_BAR) >= x["half"])[:, None] & (code_R > 0)[None]
        root_2xR = jnp.where(is_root_2xR, root_height((code_R - 1) % 12)[None], root_2xR)
        is_note_Rx1 = ((x["kind"] == FIRST_NOTE) & (code_R > 0))[:, None]
        height_R, (_, total_R, count_R) = code_R + root_R, notes_Rx3.T
        notes_Rx3 = jnp.where(is_note_Rx1, jnp.stack([height_R, total_R + height_R, count_R + 1], -1), notes_Rx3)
        # What the next step reads: looked up within it, it would keep its kernel from working on many numbers at once.
        read_RxG = self.read_VxG.at[x["row"] + code_R].get(mode="promise_in_bounds")
        return (state_RxD, add_bias(read_RxG + read_bar_RxG, x["next_read_G"]), root_2xR, notes_Rx3), code_R

    def _logits(self, kind, state_RxD, place, near_RxN, heard_V):
        """Of as many classes as any kind has, those beyond its own never; heard_V is added to those of chords."""
        logits_RxV, anew_R = self.model.codes.logits(state_RxD, kind, place, near_RxN)
        if kind == KIND_OF_CODE[0]:
            logits_RxV += heard_V[None]
        padding = max(self.model.config.classes) - logits_RxV.shape[1]
        return jnp.pad(logits_RxV, ((0, 0), (0, padding)), constant_values=NEVER), anew_R
