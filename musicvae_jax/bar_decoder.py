"""The decoders of bars: the 16 steps of a part one after the other, from its slice of z."""

import jax
import jax.numpy as jnp
from flax import nnx

from musicvae_jax import beats
from musicvae_jax.events import (
    BEATS_PER_BAR,
    DRUM_CLASSES,
    DRUM_PITCHES,
    FIRST_PITCH,
    LINE_CLASSES,
    STEPS_PER_BAR,
    STEPS_PER_BEAT,
    drum_bits,
)
from musicvae_jax.lstm import Dense, Hidden, elementwise, gelu, normal
from musicvae_jax.products import einsum


@elementwise
def gru(reads_x3H, recurrent_x3H, state_xH):
    """The next state of a gated recurrent unit (Cho et al. 2014), reset after the product.

    Args:
        reads_x3H, recurrent_x3H: what the input and the state say of reset, update and candidate, [..., 3H] each.
        state_xH: the last state.

    Returns:
        float32 [..., H].
    """
    read_reset, read_update, read_new = jnp.split(reads_x3H, 3, -1)
    reset, update, new = jnp.split(recurrent_x3H, 3, -1)
    keep = jax.nn.sigmoid(read_update + update + 1.0)
    return keep * state_xH + (1 - keep) * jnp.tanh(read_new + jax.nn.sigmoid(read_reset + reset) * new)


class BarDecoder(nnx.Module):
    """What is played at each step of a bar: what the beat's latent says, and a GRU that knows the steps before adds.

    Args:
        depth: how many tokens there are.
        outputs: how many logits a step has.
        beat_size: dimensions of a beat's latent.
        width: units of the layer that reads it.
        size: units of the GRU.
    """

    def __init__(self, depth, outputs, beat_size, width, size, *, rngs):
        self.depth, self.outputs = depth, outputs
        self.hidden = Hidden(beat_size, width, rngs=rngs)
        self.says = Dense(width, STEPS_PER_BEAT * outputs, rngs=rngs)
        self.initial_state = Dense(BEATS_PER_BAR * beat_size, size, rngs=rngs)
        self.tokens = nnx.Param(normal(rngs, depth + 1, 3 * size) * 0.1)  # the last: none before
        self.places = nnx.Param(normal(rngs, STEPS_PER_BAR, 3 * size) * 0.1)
        self.beat = Dense(beat_size, 3 * size, rngs=rngs)
        self.recurrent = Hidden(size, 3 * size, rngs=rngs)
        self.output = Dense(size, outputs, rngs=rngs)

    def begin(self, z_SxBxD):
        """What z says: the first state float32 [S, H], and of each step its gates [16, S, 3H] and logits [16, S, V]."""
        bars = len(z_SxBxD)
        gates_TxSx3H = jnp.repeat(self.beat(z_SxBxD).swapaxes(0, 1), STEPS_PER_BEAT, axis=0)
        gates_TxSx3H = gates_TxSx3H + self.places[...].astype(jnp.float32)[:, None]
        logits_SxBxN = self.says(gelu(self.hidden(z_SxBxD)))
        logits_TxSxV = logits_SxBxN.reshape(bars, STEPS_PER_BAR, -1).swapaxes(0, 1)
        return jnp.tanh(self.initial_state(z_SxBxD.reshape(bars, -1))), gates_TxSx3H, logits_TxSxV

    def classes(self, tokens_SxT, z_SxBxD):
        """What the decoder is told of bars and their latents: classes int [S, 16] and its part of the latents."""
        return tokens_SxT, z_SxBxD

    def write(self, z_SxBxD, noise_SxTxV, temperature):
        """Tokens of all steps, int32 [S, 16], as self.token takes them from logits with noise; None: the likeliest."""
        state_SxH, gates_TxSx3H, logits_TxSxV = self.begin(z_SxBxD)
        tokens_Vx3H = self.tokens[...].astype(jnp.float32)

        def step(carry, x):
            (state, reads, begun_S), (next_gates, logits, noise, place) = carry, x
            state = gru(reads, self.recurrent(state), state)
            scores = logits + self.output(state)
            scores = scores if noise is None else scores + temperature * noise
            token_S, begun_S = self.token(scores, begun_S, place)
            # Looked up within the next step, they would keep its kernel from working on many numbers at once.
            return (state, next_gates + tokens_Vx3H[token_S], begun_S), token_S

        carry = state_SxH, gates_TxSx3H[0] + tokens_Vx3H[self.depth][None], jnp.zeros(len(z_SxBxD), bool)
        noise_TxSxV = None if noise_SxTxV is None else noise_SxTxV.swapaxes(0, 1)
        steps = jnp.roll(gates_TxSx3H, -1, 0), logits_TxSxV, noise_TxSxV, jnp.arange(STEPS_PER_BAR)
        return jax.lax.scan(step, carry, steps)[1].T


