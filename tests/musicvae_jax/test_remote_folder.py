"""Work folders in an object store, of which a stand-in is a folder of the test."""

import pytest
from etils import epath

from musicvae_jax import remote_folder, training
from musicvae_jax.remote_folder import at_hand
from tests.arrays import leaves
from tests.tiny import CONFIG, batch_at, config, vae, vae_loss


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Where the stand-in keeps what is written to gs://bucket."""
    monkeypatch.setattr(
        remote_folder, "AnyPath", lambda url: epath.Path(str(url).replace("gs:/", str(tmp_path / "gs")))
    )
    return tmp_path / "gs/bucket/run"


def test_a_training_writes_there_and_goes_on_from_there(store, tmp_path):
    def train(steps):
        with at_hand("gs://bucket/run") as (workdir, checkpoints):
            settings = config(steps=6, evaluate_every=99)
            batches = batch_at if steps == 6 else lambda step: batch_at(step) if step < steps else 1 / 0
            options = dict(checkpoints=checkpoints, held_out=[batch_at(99)])
            return training.fit(vae(), vae_loss, batches, settings, workdir, **options).module

    with pytest.raises(ZeroDivisionError):
        train(5)
    first = (store / "metrics.csv").read_text()
    assert (store / "checkpoints/4").is_dir() and "4,train,loss" in first and "6,train,loss" not in first
    resumed = train(6)
    assert (store / "metrics.csv").read_text().startswith(first) and (store / "curves.png").exists()
    assert next((store / "tensorboard").iterdir())
    whole = training.fit(vae(), vae_loss, batch_at, CONFIG, tmp_path / "local").module
    for a, b in zip(leaves(resumed), leaves(whole), strict=True):
        assert (a == b).all()


def test_a_store_that_cannot_be_reached_is_refused_in_one_line(monkeypatch):
    def unreachable(url):
        raise ImportError("no library\nfor gs://")

    monkeypatch.setattr(remote_folder, "AnyPath", unreachable)
    with (
        pytest.raises(training.TrainingError, match="^gs://bucket/run: cannot be written .no library for gs://.$"),
        at_hand("gs://bucket/run"),
    ):
        pass


def test_a_folder_of_this_machine_is_itself(tmp_path):
    with at_hand(tmp_path) as (workdir, checkpoints):
        assert (str(workdir), str(checkpoints)) == (str(tmp_path), f"{tmp_path}/checkpoints")
