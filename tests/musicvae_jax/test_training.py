"""The train loop on shrunken models: one step of each, resume, data parallelism, failures, and from a pack alone."""

import csv
import subprocess
import sys

import jax
import jax.numpy as jnp
import ml_collections
import numpy as np
import pytest
from flax import nnx

from musicvae_jax import checkpoint, elbo, training
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from surrogate.corpus import shards
from surrogate.model import objective
from surrogate.model.surrogate_encoder import Surrogate, SurrogateConfig
from tests.arrays import leaves, random_tokens

CONFIG = ml_collections.ConfigDict(
    dict(
        seed=0, steps=6, batch_size=8, learning_rate=1e-2, warmup_steps=2, weight_decay=1e-2, clip=1.0, ema=0.9,
        dtype="float32", log_every=2, evaluate_every=3, checkpoint_every=2,
    )
)  # fmt: skip


def batch_at(step):
    return {"tokens": random_tokens(step, 8)}


def vae():
    return MusicVAE(MusicVAEConfig(4, "hierarchical", (6, 6), (6,), (6,)), rngs=nnx.Rngs(0))


def loss(module, batch, key):
    return elbo.loss(module, batch["tokens"], key, beta=0.2, free_bits=1.0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("trained")
    return training.fit(vae(), loss, batch_at, CONFIG, workdir, held_out=[batch_at(99)]), workdir


def rows(workdir):
    with (workdir / "metrics.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_metrics_are_written_to_csv_and_tensorboard(trained):
    _, workdir = trained
    losses = {(row["split"], int(row["step"])) for row in rows(workdir) if row["metric"] == "loss"}
    assert losses == {("train", 2), ("train", 4), ("train", 6), ("validation", 3), ("validation", 6)}
    assert all(np.isfinite(float(row["value"])) for row in rows(workdir))
    (events,) = (workdir / "tensorboard").glob("events.out.tfevents.*")
    assert b"train/loss" in events.read_bytes()


def test_training_lowers_the_loss():
    config = ml_collections.ConfigDict(CONFIG.to_dict() | dict(steps=40, learning_rate=3e-2))
    state, step = training.init_state(vae(), config), training.make_step(vae(), loss, config)
    losses = []
    for _ in range(40):
        state, metrics = step(state, batch_at(0))
        losses.append(float(metrics["loss"]))
    assert losses[-1] < 0.95 * losses[0]  # random tokens: there is little to learn


@pytest.mark.parametrize("stop", [3, 5])
def test_a_killed_run_resumes_and_ends_with_the_same_weights(trained, tmp_path, stop):
    class Killed(Exception):
        pass

    def until(step):
        if step == stop:
            raise Killed
        return batch_at(step)

    with pytest.raises(Killed):
        training.fit(vae(), loss, until, CONFIG, tmp_path)
    resumed = training.fit(vae(), loss, batch_at, CONFIG, tmp_path)
    for a, b in zip(leaves(resumed), leaves(trained[0]), strict=True):
        np.testing.assert_array_equal(a, b)
    steps = [int(row["step"]) for row in rows(tmp_path) if row["metric"] == "loss"]
    assert steps == sorted(set(steps)) == [2, 4, 6]


def test_a_finished_run_is_not_run_again(trained):
    module, workdir = trained

    def never(step):
        raise AssertionError("asked for a batch")

    for a, b in zip(leaves(training.fit(vae(), loss, never, CONFIG, workdir)), leaves(module), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nan_stops_it_with_the_steps_number(tmp_path):
    def bad(module, batch, key):
        value, metrics = loss(module, batch, key)
        return value, metrics | {"loss": jnp.where(batch["step"][0] == 3, jnp.nan, value)}

    with pytest.raises(FloatingPointError, match="at step 4"):
        training.fit(vae(), bad, lambda step: batch_at(step) | {"step": np.full(8, step)}, CONFIG, tmp_path)
    assert [path.name for path in (tmp_path / "checkpoints").glob("[0-9]*")] == ["2"]  # not the spoiled one of step 4


def test_a_batch_that_does_not_divide_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: [jax.local_devices()[0]] * 3)
    with pytest.raises(training.TrainingError, match="batch_size 8 does not divide over 3 devices"):
        training.fit(vae(), loss, batch_at, CONFIG, tmp_path)


def test_one_step_in_bfloat16_keeps_float32_parameters():
    config = ml_collections.ConfigDict(CONFIG.to_dict() | {"dtype": "bfloat16"})
    state = training.init_state(vae(), config)
    before = jax.tree.map(np.asarray, state["params"])
    state, metrics = training.make_step(vae(), loss, config)(state, batch_at(0))
    state, metrics = training.make_step(vae(), loss, config)(state, batch_at(1))  # warm-up: the first step's rate is 0
    assert np.isfinite(metrics["loss"])
    for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(state["params"]), strict=True):
        assert new.dtype == jnp.float32 and np.isfinite(new).all()
        assert (old != new).any() or old.ndim == 1


def surrogate():
    return Surrogate(SurrogateConfig(z_size=4, width=16, layers=1, heads=2), rngs=nnx.Rngs(0))


def encoded_batch_at(step):
    mu = np.random.default_rng(step).normal(size=(8, 4)).astype(np.float32)
    return batch_at(step) | {"mu": mu, "sigma": np.full((8, 4), 0.5, np.float32)}


def test_one_step_of_the_surrogate_lowers_its_loss():
    module, batch = surrogate(), encoded_batch_at(0)
    state, step = training.init_state(module, CONFIG), training.make_step(module, objective.loss, CONFIG)
    values = []
    for _ in range(4):
        state, metrics = step(state, batch)
        values.append(float(metrics["loss"]))
    assert values[3] < values[0]


@pytest.mark.parametrize("settings", [dict(components=3), dict(body="bilstm", layers=2)], ids=["mixture", "bilstm"])
def test_a_surrogate_learns_from_the_frozen_decoder(settings):
    config = SurrogateConfig(z_size=4, width=16, heads=2, **(dict(layers=1) | settings))
    module, batch, teacher = Surrogate(config, rngs=nnx.Rngs(0)), encoded_batch_at(0), vae()
    before = leaves(teacher)

    def loss(module, batch, key):
        return objective.loss(module, batch, key, kl=1.0, likelihood=1.0, mse=0.5, segments=4, vae=teacher)

    state, step = training.init_state(module, CONFIG), training.make_step(module, loss, CONFIG)
    rows = []
    for _ in range(12):
        state, metrics = step(state, batch)
        rows.append({name: float(value) for name, value in metrics.items()})
    parts = rows[0]["kl"] + rows[0]["bass_nats"] + rows[0]["drums_nats"] + 0.5 * rows[0]["mse"]
    assert rows[0]["loss"] == pytest.approx(parts, rel=1e-5)
    assert rows[-1]["mse"] < rows[0]["mse"]
    for a, b in zip(leaves(teacher), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_surrogate_predicts_each_bars_part_from_that_bar():
    """Without layers nothing is carried from bar to bar."""
    config = SurrogateConfig(z_size=4 + 16 * 2, bar_size=2, width=16, layers=0, components=3)
    module, melody = Surrogate(config, rngs=nnx.Rngs(0)), np.random.default_rng(0).integers(0, 90, (2, 256))
    other = melody.copy()
    other[:, 16 * 5 + 3] += 1
    a, b = module.predict(melody), module.predict(other)
    for before, after in ((a.means, b.means), (a.stds, b.stds)):
        moved = (before != after).all((0, 1))
        assert moved[:4].all() and np.flatnonzero(moved[4:]).tolist() == [10, 11]


def test_drawn_bars_stand_for_the_window():
    tokens, model = jnp.asarray(random_tokens(0, 8)), vae()
    drawn = jax.jit(
        lambda key: elbo.loss(model, tokens, key, beta=0.2, free_bits=1.0, melody_weight=0.5, segments=8)[1]
    )
    losses = [drawn(jax.random.key(i)) for i in range(6)]
    whole = jax.jit(lambda key: elbo.loss(model, tokens, key, beta=0.2, free_bits=1.0)[1])(jax.random.key(0))
    for name in ("melody_nats", "bass_nats", "drums_nats"):
        assert np.mean([x[name] for x in losses]) == pytest.approx(float(whole[name]), rel=0.02)
    assert len({float(x["bass_nats"]) for x in losses}) == 6
    assert losses[0]["loss"] < whole["loss"]  # the melody counts half


def test_eight_devices_give_the_losses_of_one(tmp_path):
    code = """
import sys, jax, numpy as np
jax.config.update("jax_platforms", "cpu")
from tests.musicvae_jax import test_training as t
t.training.fit(t.vae(), t.loss, t.batch_at, t.CONFIG, sys.argv[1] + "/vae")
t.training.fit(t.surrogate(), t.objective.loss, t.encoded_batch_at, t.CONFIG, sys.argv[1] + "/surrogate")
"""
    tables = []
    for devices in (1, 8):
        workdir = tmp_path / str(devices)
        flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
        subprocess.run([sys.executable, "-c", code, workdir], check=True, env=_env(XLA_FLAGS=flags))
        both = rows(workdir / "vae") + rows(workdir / "surrogate")
        tables.append([float(row["value"]) for row in both if row["metric"] == "loss"])
    assert len(tables[0]) == 6
    np.testing.assert_allclose(*tables, rtol=1e-5)


def test_train_runs_from_a_pack_alone_without_a_midi_library(tmp_path):
    windows = random_tokens(0, 32)
    split = np.repeat(np.array([0, 1], np.uint8), 16)
    arrays = {"tokens": windows, "tune": np.arange(32), "source": np.arange(32), "split": split}
    shards.write_pack(tmp_path / "pack.npz", [arrays.pop("tokens")], arrays)
    code = """
import sys
sys.modules["symusic"] = sys.modules["mido"] = None
from surrogate.commands import train
train.main()
"""
    flags = [
        "--config=configs/musicvae_small.py", f"--config.data={tmp_path}/pack.npz", f"--config.workdir={tmp_path}/run",
        "--config.model.z_size=4", "--config.model.encoder_sizes=(6,6)", "--config.model.conductor_sizes=(6,)",
        "--config.model.decoder_sizes=(6,)", "--config.steps=2", "--config.batch_size=4", "--config.warmup_steps=1",
        "--config.evaluate_windows=4",
    ]  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code, *flags], capture_output=True, text=True, env=_env())
    assert done.returncode == 0, done.stderr
    assert "validation loss" in done.stdout
    assert checkpoint.load(tmp_path / "run" / "model").config.z_size == 4
    assert list((tmp_path / "run" / "parts").glob("model.tar.*"))
    flags[2] = f"--config.workdir={tmp_path}/on"
    flags += [f"--config.start_from={tmp_path}/run/model", "--config.learning_rate=0.0"]
    subprocess.run([sys.executable, "-c", code, *flags], capture_output=True, check=True, env=_env())
    for a, b in zip(*(leaves(checkpoint.load(tmp_path / name / "model")) for name in ("run", "on")), strict=True):
        np.testing.assert_array_equal(a, b)  # nothing was learnt on the way


def _env(**extra):
    import os

    return os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"} | extra
