"""A work folder is its training's own, and one training's at a time: what lies there is not written over."""

import pytest

from musicvae_jax import checkpoint, files, run_record, work_folder
from musicvae_jax.training import TrainingError
from tests import tiny
from tests.surrogate.corpus.corpus_jobs import files_of


def refused(workdir, message):
    with pytest.raises(TrainingError, match=message) as caught, work_folder.occupy(workdir):
        raise AssertionError("it was let in")
    assert str(caught.value).startswith(str(workdir)) and "\n" not in str(caught.value)


@pytest.mark.parametrize("place", ["model", "model/new", "link/a/b"])
def test_a_models_folder_is_refused(tmp_path, place):
    checkpoint.save(tmp_path / "model", tiny.vae())
    (tmp_path / "link").symlink_to("model")
    before = files_of(tmp_path)
    refused(tmp_path / place, "is in a model's folder .*model.; give another")
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("name", ["metrics.csv", "checkpoints/2/x", "model/config.json", "parts/x", "tensorboard/x"])
def test_what_is_of_no_run_is_not_written_over(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("years of work")
    (tmp_path / "config.json").write_text("a run's of an earlier version, or anyone's")
    before = files_of(tmp_path)
    refused(tmp_path, f"holds {name.split('/')[0]} already, but no run.json")
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("text", ["{", "[]", '{"kind": "experiment", "settings": {}}'])
def test_a_run_json_of_another_kind_is_not_written_over(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    refused(tmp_path, "run.json: does not tell of a training; give another")
    assert files_of(tmp_path) == {"run.json": text.encode()}


def test_other_files_and_an_own_run_are_no_obstacle(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for step in (0, 2):
        with work_folder.occupy(tmp_path):
            assert run_record.begin(tmp_path, {"seed": 0}) == step
            (tmp_path / "checkpoints" / "2").mkdir(parents=True, exist_ok=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_two_trainings_do_not_work_in_one_folder(tmp_path):
    with work_folder.occupy(tmp_path):
        refused(tmp_path, "another training is at work in it; let it end, or give another --config.workdir")
    with work_folder.occupy(tmp_path):
        pass


def test_processes_of_one_training_share_its_folder(tmp_path, monkeypatch):
    with work_folder.occupy(tmp_path):
        monkeypatch.setattr("jax.process_index", lambda: 1)
        with work_folder.occupy(tmp_path):
            pass


def test_a_file_in_the_way_is_one_line(tmp_path):
    (tmp_path / "pack.npz").write_text("data")
    wanted = pytest.raises(files.FileError, match=r"pack\.npz: is a file; give a folder$")
    with wanted, work_folder.occupy(tmp_path / "pack.npz"):
        raise AssertionError("it was let in")
