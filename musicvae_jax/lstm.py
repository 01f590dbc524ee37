"""Magenta's LSTM cell and scans over time.

Whatever of a step does not depend on the previous step (the input's share of the gates) is computed before the
scan, for all steps, as one large matrix product or as a gather of kernel rows; only `h @ recurrent_kernel` stays
inside. The backward pass keeps that shape: the recurrent kernel's gradient is one large product after its scan.

Products run in the dtype of the kernels (float32 or bfloat16) and accumulate in float32. What is kept of every step for
products, or for the backward pass, is in the kernels' dtype, too; states, the sums of gates and c are float32.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax.products import dot, dot_columns

_UNROLLED = 4  # steps that accelerators do at once, with fewer kernels to launch; a CPU is slower for it
FORGET_BIAS = 1.0  # added at run time, never stored in the bias


def normal(rngs, *shape):
    """Random weights; zeros where rngs is None, for a module whose weights come from a file."""
    return np.zeros(shape, np.float32) if rngs is None else jax.random.normal(rngs.params(), shape)


def along_last(vector_D, like):
    """A vector [D] as [1, ..., D], float32, of as many axes as `like` has."""
    return vector_D.astype(jnp.float32).reshape((1,) * (jnp.ndim(like) - 1) + (-1,))


def add_bias(x, bias):
    """x [..., D] + bias [D], float32."""
    return x + along_last(bias, x)


def class_rows(tokens_xP, depths):
    """Where tracks' tokens stand in their concatenated one-hots, as LSTMCell.token_rows takes it.

    Args:
        tokens_xP: int [..., P].
        depths: the number of classes of each track.

    Returns:
        int32 [..., P]; the sum of depths, which stands for none, for a token outside its track.
    """
    offsets = np.cumsum((0, *depths))
    rows = [jnp.where(tokens_xP[..., i] < n, tokens_xP[..., i] + offsets[i], offsets[-1]) for i, n in enumerate(depths)]
    return jnp.stack(rows, -1).astype(jnp.int32)


def step(gates, state, axis):
    """One LSTM step.

    Args:
        gates: i, g, f, o side by side along axis, float32 [..., 4H] or [4H, ...].
        state: the last (c, h).
        axis: that of the gates.

    Returns:
        The next (c, h), float32.
    """
    i, g, f, o = _activate(gates, axis)
    c = f * state[0] + i * g
    return c, o * jnp.tanh(c)


class Dense(nnx.Module):
    """x @ kernel + bias, float32 out."""

    def __init__(self, inputs, outputs, *, rngs):
        self.kernel = nnx.Param(normal(rngs, inputs, outputs) / inputs**0.5)
        self.bias = nnx.Param(jnp.zeros(outputs))

    def __call__(self, x):
        return add_bias(dot(x, self.kernel[...]), self.bias[...])


class Hidden(Dense):
    """The same in the kernel's dtype: hidden units, of which each step and layer keeps many."""

    def __call__(self, x):
        return super().__call__(x).astype(self.kernel.dtype)


def elementwise(function):
    """The same function of arrays, element by element, in float32 whatever their dtype.

    For the backward pass nothing but the arrays is kept: to compute the rest again costs less than to keep it.
    """

    @functools.partial(jax.checkpoint, prevent_cse=False)
    def in_float32(*arrays):
        return function(*(x.astype(jnp.float32) for x in arrays))

    return in_float32


@elementwise
def gelu(x):
    """Gaussian error linear units (Hendrycks & Gimpel 2016), float32."""
    return jax.nn.gelu(x)


