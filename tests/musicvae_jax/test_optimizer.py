"""The optimizer: Muon on stacks of kernels moves each as Optax moves it alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from musicvae_jax import costs
from musicvae_jax.optimizer import optimizer
from tests import tiny

SHAPES = {"a/kernel": (4, 6), "b/kernel": (4, 6), "c/kernel": (6, 4), "table": (4, 6), "a/bias": (6,)}


def tree(seed):
    rng, nested = np.random.default_rng(seed), {"a": {}, "b": {}, "c": {}}
    for name, shape in SHAPES.items():
        *folder, leaf = name.split("/")
        (nested[folder[0]] if folder else nested)[leaf] = jnp.asarray(rng.normal(size=shape), jnp.float32)
    return nested


@pytest.fixture(scope="module")
def config():
    return tiny.config(muon="[abc]/kernel", learning_rate=0.1, warmup_steps=1)


def test_kernels_of_one_shape_move_as_each_alone(config):
    own, params = optimizer(config), tree(0)
    schedule = optax.warmup_cosine_decay_schedule(0.0, 0.1, 1, config.steps, end_value=0.1 * 0.02)
    is_kernel = {"a": {"kernel": True, "bias": False}, "b": {"kernel": True}, "c": {"kernel": True}, "table": False}
    numbers = jax.tree.map(lambda own: optax.contrib.MuonDimensionNumbers() if own else None, is_kernel)
    alone = optax.chain(
        optax.clip_by_global_norm(config.clip),
        optax.contrib.muon(
            schedule, weight_decay=1e-2, weight_decay_mask=lambda tree: jax.tree.map(lambda x: x.ndim > 1, tree),
            adam_b2=0.99, adam_weight_decay=1e-2, consistent_rms=0.2, muon_weight_dimension_numbers=numbers,
        ),
    )  # fmt: skip
    states = own.init(params), alone.init(params)
    for seed in (1, 2, 3):
        updates, states = zip(
            *(rule.update(tree(seed), state, params) for rule, state in zip((own, alone), states, strict=True)),
            strict=True,
        )
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-7), *updates)
    assert all(np.abs(leaf).max() > 1e-3 for leaf in jax.tree.leaves(updates[0]))


def test_kernels_of_one_shape_share_its_iterations(config):
    rule, params = optimizer(config), tree(0)
    counted = costs.of(rule.update, tree(1), jax.eval_shape(rule.init, params), params)
    assert counted.iterations == 5 * len({(4, 6), (6, 4)})