def teacher_forced(decoders, classes_SxT, z_SxBxD):
    """All steps of bars, each given the true class before; the decoders, of one size, run side by side.

    Args:
        decoders: BarDecoders.
        classes_SxT, z_SxBxD: of each, as its method classes gives them.

    Returns:
        Logits of each, float32 [S, 16, V].
    """
    begun, reads = [], []
    for decoder, own, z in zip(decoders, classes_SxT, z_SxBxD, strict=True):
        begun.append(decoder.begin(z))
        before_TxS = jnp.pad(own[:, :-1].T, ((1, 0), (0, 0)), constant_values=decoder.depth)
        read = begun[-1][1] + decoder.tokens[...][before_TxS].astype(jnp.float32)
        reads.append(read.astype(decoder.tokens.dtype))
    kernel_DxHx3H = jnp.stack([decoder.recurrent.kernel[...] for decoder in decoders])
    bias_Dx1x3H = jnp.stack([decoder.recurrent.bias[...] for decoder in decoders])[:, None].astype(jnp.float32)

    def step(state_DxSxH, reads_DxSx3H):
        product = einsum("dsh,dhg->dsg", state_DxSxH.astype(kernel_DxHx3H.dtype), kernel_DxHx3H)
        recurrent_DxSx3H = (product + bias_Dx1x3H).astype(kernel_DxHx3H.dtype)
        state_DxSxH = gru(reads_DxSx3H, recurrent_DxSx3H, state_DxSxH)
        return state_DxSxH, state_DxSxH

    first_DxSxH = jnp.stack([state for state, _, _ in begun])
    states_TxDxSxH = jax.lax.scan(step, first_DxSxH, jnp.stack(reads, 1))[1]
    each = zip(decoders, begun, states_TxDxSxH.swapaxes(0, 1), strict=True)
    return [(logits + decoder.output(states)).swapaxes(0, 1) for decoder, (_, _, logits), states in each]


class DrumDecoder(BarDecoder):
    """Drums of bars: each drum is struck or not."""

    def __init__(self, beat_size, width, size, *, rngs):
        super().__init__(DRUM_CLASSES, len(DRUM_PITCHES), beat_size, width, size, rngs=rngs)

    def noise(self, key):
        """What a bar is drawn with: logistic noise, float32 [16, 9]."""
        return jax.random.logistic(key, (STEPS_PER_BAR, self.outputs))

    def token(self, scores_SxV, begun_S, place):
        """The drums of a step that are struck, as masks int32 [S]."""
        return ((scores_SxV > 0) << jnp.arange(len(DRUM_PITCHES))[None]).sum(-1).astype(jnp.int32), begun_S

    def log_probs(self, drums_SxT, z_SxBxD, logits):
        """log p(masks of a step | those before, z), nats, and whether each was the likeliest: [S, 16] each.

        logits: as teacher_forced gives them.
        """
        struck = drum_bits(drums_SxT)
        log_probs = jax.nn.log_sigmoid(jnp.where(struck > 0, logits, -logits)).sum(-1)
        return log_probs, ((logits > 0) == (struck > 0)).all(-1)


