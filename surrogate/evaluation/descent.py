"""The training of small networks and tables that are fitted here."""

from collections.abc import Callable, Iterable

import jax
import optax


def minimised(loss: Callable, weights, rule: optax.GradientTransformation, batches: Iterable):
    """Weights after a step for each batch.

    Args:
        loss: (weights, *batch) -> a number.
        weights: a tree of arrays.
        rule: the optimizer.
        batches: tuples of arrays.
    """

    @jax.jit
    def step(weights, state, *batch):
        updates, state = rule.update(jax.grad(loss)(weights, *batch), state, weights)
        return optax.apply_updates(weights, updates), state

    state = rule.init(weights)
    for batch in batches:
        weights, state = step(weights, state, *batch)
    return weights
