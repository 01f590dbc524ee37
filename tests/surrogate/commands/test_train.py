"""The train command: what it refuses, how it goes on, and what it leaves."""

import os
import subprocess
import sys

import numpy as np
import pytest

from musicvae_jax import checkpoint, training
from surrogate.commands import train
from surrogate.configs import bilstm, window_musicvae, window_transformer
from surrogate.corpus import dataset, encoding_job, shards
from surrogate.corpus.errors import DatasetError
from surrogate.model import card, window_surrogate
from tests import tiny
from tests.arrays import random_tokens
from tests.melodies import random_model
from tests.surrogate.corpus.corpus_jobs import files_of

SMALL = dict(width=16, layers=1, heads=2)
VAE = dict(z_size=4, encoder_sizes=(6, 6), conductor_sizes=(6,), decoder_sizes=(6,))
FEW = dict(steps=2, warmup_steps=1, batch_size=4, evaluate_windows=4)


def write_pack(path, manifest=None, **fields):
    fields |= {"tune": np.arange(32) // 2, "split": np.repeat(np.array([0, 1], np.uint8), 16)}
    shards.write_pack(path, [random_tokens(0, 32)], fields, manifest)
    return path


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return write_pack(tmp_path_factory.mktemp("pack") / "pack.npz", {"config": {"in_c": False}}, source=np.arange(32))


@pytest.fixture(scope="module")
def corpus(corpus_settings, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "corpus"
    encoding_job.run(corpus_settings(path))
    return path


def settings(module, data, workdir, *, model=(), **changes):
    config = module.get_config()
    config.update(data=str(data), workdir=str(workdir), **FEW | changes)
    config.model.update(VAE if module is window_musicvae else SMALL, **dict(model))
    return config


def test_a_pack_is_refused_for_a_surrogate(pack, model_folder, tmp_path):
    with pytest.raises(checkpoint.CheckpointError, match="holds no latents to learn from; encode it"):
        train.run(settings(window_transformer, pack, tmp_path / "run", checkpoint=str(model_folder)))
    assert not (tmp_path / "run").exists()


def test_a_corpus_of_another_model_is_refused(corpus, accompanist, tmp_path):
    with pytest.raises(checkpoint.CheckpointError, match="its latents have 4 numbers, those of .* 8"):
        train.run(settings(window_transformer, corpus, tmp_path / "run", checkpoint=accompanist))
    with pytest.raises(checkpoint.CheckpointError, match="neither a pretrained model"):
        train.run(settings(window_transformer, corpus, tmp_path / "run", checkpoint="nowhere"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("module", [window_transformer, bilstm])
def test_songs_in_other_keys_than_asked_for_are_refused(corpus, model_folder, tmp_path, module):
    config = settings(module, corpus, tmp_path / "run", checkpoint=str(model_folder), model={"in_c": True})
    with pytest.raises(checkpoint.CheckpointError, match="corpus: in their own keys, model.in_c: in C"):
        train.run(config)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "module, changes, message",
    [
        (window_musicvae, dict(warmup_steps=2), "warmup_steps must be less than steps, 2, not 2"),
        (window_musicvae, dict(batch_size=64), "train split has 16 windows, fewer than one batch of 64"),
        (window_musicvae, dict(task="vae"), "task must be one of .*musicvae, window_surrogate, not vae"),
        (window_musicvae, dict(model=dict(encoder="flat")), "^model: "),
        (window_transformer, dict(model=dict(heads=3)), "^model: twice the heads must divide width"),
        (window_transformer, dict(checkpoint=""), "give --config.checkpoint=MODEL"),
    ],
)
def test_what_makes_no_run_is_refused_before_it_begins(pack, corpus, model_folder, tmp_path, module, changes, message):
    data = pack
    if module is window_transformer:
        data, changes = corpus, dict(checkpoint=str(model_folder)) | changes
    with pytest.raises((training.TrainingError, DatasetError), match=message) as caught:
        train.run(settings(module, data, tmp_path / "run", **changes))
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_a_run_goes_on_as_it_was_begun_or_not_at_all(pack, tmp_path, capsys):
    train.run(settings(window_musicvae, pack, tmp_path))
    assert "going on" not in capsys.readouterr().err
    train.run(settings(window_musicvae, pack, tmp_path, log_every=1), "musicvae-train")
    assert "\nmusicvae-train: going on from step 2\n" in "\n" + capsys.readouterr().err
    for changes, message in [
        (dict(learning_rate=0.5), "learning_rate=0.004, not 0.5"),
        (dict(model=dict(z_size=8)), "model.z_size=4, not 8"),
    ]:
        with pytest.raises(training.TrainingError, match=f"was begun with {message}"):
            train.run(settings(window_musicvae, pack, tmp_path, **changes))
    other = write_pack(tmp_path / "other.npz")
    with pytest.raises(training.TrainingError, match="was begun with data="):
        train.run(settings(window_musicvae, other, tmp_path))


@pytest.mark.parametrize("workdir, message", [("model", "is in a model's folder"), ("pack.npz", "is a file; give a")])
def test_a_work_folder_that_is_something_else_is_refused_by_the_name_that_was_called(
    pack, tmp_path, monkeypatch, capsys, workdir, message
):
    checkpoint.save(tmp_path / "model", tiny.vae())
    (tmp_path / "pack.npz").write_bytes(pack.read_bytes())
    before = files_of(tmp_path)
    monkeypatch.setattr("sys.argv", ["bin/musicvae-train"])
    flags = [f"--config.{name}={value}" for name, value in FEW.items()]
    flags += [f"--config.model.{name}={value}".replace(" ", "") for name, value in VAE.items()]
    flags += [f"--config.data={tmp_path}/pack.npz", f"--config.workdir={tmp_path}/{workdir}"]
    assert train.main(["--config=window_musicvae", *flags]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"musicvae-train: {tmp_path}/{workdir}: {message}") and said.count("\n") == 1
    assert files_of(tmp_path) == before


def test_a_models_folder_tells_of_its_own_training(corpus_settings, tmp_path):
    teacher = random_model(tmp_path / "teacher")
    (tmp_path / "teacher" / "README.md").write_text("What the teacher is.")
    encoding_job.run(corpus_settings(tmp_path / "corpus", checkpoint=teacher))
    train.run(settings(window_transformer, tmp_path / "corpus", tmp_path / "run", checkpoint=teacher, part="bilstm"))
    model = tmp_path / "run" / "model"
    assert window_surrogate.load(model).config.in_c is False
    written = (model / "README.md").read_text()
    [own] = [section for section in written.split("## ") if section.startswith("Surrogate encoder `bilstm`")]
    data = dataset.open(tmp_path / "corpus")
    assert f"- Data: {len(data.indices('train'))} windows, " in own and "songs in their own keys." in own
    assert "2 steps of 4 examples in float32" in own and "- On held-out tunes: " in own and "loss " in own
    taken = "Taken over from the model that training was given, as it was."
    assert written.count(taken) == 2 and "teacher" not in written and str(tmp_path) not in written
    card.write(model, "bilstm", checkpoint.DEFAULT)
    assert "Taken over from trio_16bar_small, as it was." in (model / "README.md").read_text()


def test_a_model_is_there_when_its_evaluation_fails(pack, tmp_path, monkeypatch):
    def evaluate(*args, **options):
        raise MemoryError("no room")

    monkeypatch.setattr(training, "evaluate", evaluate)
    with pytest.raises(MemoryError):
        train.run(settings(window_musicvae, pack, tmp_path))
    assert checkpoint.load(tmp_path / "model").config.z_size == 4
    assert "- Training: 2 steps" in (tmp_path / "model" / "README.md").read_text()


def test_data_that_tells_nothing_is_trusted_with_a_warning(tmp_path, model_folder, capsys):
    latents = dict(mu=np.zeros((32, 4), np.float32), sigma=np.ones((32, 4), np.float32))
    old = write_pack(tmp_path / "old.npz", **latents)
    train.run(settings(window_transformer, old, tmp_path / "run", checkpoint=str(model_folder)))
    warned = capsys.readouterr().err
    assert "does not tell whether its songs are in C; trusting that they are in their own keys" in warned
    assert "does not tell whose latents it holds; trusting" in warned
    told = (tmp_path / "run" / "model" / "README.md").read_text()
    assert "- Data: 16 windows, 8 tunes to train on; 16 windows, 8 tunes held out; songs in their own keys." in told


def test_it_runs_from_a_pack_alone_without_a_midi_library(pack, tmp_path):
    code = """
import sys
sys.modules["symusic"] = sys.modules["mido"] = None
from surrogate.commands import train
sys.exit(train.main())
"""
    flags = [f"--config.{name}={value}" for name, value in FEW.items()]
    flags += [f"--config.model.{name}={value}".replace(" ", "") for name, value in VAE.items()]

    def start(*more):
        command = [sys.executable, "-c", code, "--config=configs/window_musicvae.py", f"--config.data={pack}", *flags]
        environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
        command += [f"--config.workdir={tmp_path}/run", *more]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    done = start()
    assert done.returncode == 0, done.stderr
    assert "validation loss" in done.stdout and list((tmp_path / "run" / "parts").glob("model.tar.*"))
    refused = start("--config.seed=1")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "was begun with seed=0, not 1" in refused.stderr and refused.stderr.count("\n") == 1