class LSTMCell(nnx.Module):
    """Weights of one LSTM layer: gates i, g, f, o side by side in that order (magenta/contrib/rnn.py).

    Magenta's one kernel [inputs + hidden, 4 * hidden] is kept as its row blocks: `token_kernel` (one-hot inputs,
    read by gathers), `input_kernel` (dense inputs) and `recurrent_kernel`. A block of no rows is None.
    """

    def __init__(self, hidden, *, tokens=0, inputs=0, rngs):
        def block(n, std):
            return nnx.Param(jax.random.normal(rngs.params(), (n, 4 * hidden)) * std) if n else None

        self.token_kernel = block(tokens, 0.1)
        self.input_kernel = block(inputs, max(inputs, 1) ** -0.5)
        self.recurrent_kernel = block(hidden, hidden**-0.5)
        self.bias = nnx.Param(jnp.zeros(4 * hidden))

    def gate_inputs(self, inputs=None):
        """What the bias and the dense inputs add to the gates.

        Args:
            inputs: [..., D]; None where there are none.

        Returns:
            float32 [..., 4H]; [1, 4H] without inputs.
        """
        return add_bias(jnp.zeros((1, 1)) if inputs is None else dot(inputs, self.input_kernel[...]), self.bias[...])

    def token_rows(self, tokens_xP):
        """What one-hot inputs add to the gates: the sum of the kernel rows that P tokens name.

        Args:
            tokens_xP: int [..., P]; the number of rows stands for none and adds nothing.

        Returns:
            float32 [..., 4H].
        """
        columns = jnp.moveaxis(tokens_xP, -1, 0)
        return sum(self.token_kernel[...].at[x].get(mode="fill", fill_value=0).astype(jnp.float32) for x in columns)

    def scan(self, gate_inputs_TxBx4H, state):
        """Runs all steps.

        Args:
            gate_inputs_TxBx4H: what all but the last output adds to the gates.
            state: the first (c, h), float32 [B, H] each.

        Returns:
            Outputs [T, B, H] in the kernel's dtype, and the final (c, h), float32.
        """
        return scan(gate_inputs_TxBx4H, self.recurrent_kernel[...], *state)

    def all_gate_inputs(self, x_xN):
        """What integer tokens [..., P], or dense inputs [..., D], and the bias add to the gates: float32 [..., 4H]."""
        is_tokens = jnp.issubdtype(x_xN.dtype, jnp.integer)
        return add_bias(self.token_rows(x_xN), self.bias[...]) if is_tokens else self.gate_inputs(x_xN)


def scan_each(cells, gate_inputs, states):
    """Runs the recurrence of cells of one size side by side.

    Args:
        cells: D LSTMCells.
        gate_inputs: as LSTMCell.scan takes them, of each.
        states: the first (c, h) of all, float32 [D, B, H] each.

    Returns:
        Outputs [D, T, B, H] in the kernels' dtype, and the final (c, h) of all, float32.
    """
    kernels = jnp.stack([cell.recurrent_kernel[...] for cell in cells])
    return _scan_each(jnp.stack(gate_inputs).astype(kernels.dtype), kernels, *states)


def scan(gate_inputs_TxBx4H, kernel_Hx4H, c_BxH, h_BxH):
    """Runs the recurrence over time; see LSTMCell.scan."""
    return _scan_one(gate_inputs_TxBx4H.astype(kernel_Hx4H.dtype), kernel_Hx4H, c_BxH, h_BxH)


def _activate(gates, axis):
    i, g, f, o = jnp.split(gates, 4, axis)
    return jax.nn.sigmoid(i), jnp.tanh(g), jax.nn.sigmoid(f + FORGET_BIAS), jax.nn.sigmoid(o)


def _scan(gate_inputs_TxBx4H, kernel_Hx4H, c_BxH, h_BxH):
    return jax.lax.platform_dependent(
        gate_inputs_TxBx4H, kernel_Hx4H, c_BxH, h_BxH, cpu=_scan_columns, default=_scan_rows
    )


def _scan_rows(gate_inputs_TxBx4H, kernel_Hx4H, c_BxH, h_BxH):
    def body(state, gate_inputs):
        state = step(gate_inputs + dot(state[1], kernel_Hx4H), state, axis=-1)
        return state, state[1].astype(kernel_Hx4H.dtype)

    final, h_TxBxH = jax.lax.scan(body, (c_BxH, h_BxH), gate_inputs_TxBx4H, unroll=_UNROLLED)
    return h_TxBxH, final


