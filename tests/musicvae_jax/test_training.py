"""The train loop on shrunken models: one step of each, resume, failures, what is saved when."""

import csv
import os
import shutil
import signal
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from musicvae_jax import costs, curves, peaks, stopping, training, training_log, training_step
from musicvae_jax.progress import Progress
from tests import tiny
from tests.arrays import leaves
from tests.tiny import CONFIG, batch_at, config, vae, vae_loss


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("trained")
    module, metrics = training.fit(vae(), vae_loss, batch_at, CONFIG, workdir, held_out=[batch_at(99)])
    return module, metrics, workdir


def rows(workdir):
    with (workdir / "metrics.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


class OfWeakType(nnx.Module):
    """A module with a parameter whose dtype JAX may change, as Python's numbers give it."""

    def __init__(self):
        self.scale = nnx.Param(jnp.full(4, 2.0))


def test_a_step_is_compiled_once():
    assert OfWeakType().scale[...].weak_type
    state = training_step.init_state(OfWeakType(), CONFIG)

    def loss(module, batch, key):
        nats = (module.scale[...] * batch["x"]).sum()
        return nats, {"loss": nats}

    step = training_step.make_step(OfWeakType(), loss, CONFIG)
    after, _ = jax.eval_shape(step, state, {"x": jnp.ones(4)})
    kinds = [[(leaf.shape, leaf.dtype, leaf.weak_type) for leaf in jax.tree.leaves(tree)] for tree in (state, after)]
    assert kinds[0] == kinds[1]


def steps_of_losses(workdir, split):
    return [int(row["step"]) for row in rows(workdir) if (row["metric"], row["split"]) == ("loss", split)]


def test_metrics_are_written_to_csv_and_tensorboard(trained):
    _, metrics, workdir = trained
    assert steps_of_losses(workdir, "train") == [2, 4, 6] and steps_of_losses(workdir, "validation") == [3, 6]
    assert all(np.isfinite(float(row["value"])) for row in rows(workdir))
    last = {row["metric"]: row["value"] for row in rows(workdir) if (row["step"], row["split"]) == ("6", "validation")}
    assert last == {name: f"{value:.6g}" for name, value in metrics.items()}
    (events,) = (workdir / "tensorboard").glob("events.out.tfevents.*")
    assert b"train/loss" in events.read_bytes()


def values(workdir, metric):
    return [float(row["value"]) for row in rows(workdir) if row["metric"] == metric]


def test_the_log_tells_speed_and_waiting(trained, monkeypatch, tmp_path):
    workdir = trained[2]
    step = training_step.make_step(vae(), vae_loss, CONFIG)
    flops = costs.of(step, training_step.init_state(vae(), CONFIG), batch_at(0)).flops
    for rate, done in zip(values(workdir, "examples_per_second"), values(workdir, "flops_per_second"), strict=True):
        assert done == pytest.approx(rate / 8 * flops, rel=1e-4)
    assert all(0 <= share < 1 for share in values(workdir, "waiting")) and not values(workdir, "mfu")

    def slow():
        for batch in range(2):
            time.sleep(0.3)
            yield batch

    monkeypatch.setitem(peaks.PEAK_FLOPS, jax.devices()[0].device_kind, 1e9)
    with training_log.TrainingLog(tmp_path, 0, 2) as log, Progress(log, tmp_path, 0, 2, 8) as progress:
        for done, _ in enumerate(progress.wait_for(slow()), 1):
            progress.add(done, {"loss": jnp.zeros(())}, 3e6)
        progress.tell()
    (waiting,), (mfu,), (rate,) = (values(tmp_path, name) for name in ("waiting", "mfu", "examples_per_second"))
    assert 0.5 < waiting <= 1 and mfu == pytest.approx(rate / 8 * 3e6 / 1e9 / len(jax.devices()), rel=1e-4)


def test_metrics_and_an_evaluation_stay_on_the_devices_until_they_are_told(tmp_path, monkeypatch):
    fetched, metrics, get = [], {"loss": jnp.ones(())}, jax.device_get
    monkeypatch.setattr(jax, "device_get", lambda tree: fetched.append(tree) or get(tree))
    with training_log.TrainingLog(tmp_path, 0, 4) as log, Progress(log, tmp_path, 0, 4, 8) as progress:
        progress.add(1, metrics, 0)
        progress.add(2, metrics, 0)
        progress.evaluate(2, lambda: [metrics])
        assert not fetched
        progress.add(3, metrics, 0)  # the devices are at work on it when the evaluation is asked for
        assert len(fetched) == 1
        progress.add(4, metrics, 0)
        assert len(fetched) == 1
        progress.tell()
        assert len(fetched) == 1 + 4
    assert steps_of_losses(tmp_path, "train") == [4] and steps_of_losses(tmp_path, "validation") == [2]


def test_the_bar_tells_loss_validation_and_that_it_compiles(tmp_path, capsys):
    training.fit(vae(), vae_loss, batch_at, CONFIG, tmp_path, held_out=[batch_at(99)])
    told = capsys.readouterr().err
    assert told.index("compiling") < told.index("loss=") < told.index("validation=")


def test_curves_are_drawn(trained, tmp_path):
    image = pytest.importorskip("matplotlib.image").imread(trained[2] / "curves.png")
    assert image.shape[0] > 300 and len(np.unique(image.reshape(-1, image.shape[-1]), axis=0)) > 10
    curves.draw(tmp_path)  # where nothing is told yet
    assert not (tmp_path / "curves.png").exists()


def test_a_profile_of_some_steps_is_written(tmp_path):
    training.fit(vae(), vae_loss, batch_at, config(steps=14, profile=2, checkpoint_every=99), tmp_path)
    (trace,) = (tmp_path / "profile").rglob("*.xplane.pb")
    assert b"jit_step" in trace.read_bytes()
    assert list((tmp_path / "profile").rglob("perfetto_trace.json.gz"))


def test_a_signal_saves_and_ends_and_the_run_goes_on(trained, tmp_path):
    before = signal.getsignal(signal.SIGTERM)

    def until(step):
        if step == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch_at(step)

    with pytest.raises(stopping.Stopped, match="saved at step [1-4]; the same command goes on from there"):
        training.fit(vae(), vae_loss, until, config(checkpoint_every=99), tmp_path)
    assert signal.getsignal(signal.SIGTERM) is before
    resumed = training.fit(vae(), vae_loss, batch_at, config(checkpoint_every=99), tmp_path)
    for a, b in zip(leaves(resumed.module), leaves(trained[0]), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_folder_that_was_removed_is_not_made_anew(tmp_path):
    work = tmp_path / "work"

    def until(step):
        if step == 3:
            shutil.rmtree(work)
        return batch_at(step)

    with pytest.raises(training.TrainingError, match="work: was removed while the training was at work in it"):
        training.fit(vae(), vae_loss, until, config(checkpoint_every=99), work)
    assert not work.exists()


def test_the_log_tells_the_time(trained):
    rates = [float(row["value"]) for row in rows(trained[2]) if row["metric"] == "examples_per_second"]
    assert training_log.training_seconds(trained[2], 8) == pytest.approx(sum(2 * 8 / rate for rate in rates))
    assert training_log.training_seconds(trained[2] / "nowhere", 8) == 0


def test_training_lowers_the_loss():
    long = config(steps=40, learning_rate=3e-2)
    state, step = training_step.init_state(vae(), long), training_step.make_step(vae(), vae_loss, long)
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

    held_out = [batch_at(99)]
    with pytest.raises(Killed):
        training.fit(vae(), vae_loss, until, CONFIG, tmp_path, held_out=held_out)
    resumed = training.fit(vae(), vae_loss, batch_at, CONFIG, tmp_path, held_out=held_out)
    for a, b in zip(leaves(resumed.module), leaves(trained[0]), strict=True):
        np.testing.assert_array_equal(a, b)
    assert steps_of_losses(tmp_path, "train") == [2, 4, 6] and steps_of_losses(tmp_path, "validation") == [3, 6]


def test_a_finished_run_is_not_run_again(trained):
    module, metrics, workdir = trained

    def never(step):
        raise AssertionError("asked for a batch")

    again = training.fit(vae(), vae_loss, never, CONFIG, workdir, held_out=[batch_at(99)])
    for a, b in zip(leaves(again.module), leaves(module), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.metrics == metrics
    assert steps_of_losses(workdir, "validation") == [3, 6]


def test_a_model_is_saved_before_an_evaluation_that_fails(tmp_path):
    saved = []

    def score(module, batch, key):
        raise MemoryError("no room to evaluate")

    options = dict(held_out=[batch_at(99)], score=score, save=lambda module: saved.append(leaves(module)))
    with pytest.raises(MemoryError):
        training.fit(vae(), vae_loss, batch_at, config(evaluate_every=100), tmp_path, **options)
    again = training.fit(vae(), vae_loss, batch_at, config(evaluate_every=100), tmp_path)
    for a, b in zip(saved[0], leaves(again.module), strict=True):
        np.testing.assert_array_equal(a, b)


def test_all_evaluations_of_a_run_are_compiled_once(tmp_path):
    traced = []

    def score(module, batch, key):
        traced.append(module)
        return vae_loss(module, batch, key)

    options = dict(held_out=[batch_at(98), batch_at(99)], score=score)
    module, metrics = training.fit(vae(), vae_loss, batch_at, CONFIG, tmp_path, **options)
    assert len(traced) == 1
    assert training.evaluate(module, score, options["held_out"]) == metrics and len(traced) == 1


def test_nan_stops_it_with_the_steps_number(tmp_path):
    def bad(module, batch, key):
        value, metrics = vae_loss(module, batch, key)
        return value, metrics | {"loss": jnp.where(batch["step"][0] == 3, jnp.nan, value)}

    with pytest.raises(FloatingPointError, match="at step 4"):
        training.fit(vae(), bad, lambda step: batch_at(step) | {"step": np.full(8, step)}, CONFIG, tmp_path)
    assert [path.name for path in (tmp_path / "checkpoints").glob("[0-9]*")] == ["2"]  # not the spoiled one of step 4


def test_a_batch_that_does_not_divide_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: [jax.local_devices()[0]] * 3)
    with pytest.raises(training.TrainingError, match="batch_size 8 does not divide over 3 devices"):
        training.fit(vae(), vae_loss, batch_at, CONFIG, tmp_path)


@pytest.mark.parametrize(
    "setting, message",
    [
        (dict(warmup_steps=6), "warmup_steps must be less than steps, 6, not 6"),
        (dict(steps=0), "steps must be at least 1, not 0"),
        (dict(log_every=0), "log_every must be at least 1, not 0"),
        (dict(learning_rate=float("nan")), "learning_rate must be at least 0, not nan"),
        (dict(clip=0.0), "clip must be more than 0, not 0.0"),
        (dict(dtype="float33"), "^dtype must be float32 or bfloat16, not float33"),
        (dict(save_dtype="bf16"), "save_dtype must be float32 or bfloat16, not bf16"),
    ],
)
def test_impossible_settings_are_refused(tmp_path, setting, message):
    with pytest.raises(training.TrainingError, match=message):
        training.fit(vae(), vae_loss, batch_at, config(**setting), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_checkpoints_of_another_model_are_refused_in_one_line(trained):
    with pytest.raises(training.TrainingError, match="are of another model") as caught:
        training.fit(tiny.surrogate(), vae_loss, batch_at, CONFIG, trained[2])
    assert "\n" not in str(caught.value)


def test_one_step_in_bfloat16_keeps_float32_parameters():
    half = config(dtype="bfloat16")
    state, step = training_step.init_state(vae(), half), training_step.make_step(vae(), vae_loss, half)
    before = jax.tree.map(np.asarray, state["params"])
    state, metrics = step(state, batch_at(0))
    state, metrics = step(state, batch_at(1))  # warm-up: the first step's rate is 0
    assert np.isfinite(metrics["loss"])
    for old, new in zip(jax.tree.leaves(before), jax.tree.leaves(state["params"]), strict=True):
        assert new.dtype == jnp.float32 and np.isfinite(new).all()
        assert (old != new).any() or old.ndim == 1
