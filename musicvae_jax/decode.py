"""Autoregressive sampling of a trio from z."""

import jax
import jax.numpy as jnp

from musicvae_jax.events import STEPS_PER_BAR, WINDOW_STEPS


def sample(model, z_BxZ, row_B, key, temperature_3):
    """Sample windows: uint16 [B, 256, 3].

    The three tracks run side by side, each fed its own previous token; LSTM states start afresh every bar, the token
    is carried over the bar line. logits + temperature * Gumbel noise has its maximum where a draw from
    softmax(logits / temperature) falls, and at temperature 0 where the logits have theirs. The noise depends on key,
    row, step and track alone, so a window's sample does not depend on its neighbours in the batch.
    """
    bars_SxBxD = model.conductor(z_BxZ)
    keys_B = jax.vmap(jax.random.fold_in, (None, 0))(key, row_B)

    def noise(step, track):
        keys = jax.vmap(lambda k: jax.random.fold_in(k, 3 * step + track))(keys_B)
        return jax.vmap(lambda k: jax.random.gumbel(k, (model.tracks[track].classes,)))(keys)

    def bar(tokens, bar_inputs):
        first_step, bar_BxD = bar_inputs
        beginnings = [track.begin_bar(bar_BxD) for track in model.tracks]

        def step(carry, offset):
            tokens, states = carry
            after, states_after = [], []
            for i, track in enumerate(model.tracks):
                logits, state = track.step(tokens[i], beginnings[i][0], states[i])
                logits = logits + temperature_3[i] * noise(first_step + offset, i)
                after.append(jnp.argmax(logits, -1).astype(jnp.int32))
                states_after.append(state)
            return (after, states_after), jnp.stack(after, -1)

        states = [states for _, states in beginnings]
        (tokens, _), written_TxBx3 = jax.lax.scan(step, (tokens, states), jnp.arange(STEPS_PER_BAR))
        return tokens, written_TxBx3

    none_yet = [jnp.full(z_BxZ.shape[0], track.classes) for track in model.tracks]
    first_steps = jnp.arange(0, WINDOW_STEPS, STEPS_PER_BAR)
    _, written_SxTxBx3 = jax.lax.scan(bar, none_yet, (first_steps, bars_SxBxD))
    tokens_TxBx3 = written_SxTxBx3.reshape(WINDOW_STEPS, *written_SxTxBx3.shape[2:])
    return tokens_TxBx3.swapaxes(0, 1).astype(jnp.uint16)
