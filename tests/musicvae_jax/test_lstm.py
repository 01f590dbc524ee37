"""The LSTM against a step-by-step restatement in numpy, its hand-written gradient against automatic differentiation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from musicvae_jax import bidirectional, lstm, products

T, B, H = 5, 3, 4


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def reference(gate_inputs, kernel, c, h):
    outputs = []
    for x in np.asarray(gate_inputs, np.float64):
        i, g, f, o = np.split(x + h @ kernel, 4, axis=-1)
        c = sigmoid(f + 1.0) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs), c, h


@pytest.fixture
def arguments():
    rng = np.random.default_rng(0)
    shapes = ((T, B, 4 * H), (H, 4 * H), (B, H), (B, H))
    return [jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in shapes]


def test_scan_is_magentas_cell(arguments):
    outputs, (c, h) = lstm.scan(*arguments)
    for got, wanted in zip((outputs, c, h), reference(*arguments), strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_gradient_is_that_of_automatic_differentiation(arguments):
    def plain(gate_inputs, kernel, c, h):
        def body(state, x):
            state = lstm.step(x + products.dot(state[1], kernel), state, axis=-1)
            return state, state[1]

        final, outputs = jax.lax.scan(body, (c, h), gate_inputs)
        return outputs, final

    weights = jax.random.normal(jax.random.key(1), (T, B, H))

    def objective(scan, *args):
        outputs, (c, h) = scan(*args)
        return (weights * outputs).sum() + jnp.sin(c).sum() + (h**2).sum()

    wanted = jax.grad(objective, argnums=(1, 2, 3, 4))(plain, *arguments)
    got = jax.grad(objective, argnums=(1, 2, 3, 4))(lstm.scan, *arguments)
    for x, y in zip(got, wanted, strict=True):
        np.testing.assert_allclose(x, y, atol=1e-5, rtol=1e-5)


def test_bfloat16_kernels_stay_close(arguments):
    gate_inputs, kernel, *state = arguments
    wanted, _ = lstm.scan(*arguments)
    got, (c, h) = lstm.scan(gate_inputs, kernel.astype(jnp.bfloat16), *state)
    assert got.dtype == jnp.bfloat16 and c.dtype == h.dtype == jnp.float32
    assert 0 < np.abs(got - wanted).max() < 0.05


def test_token_rows_are_one_hot_products():
    cell = lstm.LSTMCell(H, tokens=7, rngs=nnx.Rngs(0))
    tokens = jnp.array([[0, 3], [6, 7]])  # two tracks a row; 7: no token yet
    one_hot = jax.nn.one_hot(tokens, 8)[..., :7].sum(-2)
    np.testing.assert_allclose(cell.token_rows(tokens), one_hot @ cell.token_kernel[...], atol=1e-6)


def test_bidirectional_stack_reads_only_the_first_steps_of_each_row():
    stack = bidirectional.BidirectionalStack([H, 3], inputs=2, rngs=nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(0), (T, 2, 2))
    short = stack(x, jnp.array([3, T]))
    np.testing.assert_allclose(short[:1], stack(x[:3, :1]), atol=1e-6)
    np.testing.assert_allclose(short[1:], stack(x[:, 1:]), atol=1e-6)
    assert not np.any(stack(x, jnp.array([0, T]))[0])


def test_long_inputs_are_read_in_chunks_that_change_nothing():
    cell = lstm.LSTMCell(H, inputs=2, rngs=nnx.Rngs(0))
    x = jax.random.normal(jax.random.key(0), (3 * bidirectional._CHUNK, 2, 2))
    wanted, _ = cell.scan(cell.gate_inputs(x), (jnp.zeros((2, H)), jnp.zeros((2, H))))
    np.testing.assert_allclose(bidirectional._read([cell], x[None])[0], wanted, atol=1e-6)
    np.testing.assert_allclose(bidirectional._read([cell], x[None, :-1])[0], wanted[:-1], atol=1e-6)


def test_a_step_features_first_is_a_step(arguments):
    gate_inputs, kernel, c, h = arguments
    outputs, final = lstm.scan(gate_inputs[:1], kernel, c, h)
    gates = gate_inputs[0].T + products.dot_columns(kernel.T, h.T)
    for got, wanted in zip(lstm.step(gates, (c.T, h.T), axis=0), final, strict=True):
        np.testing.assert_allclose(got.T, wanted, atol=1e-6)
    np.testing.assert_array_equal(outputs[0], final[1])
