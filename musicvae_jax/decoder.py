"""The decoder of trios: conductor and track decoders (magenta/models/music_vae/lstm_models.py)."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax.events import BARS_PER_WINDOW
from musicvae_jax.lstm import Dense, LSTMCell, class_rows, scan_each, step
from musicvae_jax.products import dot_columns


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


def teacher_forced(decoders, before_TxNxP, segments_NxD):
    """All steps of N segments, each given its true previous tokens; the decoders run side by side.

    Args:
        decoders: of the same sizes.
        before_TxNxP: the tokens before each step of each decoder's tracks, int.
        segments_NxD: the segments' vectors, float32.

    Returns:
        Logits of each track of each decoder, float32 [T, N, V].
    """
    begun = [decoder.begin(segments_NxD) for decoder in decoders]
    rows = [decoder.token_rows(before) for decoder, before in zip(decoders, before_TxNxP, strict=True)]
    gates, xs = [of_segment[None] + of_token for (of_segment, _), of_token in zip(begun, rows, strict=True)], None
    layers = zip(
        *(zip(decoder.cells, own, strict=True) for decoder, (_, own) in zip(decoders, begun, strict=True)), strict=True
    )
    for layer in layers:
        cells, states = zip(*layer, strict=True)
        if xs is not None:
            gates = [cell.gate_inputs(x) for cell, x in zip(cells, xs, strict=True)]
        xs, _ = scan_each(cells, gates, tuple(map(jnp.stack, zip(*states, strict=True))))
    each = zip(decoders, xs, strict=True)
    return [jnp.split(decoder.output(x), np.cumsum(decoder.depths)[:-1], axis=-1) for decoder, x in each]
