"""Stacks of bidirectional LSTM layers."""

import jax
import jax.numpy as jnp
from flax import nnx

from musicvae_jax.lstm import LSTMCell, scan_each

_CHUNK = 32  # steps whose gate inputs exist at once: a 256-step layer of 2,048 units would fill gigabytes with them


class BidirectionalStack(nnx.Module):
    """Bidirectional LSTM layers, each reading both directions of the one below (BidirectionalLstmEncoder)."""

    def __init__(self, sizes, *, tokens=0, inputs=0, rngs):
        self.forward, self.backward = nnx.List(), nnx.List()
        for size in sizes:
            for direction in (self.forward, self.backward):
                direction.append(LSTMCell(size, tokens=tokens, inputs=inputs, rngs=rngs))
            tokens, inputs = 0, 2 * size

    def __call__(self, x_TxBxN, lengths_B=None):
        """Runs all layers.

        Args:
            x_TxBxN: integer tokens, or dense inputs.
            lengths_B: steps of each row that count, int; None is all. Those at or after a row's length change nothing
                (tf dynamic_rnn with sequence_length): outputs there are 0, the backward direction starts at the row's
                last step, and a row of length 0 gives zeros.

        Returns:
            The final outputs of the last layer, forward then backward, float32 [B, 2H].
        """
        x = x_TxBxN
        steps_Tx1 = jnp.arange(x.shape[0])[:, None]
        lengths_1xB = jnp.full((1, x.shape[1]), x.shape[0]) if lengths_B is None else lengths_B[None]
        order_TxB = jnp.where(steps_Tx1 < lengths_1xB, lengths_1xB - 1 - steps_Tx1, steps_Tx1)
        inside_TxBx1 = (steps_Tx1 < lengths_1xB)[..., None]

        def reverse(x_TxBxD):
            return jnp.take_along_axis(x_TxBxD, order_TxB[..., None], axis=0)

        for directions in zip(self.forward, self.backward, strict=True):
            forward, backward = _read(directions, jnp.stack([x, reverse(x)]))
            x = jnp.where(inside_TxBx1, jnp.concatenate([forward, reverse(backward)], -1), 0)
        last_B = jnp.maximum(lengths_1xB[0] - 1, 0)
        forward_BxD, backward_BxD = x[last_B, jnp.arange(x.shape[1])], x[0]
        units = self.forward[-1].bias.shape[0] // 4
        final = jnp.concatenate([forward_BxD[:, :units], backward_BxD[:, units:]], -1)
        return final.astype(jnp.float32)


def _read(cells, x_DxTxBxN):
    """Runs all steps of D cells from the zero state, each over its own inputs.

    Args:
        cells: LSTMCells of one size.
        x_DxTxBxN: integer tokens, or dense inputs.

    Returns:
        Outputs [D, T, B, H], in the kernels' dtype.
    """
    count, steps, batch, _ = x_DxTxBxN.shape
    kernel = cells[0].recurrent_kernel

    def chunk(states, x_DxLxBxN):
        gates = [cell.all_gate_inputs(x) for cell, x in zip(cells, x_DxLxBxN, strict=True)]
        h_DxLxBxH, states = scan_each(cells, gates, states)
        return states, h_DxLxBxH

    length = _CHUNK if steps % _CHUNK == 0 else steps
    zeros = jnp.zeros((count, batch, kernel.shape[0]))
    chunks = x_DxTxBxN.reshape(count, -1, length, batch, x_DxTxBxN.shape[-1]).swapaxes(0, 1)
    _, h = jax.lax.scan(chunk, (zeros, zeros), chunks)
    return h.swapaxes(0, 1).reshape(count, steps, batch, -1)
