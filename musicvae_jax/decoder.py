"""The decoder of trios: conductor and track decoders (magenta/models/music_vae/lstm_models.py)."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax.events import BARS_PER_WINDOW
from musicvae_jax.lstm import Dense, LSTMCell, class_rows, dot_columns, step


def _split_states(packed_BxN, sizes):
    """tanh(dense(z)) cut into a (c, h) per layer, c first (lstm_utils.initial_cell_state_from_embedding)."""
    parts = jnp.split(jnp.tanh(packed_BxN), np.cumsum(np.repeat(sizes, 2))[:-1], axis=-1)
    return list(zip(parts[::2], parts[1::2], strict=True))


class Conductor(nnx.Module):
    """z -> one vector a bar; z enters through the initial state alone."""

    def __init__(self, z_size, sizes, *, rngs):
        self.sizes = tuple(sizes)
        self.initial_state = Dense(z_size, 2 * sum(sizes), rngs=rngs)
        inputs = (0, *sizes[:-1])
        self.cells = nnx.List(
            [LSTMCell(size, inputs=below, rngs=rngs) for size, below in zip(sizes, inputs, strict=True)]
        )

    def __call__(self, z_BxZ) -> jax.Array:
        """z, float32 [B, Z] -> the vectors, float32 [16, B, H], bars first."""
        states, x = _split_states(self.initial_state(z_BxZ), self.sizes), None
        for cell, state in zip(self.cells, states, strict=True):
            gates = cell.gate_inputs(x)
            if x is None:
                gates = jnp.broadcast_to(gates, (BARS_PER_WINDOW, z_BxZ.shape[0], gates.shape[-1]))
            x, _ = cell.scan(gates, state)
        return x


class TrackDecoder(nnx.Module):
    """One track's tokens (a flat model: all tracks') of a segment, from its vector and the previous tokens.

    A segment is a bar with the conductor's vector, or for a flat model the whole window with z.
    """

    def __init__(self, depths, inputs, sizes, *, rngs):
        self.depths, self.sizes = tuple(depths), tuple(sizes)
        classes = sum(depths)
        self.initial_state = Dense(inputs, 2 * sum(sizes), rngs=rngs)
        self.cells = nnx.List([LSTMCell(sizes[0], tokens=classes, inputs=inputs, rngs=rngs)])
        for size, below in zip(sizes[1:], sizes[:-1], strict=True):
            self.cells.append(LSTMCell(size, inputs=below, rngs=rngs))
        self.output = Dense(sizes[-1], classes, rngs=rngs)

    def begin(self, segments_NxD):
        """What the steps of segments share.

        Args:
            segments_NxD: the segments' vectors, float32.

        Returns:
            Their part of the first layer's gates, [N, 4H], and the initial (c, h) of each layer, [N, H] each.
        """
        return self.cells[0].gate_inputs(segments_NxD), _split_states(self.initial_state(segments_NxD), self.sizes)

    def token_rows(self, before_xP):
        """What the previous tokens add to the first layer's gates.

        Args:
            before_xP: int [..., P]; a track's depth stands for none.

        Returns:
            float32 [..., 4H].
        """
        return self.cells[0].token_rows(class_rows(before_xP, self.depths))

    def step_weights(self):
        """The weights that `step` multiplies with, features first.

        A layer's kernel holds all that changes from step to step: what it reads from below, then its own last output.

        Returns:
            (kernel, bias) of each layer, then of the output.
        """
        kernels = [self.cells[0].recurrent_kernel[...]]
        kernels += [jnp.concatenate([x.input_kernel[...], x.recurrent_kernel[...]]) for x in self.cells[1:]]
        biases = [x.bias[...].astype(jnp.float32) for x in (*self.cells, self.output)]
        return [
            (kernel.T, bias[:, None]) for kernel, bias in zip((*kernels, self.output.kernel[...]), biases, strict=True)
        ]

    def step(self, weights, gates_4HxN, before_PxN, states):
        """One step of N segments, features first.

        Args:
            weights: from `step_weights()`.
            gates_4HxN: the segments' part, from `begin`.
            before_PxN: the previous tokens.
            states: (c, h) of each layer, [H, N] each.

        Returns:
            Logits, float32 [V, N], and the next states.
        """
        gates = gates_4HxN + self.token_rows(before_PxN.T).T
        after = []
        for (kernel, bias), state in zip(weights[:-1], states, strict=True):
            reads = state[1]
            if after:
                gates, reads = bias, jnp.concatenate([after[-1][1], reads])
            after.append(step(gates + dot_columns(kernel, reads), state, axis=0))
        kernel, bias = weights[-1]
        return dot_columns(kernel, after[-1][1]) + bias, after

    def teacher_forced(self, before_TxNxP, segments_NxD):
        """All steps of N segments, each given its true previous tokens.

        Args:
            before_TxNxP: the tokens before each step, int.
            segments_NxD: the segments' vectors, float32.

        Returns:
            Logits of each track, float32 [T, N, V].
        """
        gates, states = self.begin(segments_NxD)
        gates = gates[None] + self.token_rows(before_TxNxP)
        x = None
        for cell, state in zip(self.cells, states, strict=True):
            if x is not None:
                gates = cell.gate_inputs(x)
            x, _ = cell.scan(gates, state)
        return jnp.split(self.output(x), np.cumsum(self.depths)[:-1], axis=-1)
