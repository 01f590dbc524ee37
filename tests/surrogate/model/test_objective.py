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

from musicvae_jax import training, training_step
from surrogate.model import objective
from tests import tiny
from tests.arrays import leaves
from tests.tiny import CONFIG, encoded_batch_at

WITH_DECODER = functools.partial(objective.loss, kl=0.5, likelihood=1.0)


def test_one_step_of_the_surrogate_lowers_its_loss():
    module, batch = tiny.surrogate(), encoded_batch_at(0)
    state, step = training_step.init_state(module, CONFIG), training_step.make_step(module, objective.loss, CONFIG)
    values = []
    for _ in range(4):
        state, metrics = step(state, batch)
        values.append(float(metrics["loss"]))
    assert values[3] < values[0]


@pytest.mark.parametrize("settings", [dict(), dict(body="bilstm", layers=2)], ids=["transformer", "bilstm"])
def test_a_surrogate_learns_from_the_frozen_decoder(settings):
    module, batch, teacher = tiny.surrogate(**settings), encoded_batch_at(0), tiny.vae()
    before = leaves(teacher)
    state = training_step.init_state(module, CONFIG)
    step = training_step.make_step(module, WITH_DECODER, CONFIG, {"vae": teacher})
    rows = []
    for _ in range(12):
        state, metrics = step(state, batch)
        rows.append({name: float(value) for name, value in metrics.items()})
    parts = 0.5 * rows[0]["kl"] + rows[0]["bass_nats"] + rows[0]["drums_nats"]
    assert rows[0]["loss"] == pytest.approx(parts, rel=1e-5)
    assert rows[-1]["bass_nats"] + rows[-1]["drums_nats"] < rows[0]["bass_nats"] + rows[0]["drums_nats"]
    for a, b in zip(leaves(teacher), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_parts_are_what_the_models_say():
    module, batch, vae = tiny.surrogate(), encoded_batch_at(0), tiny.vae()
    told = module.predict(batch["line"])
    _, metrics = WITH_DECODER(module, batch, vae=vae)
    nats_3 = -vae.log_prob(batch["tokens"], told.mean).mean(0)
    got = [float(metrics[name]) for name in ("bass_nats", "drums_nats", "kl")]
    np.testing.assert_allclose(got, [*nats_3[1:], told.kl_from(batch["mu"], batch["sigma"]).mean()], rtol=1e-5)
    _, alone = objective.loss(module, batch)
    assert alone.keys() == {"loss", "kl", "r2"} and float(alone["loss"]) == pytest.approx(got[2], rel=1e-5)


def test_the_frozen_decoder_is_an_argument_and_gets_no_gradient():
    module, batch = tiny.surrogate(), jax.tree.map(jnp.asarray, encoded_batch_at(0))
    state = training_step.init_state(module, CONFIG)
    step = training_step.make_step(module, WITH_DECODER, CONFIG, {"vae": tiny.vae()})
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
