"""What programs cost by their jaxprs: loops, products, platforms."""

import jax
import jax.numpy as jnp
import pytest

from musicvae_jax import costs


def test_loops_inside_loops_are_counted_as_often_as_they_run():
    kernel = jnp.zeros((4, 4))

    def inner(x, _):
        return x @ kernel, None

    def outer(x, _):
        return jax.lax.scan(inner, x, None, length=3)[0], None

    counted = costs.of(lambda x: jax.lax.scan(outer, x, None, length=5)[0] @ kernel, jnp.zeros((2, 4)))
    assert counted == (15, 16 * 2 * 2 * 4 * 4, 16 * 4 * (8 + 16 + 8))


def test_the_branch_of_the_platform_is_counted():
    def loop(length):
        return lambda x: jax.lax.fori_loop(0, length, lambda _, x: 2 * x, x)

    def function(x):
        return jax.lax.platform_dependent(x, cpu=loop(3), default=loop(2))

    assert [costs.of(function, 1.0, platform=name).iterations for name in ("cpu", "cuda", "tpu")] == [3, 2, 2]


def test_a_loop_until_something_is_true_counts_once():
    assert costs.of(lambda x: jax.lax.while_loop(lambda x: x < 9, lambda x: x + 1, x), 0).iterations == 1


@pytest.mark.parametrize("shape, bytes_moved", [((3,), 2 * 3 * 5 * 4), ((2, 3), 2 * 6 * 5 * 4)])
def test_gathers_move_what_they_read(shape, bytes_moved):
    table = jnp.zeros((7, 5))
    assert costs.of(lambda rows: table[rows], jnp.zeros(shape, int)) == (0, 0, bytes_moved)
