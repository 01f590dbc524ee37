"""Products of matrices: dtypes in and out, and gradients, of which other platforms than the CPU round."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from musicvae_jax import products

SUBSCRIPTS = [
    ("nd,dh->nh", (5, 3), (3, 4)),
    ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("dsh,dhg->dsg", (2, 5, 3), (2, 3, 4)),
]


def operands(x_shape, y_shape, dtype):
    rng = np.random.default_rng(0)
    return [jnp.asarray(rng.normal(size=shape), dtype) for shape in (x_shape, y_shape)]


def einsum(subscripts, x, y):
    return jnp.einsum(subscripts, x, y, preferred_element_type=jnp.float32)


@pytest.mark.parametrize("subscripts, x_shape, y_shape", SUBSCRIPTS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("platform", ["cpu", "default"])
def test_product_and_gradients_are_those_of_einsum(monkeypatch, subscripts, x_shape, y_shape, dtype, platform):
    monkeypatch.setattr(jax.lax, "platform_dependent", lambda *operands, **branches: branches[platform](*operands))
    x, y = operands(x_shape, y_shape, dtype)
    wanted, pullback = jax.vjp(functools.partial(einsum, subscripts), x, y)
    out, own_pullback = jax.vjp(functools.partial(products.einsum, subscripts), x, y)
    assert out.dtype == jnp.float32
    np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-5)
    for got, own in zip(own_pullback(out), pullback(wanted), strict=True):
        got_float32, own_float32 = np.asarray(got, np.float32), np.asarray(own, np.float32)
        assert got.dtype == own.dtype == jnp.dtype(dtype)
        rounded = platform == "default" and dtype == "bfloat16"
        np.testing.assert_allclose(
            got_float32, own_float32, atol=np.abs(own_float32).max() * (0.02 if rounded else 1e-5)
        )


def test_dot_takes_any_number_of_rows_and_the_dtype_of_the_kernel():
    x, kernel = operands((2, 3, 4), (4, 5), "float32")
    np.testing.assert_allclose(products.dot(x, kernel), x @ kernel, rtol=1e-5, atol=1e-6)
    half = products.dot(x, kernel.astype(jnp.bfloat16))
    assert half.dtype == jnp.float32
    np.testing.assert_allclose(half, x @ kernel, atol=0.05)


@pytest.mark.parametrize("dtype, rounding", [("float32", 1e-6), ("bfloat16", 0.02)])
@pytest.mark.parametrize("platform", ["cpu", "default"])
def test_rows_of_a_table_get_the_sum_of_their_gradients(monkeypatch, dtype, rounding, platform):
    monkeypatch.setattr(jax.lax, "platform_dependent", lambda *operands, **branches: branches[platform](*operands))
    (table, gradient), index = operands((5, 3), (2, 4, 3), dtype), np.array([[0, 1, 1, 4], [1, 0, 2, 1]])
    got, pullback = jax.vjp(lambda table: products.rows(table, index), table)
    np.testing.assert_array_equal(np.asarray(got, np.float32), np.asarray(table, np.float32)[index])
    wanted = np.zeros((5, 3))
    np.add.at(wanted, index, np.asarray(gradient, np.float64))
    (of_table,) = pullback(gradient)
    assert of_table.dtype == jnp.dtype(dtype)
    np.testing.assert_allclose(np.asarray(of_table, np.float64), wanted, atol=rounding * np.abs(wanted).max())
