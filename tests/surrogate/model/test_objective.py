"""What a surrogate learns from: latents and a frozen decoder, which is an argument of the step and does not learn."""

import csv
import functools
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from musicvae_jax import training
from surrogate.model import objective
from tests import tiny
from tests.arrays import leaves
from tests.tiny import CONFIG, encoded_batch_at

WITH_DECODER = functools.partial(objective.loss, kl=1.0, likelihood=1.0, mse=0.5, segments=4)


def test_one_step_of_the_surrogate_lowers_its_loss():
    module, batch = tiny.surrogate(), encoded_batch_at(0)
    state, step = training.init_state(module, CONFIG), training.make_step(module, objective.loss, CONFIG)
    values = []
    for _ in range(4):
        state, metrics = step(state, batch)
        values.append(float(metrics["loss"]))
    assert values[3] < values[0]


@pytest.mark.parametrize("settings", [dict(components=3), dict(body="bilstm", layers=2)], ids=["mixture", "bilstm"])
def test_a_surrogate_learns_from_the_frozen_decoder(settings):
    module, batch, teacher = tiny.surrogate(**settings), encoded_batch_at(0), tiny.vae()
    before = leaves(teacher)
    state = training.init_state(module, CONFIG)
    step = training.make_step(module, WITH_DECODER, CONFIG, {"vae": teacher})
    rows = []
    for _ in range(12):
        state, metrics = step(state, batch)
        rows.append({name: float(value) for name, value in metrics.items()})
    parts = rows[0]["kl"] + rows[0]["bass_nats"] + rows[0]["drums_nats"] + 0.5 * rows[0]["mse"]
    assert rows[0]["loss"] == pytest.approx(parts, rel=1e-5)
    assert rows[-1]["mse"] < rows[0]["mse"]
    for a, b in zip(leaves(teacher), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_frozen_decoder_is_an_argument_and_gets_no_gradient():
    module, batch = tiny.surrogate(), jax.tree.map(jnp.asarray, encoded_batch_at(0))
    state = training.init_state(module, CONFIG)
    step = training.make_step(module, WITH_DECODER, CONFIG, {"vae": tiny.vae()})
    jitted, (frozen,) = step.func, step.args
    largest = max(leaf.size for leaf in jax.tree.leaves(frozen))
    constants = jax.make_jaxpr(jitted)(frozen, state, batch).consts
    assert largest > 2000 and all(np.size(constant) < largest for constant in constants)
    widest = max(len(line) for line in jitted.lower(frozen, state, batch).as_text().splitlines() if "dense<" in line)
    assert widest < largest  # a constant is written out, a character or more a number

    def loss_of(frozen):
        return jitted(frozen, jax.tree.map(jnp.copy, state), batch)[1]["loss"]

    assert all(not gradient.any() for gradient in jax.tree.leaves(jax.grad(loss_of)(frozen)))


def test_the_frozen_decoder_is_computed_in_the_configs_dtype(tmp_path):
    seen = set()

    def loss(module, batch, key, vae):
        seen.update(leaf.dtype.name for leaf in jax.tree.leaves(vae))
        return WITH_DECODER(module, batch, key, vae=vae)

    options = dict(frozen={"vae": tiny.vae()}, held_out=[encoded_batch_at(9)])
    half = tiny.config(dtype="bfloat16", steps=2, warmup_steps=1)
    _, metrics = training.fit(tiny.surrogate(), loss, encoded_batch_at, half, tmp_path, **options)
    assert seen == {"bfloat16"} and np.isfinite(metrics["loss"])


def test_a_surrogate_predicts_each_bars_part_from_that_bar():
    """Without layers nothing is carried from bar to bar."""
    module = tiny.surrogate(z_size=4 + 16 * 2, bar_size=2, layers=0, components=3)
    melody = np.random.default_rng(0).integers(0, 90, (2, 256))
    other = melody.copy()
    other[:, 16 * 5 + 3] += 1
    a, b = module.predict(melody), module.predict(other)
    for before, after in ((a.means, b.means), (a.stds, b.stds)):
        moved = (before != after).all((0, 1))
        assert moved[:4].all() and np.flatnonzero(moved[4:]).tolist() == [10, 11]


def test_eight_devices_give_the_losses_of_one(tmp_path):
    code = """
import sys, jax, numpy as np
jax.config.update("jax_platforms", "cpu")
from tests.surrogate.model import test_objective as t
from tests import tiny
config = tiny.config(steps=2, warmup_steps=1, log_every=1)
options = dict(frozen={"vae": tiny.vae()}, held_out=[tiny.encoded_batch_at(9)])
t.training.fit(tiny.surrogate(), t.WITH_DECODER, tiny.encoded_batch_at, config, sys.argv[1] + "/one", **options)
t.training.fit(tiny.vae(), tiny.vae_loss, tiny.batch_at, config, sys.argv[1] + "/other")
"""
    tables = []
    for devices in (1, 8):
        flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
        environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
        subprocess.run([sys.executable, "-c", code, tmp_path / str(devices)], check=True, env=environment)
        tables.append(losses(tmp_path / str(devices) / "one") + losses(tmp_path / str(devices) / "other"))
    assert len(tables[0]) == 5
    np.testing.assert_allclose(*tables, rtol=1e-5)


def losses(workdir):
    with (workdir / "metrics.csv").open(newline="") as stream:
        return [float(row["value"]) for row in csv.DictReader(stream) if row["metric"] == "loss"]
