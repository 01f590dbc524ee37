"""The codes of a bar: two chords, then those of drums and bass (musicvae_jax.codebook), one after the other by a GRU.

First notes of the bass are told above the chord's root. But a line stays near its last note, and in one register
(Temperley, Music and Probability, 2007): how far a note is from the last and from the mean has a logit that is added.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import codebook
from musicvae_jax.bar_decoder import gru
from musicvae_jax.beats import root_height
from musicvae_jax.lstm import Dense, Hidden, along_last, normal
from surrogate.reading.chords import QUALITIES

CHORDS, DRUMS, BASS = range(3)
PARTS = ("chords", "drums", "bass")
"""What each bar has a source and may be known of, in the order in which they are written."""
CHORD_CLASSES = 1 + 12 * len(QUALITIES)
"""Codes of a chord: none, then 1 + 12 * quality + root."""
CHORDS_PER_BAR = 2
CODES = CHORDS_PER_BAR + codebook.CODES_PER_BAR
KIND_OF_CODE = (0,) * CHORDS_PER_BAR + tuple(1 + kind for kind in codebook.KIND_OF_CODE.tolist())
"""0 of chords, and 1 more than in musicvae_jax.codebook."""
FIRST_NOTE = 1 + codebook.FIRST_NOTE
CODES_OF_PART = (
    range(CHORDS_PER_BAR),
    range(CHORDS_PER_BAR, CHORDS_PER_BAR + codebook.DRUM_CODES_PER_BAR),
    range(CHORDS_PER_BAR + codebook.DRUM_CODES_PER_BAR, CODES),
)
LEAP = 36
"""Semitones from what a first note is near to that have a logit of their own; wider leaps have this one's."""
NEAR = 2
"""What a first note is near to: the one before, and the mean of all before."""
NO_NOTE = -1000


class BarCodes(nnx.Module):
    """The codes of a bar one after the other, from a vector of the bar."""

    def __init__(self, width, classes, *, rngs):
        self.read, self.recurrent = (Hidden(width, 3 * width, rngs=rngs) for _ in range(2))
        self.initial_state, self.bar = (Dense(width, width, rngs=rngs) for _ in range(2))
        self.places = nnx.Param(normal(rngs, CODES, width))
        self.output_places = nnx.Param(normal(rngs, CODES, width) * 0.3)
        self.outputs = nnx.List([Dense(width, size, rngs=rngs) for size in classes])
        self.anew = Dense(width, 1, rngs=rngs)
        self.anew.kernel[...] *= 0.1
        self.anew_places = nnx.Param(jnp.full(CODES, -2.0))
        for dense in self.outputs:
            dense.kernel[...] *= 0.5
        self.leaps = Dense(width, NEAR * (2 * LEAP + 1), rngs=rngs)
        self.leaps.kernel[...] *= 0.1

    def begin(self, x_BxD):
        """The state before the first code, and what all codes read of the bar: float32 [B, D] each."""
        return jnp.tanh(self.initial_state(x_BxD)), self.bar(x_BxD)

    def step(self, state_xD, read_xG):
        """The next state, from it and what self.read makes of the code before, its place and the bar added up."""
        return gru(read_xG, self.recurrent(state_xD), state_xD)

    def logits(self, state_xD, kind, place, near_xN=None):
        """Logits of a code, [..., V], and of its being drawn anew where its part follows another bar, [...].

        near_xN: of a first note, as near_notes gives it.
        """
        x = state_xD + along_last(self.output_places[...][place], state_xD)
        logits_xV = self.outputs[kind](x)
        if kind == FIRST_NOTE:
            leaps_xNxL = self.leaps(x).reshape(*near_xN.shape, -1)
            code_xNxV = jax.lax.broadcasted_iota(jnp.int32, (*near_xN.shape, codebook.FIRST_NOTES), near_xN.ndim)
            leap_xNxV = jnp.clip(code_xNxV - near_xN[..., None], -LEAP, LEAP) + LEAP
            is_leap_xNxV = (near_xN[..., None] != NO_NOTE) & (code_xNxV > 0)
            logits_xV += jnp.where(is_leap_xNxV, jnp.take_along_axis(leaps_xNxL, leap_xNxV, -1), 0).sum(-2)
        return logits_xV, self.anew(x)[..., 0] + self.anew_places[...][place].astype(jnp.float32)

    def states(self, rows_KxBxSxD, x_BxSxD):
        """The state from which each code is told, float32 [K, B, S, D], given the rows of those before it."""
        state, bar = self.begin(x_BxSxD)
        before = jnp.concatenate([jnp.zeros_like(state)[None], rows_KxBxSxD[:-1].astype(jnp.float32)])
        reads = before + self.places[...].astype(jnp.float32)[:, None, None] + bar[None]

        def step(state, read):
            state = self.step(state, read)
            return state, state

        return jax.lax.scan(step, state, self.read(reads))[1]


def places_by_kind() -> list[dict[int, slice]]:
    """Of each part, {kind of its codes: their places in a bar}; where there are two kinds, they take turns."""
    parts = []
    for own in CODES_OF_PART:
        kinds = dict.fromkeys(KIND_OF_CODE[k] for k in own)
        parts.append({kind: slice(own.start + i, own.stop, len(kinds)) for i, kind in enumerate(kinds)})
    return parts


def near_notes(codes_BxSxK):
    """The codes with which the first note of each beat is what it is near to: int [B, S, 4, NEAR], or NO_NOTE."""

    def last_BxN(is_there_BxN):  # where it was last there, -1 before it ever was
        place_BxN = jax.lax.broadcasted_iota(jnp.int32, is_there_BxN.shape, 1)
        return jax.lax.cummax(jnp.where(is_there_BxN, place_BxN, -1), axis=1)

    def at(values_BxN, place_BxM):
        return jnp.take_along_axis(values_BxN, jnp.maximum(place_BxM, 0), 1)

    def before(values_BxN, none):
        return jnp.pad(values_BxN[:, :-1], ((0, 0), (1, 0)), constant_values=none)

    songs, bars = codes_BxSxK.shape[:2]
    chord_BxH = codes_BxSxK[..., :CHORDS_PER_BAR].reshape(songs, -1)
    sounding_BxH = last_BxN(chord_BxH > 0)
    root_BxH = jnp.where(sounding_BxH < 0, 0, (at(chord_BxH, sounding_BxH) - 1) % 12)
    first_BxN = codes_BxSxK[..., np.array(KIND_OF_CODE) == FIRST_NOTE].reshape(songs, -1)
    root_BxN = jnp.repeat(root_height(root_BxH), first_BxN.shape[1] // root_BxH.shape[1], 1)
    height_BxN, is_note_BxN = first_BxN + root_BxN, first_BxN > 0
    last = at(height_BxN, before(last_BxN(is_note_BxN), -1))
    total, count = (before(jnp.cumsum(jnp.where(is_note_BxN, x, 0), 1), 0) for x in (height_BxN, 1))
    return near_codes(jnp.stack([last, total, count], -1), root_BxN).reshape(songs, bars, -1, NEAR)


def near_codes(heights_xx3, root_x):
    """Codes above a root, int [..., NEAR], from heights of the last first note and of all, and how many they are."""
    last, total, count = jnp.moveaxis(heights_xx3, -1, 0)
    mean = jnp.round(total / jnp.maximum(count, 1)).astype(jnp.int32)
    return jnp.where(count[..., None] > 0, jnp.stack([last, mean], -1) - root_x[..., None], NO_NOTE)
