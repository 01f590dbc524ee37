"""The decoders of bars: the 16 steps of a part one after the other, from its slice of z."""

import jax
import jax.numpy as jnp
from flax import nnx

from musicvae_jax.events import BEATS_PER_BAR, DRUM_PITCHES, LINE_CLASSES, STEPS_PER_BAR, STEPS_PER_BEAT, drum_bits
from musicvae_jax.lstm import Dense, normal


def gru(reads_x3H, recurrent_x3H, state_xH):
    """The next state of a gated recurrent unit (Cho et al. 2014), reset after the product.

    Args:
        reads_x3H, recurrent_x3H: what the input and the state say of reset, update and candidate, [..., 3H] each.
        state_xH: the last state.
    """
    read_reset, read_update, read_new = jnp.split(reads_x3H, 3, -1)
    reset, update, new = jnp.split(recurrent_x3H, 3, -1)
    keep = jax.nn.sigmoid(read_update + update + 1.0)
    return keep * state_xH + (1 - keep) * jnp.tanh(read_new + jax.nn.sigmoid(read_reset + reset) * new)


class BarDecoder(nnx.Module):
    """What a part plays at each step of a bar: what the beat's latent says, and a GRU that knows the steps before adds.

    A line's logits are of its tokens, drums' of each drum's being struck.

    Args:
        depth: how many tokens there are.
        outputs: how many logits a step has.
        beat_size: dimensions of a beat's latent.
        width: units of the layer that reads it.
        size: units of the GRU.
    """

    def __init__(self, depth, outputs, beat_size, width, size, *, rngs):
        self.depth = depth
        self.hidden = Dense(beat_size, width, rngs=rngs)
        self.says = Dense(width, STEPS_PER_BEAT * outputs, rngs=rngs)
        self.initial_state = Dense(BEATS_PER_BAR * beat_size, size, rngs=rngs)
        self.tokens = nnx.Param(normal(rngs, depth + 1, 3 * size) * 0.1)  # the last: none before
        self.places = nnx.Param(normal(rngs, STEPS_PER_BAR, 3 * size) * 0.1)
        self.beat = Dense(beat_size, 3 * size, rngs=rngs)
        self.recurrent = Dense(size, 3 * size, rngs=rngs)
        self.output = Dense(size, outputs, rngs=rngs)

    def begin(self, z_SxZ):
        """What z says: the first state float32 [S, H], and of each step its gates [16, S, 3H] and logits [16, S, V]."""
        bars = len(z_SxZ)
        beats_SxBxD = z_SxZ.reshape(bars, BEATS_PER_BAR, -1)
        gates_TxSx3H = jnp.repeat(self.beat(beats_SxBxD).swapaxes(0, 1), STEPS_PER_BEAT, axis=0)
        gates_TxSx3H = gates_TxSx3H + self.places[...].astype(jnp.float32)[:, None]
        logits_SxBxN = self.says(jax.nn.gelu(self.hidden(beats_SxBxD)))
        logits_TxSxV = logits_SxBxN.reshape(bars, STEPS_PER_BAR, -1).swapaxes(0, 1)
        return jnp.tanh(self.initial_state(z_SxZ)), gates_TxSx3H, logits_TxSxV

    def step(self, state_SxH, gates_Sx3H, before_S):
        """The next state, float32 [S, H]; before_S: the tokens before it."""
        reads = gates_Sx3H + self.tokens[...][before_S].astype(jnp.float32)
        return gru(reads, self.recurrent(state_SxH), state_SxH)

    def teacher_forced(self, tokens_SxT, z_SxZ):
        """Logits of all steps, each given the true token before: float32 [S, 16, V]."""
        state, gates, logits = self.begin(z_SxZ)
        before_TxS = jnp.pad(tokens_SxT[:, :-1].T, ((1, 0), (0, 0)), constant_values=self.depth)

        def step(state, x):
            state = self.step(state, *x)
            return state, state

        states_TxSxH = jax.lax.scan(step, state, (gates, before_TxS))[1]
        return (logits + self.output(states_TxSxH)).swapaxes(0, 1)

    def sampled(self, z_SxZ, noise_TxSxV, temperature):
        """Tokens of all steps, int32 [S, 16]; noise: Gumbel's of each token of a line, logistic of each drum."""
        state, gates, logits = self.begin(z_SxZ)

        def step(carry, x):
            (state, before_S), (gates, logits, noise) = carry, x
            state = self.step(state, gates, before_S)
            token_S = self._token(logits + self.output(state) + temperature * noise)
            return (state, token_S), token_S

        none_S = jnp.full(len(z_SxZ), self.depth, jnp.int32)
        return jax.lax.scan(step, (state, none_S), (gates, logits, noise_TxSxV))[1].T

    def _token(self, scores_SxV):
        if self.depth == LINE_CLASSES:
            return scores_SxV.argmax(-1).astype(jnp.int32)
        return ((scores_SxV > 0) << jnp.arange(len(DRUM_PITCHES))[None]).sum(-1).astype(jnp.int32)

    def log_probs(self, tokens_SxT, z_SxZ):
        """log p(token | those before, z), nats, and whether each was the likeliest: [S, 16] each."""
        logits = self.teacher_forced(tokens_SxT, z_SxZ)
        if self.depth == LINE_CLASSES:
            target = jnp.take_along_axis(logits, tokens_SxT[..., None], -1)[..., 0]
            return target - jax.nn.logsumexp(logits, -1), logits.argmax(-1) == tokens_SxT
        struck = drum_bits(tokens_SxT)
        log_probs = jax.nn.log_sigmoid(jnp.where(struck > 0, logits, -logits)).sum(-1)
        return log_probs, ((logits > 0) == (struck > 0)).all(-1)