def _scan_columns(gate_inputs_TxBx4H, kernel_Hx4H, c_BxH, h_BxH):
    """The same features first, as a CPU multiplies few columns 2 to 3 times as fast (dot_columns)."""
    kernel_4HxH = kernel_Hx4H.T

    def body(state, gate_inputs):
        state = step(gate_inputs.T + dot_columns(kernel_4HxH, state[1]), state, axis=0)
        return state, state[1].T.astype(kernel_Hx4H.dtype)

    final, h_TxBxH = jax.lax.scan(body, (c_BxH.T, h_BxH.T), gate_inputs_TxBx4H)
    return h_TxBxH, (final[0].T, final[1].T)


def _over_steps(body, carry, xs, *, reverse=False):
    """jax.lax.scan, unrolled but on CPUs."""

    def by(unroll):
        return lambda carry, xs: jax.lax.scan(body, carry, xs, reverse=reverse, unroll=unroll)

    return jax.lax.platform_dependent(carry, xs, cpu=by(1), default=by(_UNROLLED))


def _scan_forward(gate_inputs_TxBx4H, kernel_Hx4H, c_BxH, h_BxH):
    def body(state, gate_inputs):
        i, g, f, o = gates = _activate(gate_inputs + dot(state[1], kernel_Hx4H), axis=-1)
        c = f * state[0] + i * g
        h = o * jnp.tanh(c)
        return (c, h), (*(x.astype(kernel_Hx4H.dtype) for x in (*gates, h)), c)

    final, saved = _over_steps(body, (c_BxH, h_BxH), gate_inputs_TxBx4H)
    return (saved[-2], final), (saved, kernel_Hx4H, c_BxH, h_BxH)


def _scan_backward(residuals, cotangents):
    saved, kernel, c0, h0 = residuals
    dh_TxBxH, final = cotangents
    h_TxBxH, c_TxBxH = saved[-2:]
    c_before_TxBxH = jnp.concatenate([c0[None], c_TxBxH[:-1]])

    def body(carry, xs):
        dc, dh = carry
        dh_out, c_before, (i, g, f, o, _, c) = xs
        i, g, f, o = (gate.astype(jnp.float32) for gate in (i, g, f, o))
        dh = dh + dh_out
        tanh_c = jnp.tanh(c)
        dc = dc + dh * o * (1 - tanh_c * tanh_c)
        dgates = jnp.concatenate(
            [dc * g * i * (1 - i), dc * i * (1 - g * g), dc * c_before * f * (1 - f), dh * tanh_c * o * (1 - o)], -1
        )
        return (dc * f, dot(dgates, kernel.T)), dgates.astype(kernel.dtype)

    (dc, dh), dgates_TxBx4H = _over_steps(body, final, (dh_TxBxH, c_before_TxBxH, saved), reverse=True)
    h_before_TxBxH = jnp.concatenate([h0[None].astype(kernel.dtype), h_TxBxH[:-1]])
    # One product over T * B rows, where autodiff would add up T small ones inside the scan.
    steps = h_before_TxBxH.shape[0] * h_before_TxBxH.shape[1]
    dkernel = dot(_transposed(h_before_TxBxH.reshape(steps, -1)), dgates_TxBx4H.reshape(steps, -1))
    return dgates_TxBx4H, dkernel.astype(kernel.dtype), dc, dh


def _transposed(x_NxD):
    return jax.lax.platform_dependent(x_NxD, cpu=_copied_transpose, default=jnp.transpose)


def _copied_transpose(x_NxD):
    """A CPU multiplies bfloat16 twice as fast where the transpose is a copy, not an option of the product."""
    return jax.lax.optimization_barrier(x_NxD.T)


_scan_one = jax.custom_vjp(_scan)
_scan_one.defvjp(_scan_forward, _scan_backward)
_scan_each = jax.custom_vjp(jax.vmap(_scan))
_scan_each.defvjp(jax.vmap(_scan_forward), jax.vmap(_scan_backward))