class LineDecoder(BarDecoder):
    """A line of bars: the patterns of its beats step by step, and of each beat its first note.

    A pattern holds the notes after a beat's first relative to it (musicvae_jax.beats.line_beats), so that a step's
    decoder need not tell pitches apart.
    """

    def __init__(self, pattern_size, first_size, width, size, *, rngs):
        super().__init__(beats.PATTERN_CLASSES, beats.PATTERN_CLASSES, pattern_size, width, size, rngs=rngs)
        self.pattern_size = pattern_size
        self.first = Dense(first_size, LINE_CLASSES - FIRST_PITCH, rngs=rngs)

    def noise(self, key):
        """What a bar is drawn with: Gumbel's noise of patterns, float32 [16, V], and of first notes, [4, 88]."""
        shapes = (STEPS_PER_BAR, self.outputs), (BEATS_PER_BAR, LINE_CLASSES - FIRST_PITCH)
        return tuple(map(jax.random.gumbel, jax.random.split(key), shapes))

    def token(self, scores_SxV, begun_S, place):
        """The class of a step of a pattern, int32 [S]; and whether its beat has a note by then."""
        begun_S = begun_S & (place % STEPS_PER_BEAT > 0)
        token_S = jnp.where(_is_open(begun_S), scores_SxV, -jnp.inf).argmax(-1).astype(jnp.int32)
        return token_S, begun_S | (token_S >= FIRST_PITCH)

    def write(self, z_SxBxD, noise, temperature):
        """Tokens of all steps, int32 [S, 16]; without noise each the likeliest."""
        of_patterns, of_firsts = (None, None) if noise is None else noise
        z_of_patterns, z_of_firsts = jnp.split(z_SxBxD, [self.pattern_size], -1)
        pattern_SxT = super().write(z_of_patterns, of_patterns, temperature)
        scores = self.first(z_of_firsts)
        first_SxB = FIRST_PITCH + (scores if noise is None else scores + temperature * of_firsts).argmax(-1)
        return beats.line_of_beats(pattern_SxT.reshape(len(pattern_SxT), BEATS_PER_BAR, -1), first_SxB)

    def classes(self, line_SxT, z_SxBxD):
        """See BarDecoder: the patterns of beats, and their latents."""
        return beats.line_beats(line_SxT)[0].reshape(line_SxT.shape), z_SxBxD[..., : self.pattern_size]

    def log_probs(self, line_SxT, z_SxBxD, logits):
        """log p(token of a step | those before, z), nats, and whether each was the likeliest: [S, 16] each.

        logits: as teacher_forced gives them.
        """
        z_of_firsts = z_SxBxD[..., self.pattern_size :]
        pattern_SxBxT, first_SxB = beats.line_beats(line_SxT)
        begins = pattern_SxBxT >= FIRST_PITCH
        begun = (begins.cumsum(-1) - begins > 0).reshape(line_SxT.shape)
        pattern_SxT = pattern_SxBxT.reshape(line_SxT.shape)
        logits = jnp.where(_is_open(begun), logits, -jnp.inf)
        log_probs, right = _of_class(logits, pattern_SxT)
        of_first, first_right = (
            jnp.repeat(x, STEPS_PER_BEAT, axis=-1)
            for x in _of_class(self.first(z_of_firsts), jnp.maximum(first_SxB - FIRST_PITCH, 0))
        )
        begins = begins.reshape(line_SxT.shape)
        return log_probs + jnp.where(begins & ~begun, of_first, 0), right & (first_right | ~begins)


def _is_open(begun_x):
    """Which classes a step of a pattern may have, bool [..., V]: a beat's first note is as high as itself."""
    own = jnp.arange(beats.PATTERN_CLASSES)
    is_first = (own < FIRST_PITCH) | (own == FIRST_PITCH + beats.REACH)
    return begun_x[..., None] | is_first.reshape((1,) * begun_x.ndim + (-1,))


def _of_class(logits_xV, class_x):
    """Log-probabilities of classes, and whether each is the likeliest."""
    drawn = jnp.take_along_axis(logits_xV, class_x[..., None], -1)[..., 0]
    return drawn - jax.nn.logsumexp(logits_xV, -1), logits_xV.argmax(-1) == class_x
