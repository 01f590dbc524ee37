"""The prepared run on an accelerator, at small size on a CPU: a program of each kind, a stand-in of the training."""

import pathlib
import sys

import pytest

from benchmarks import gpu, programs


def stand_in(config, command):
    """Trains nothing, and leaves what a training leaves."""
    for name in ("metrics.csv", "parts/model.tar.000"):
        path = pathlib.Path(config.workdir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return f"{config.task} on {config.data}, batches of {config.batch_size}"


def test_it_compares_measures_trains_and_keeps_what_came_of_it(tmp_path, monkeypatch):
    pytest.importorskip("tensorflow")
    step, encode = programs.training_steps()["musicvae_small"], programs.inference(bars=16)["encode bars"]
    monkeypatch.setattr(programs, "training_steps", lambda: {"musicvae_small": step})
    monkeypatch.setattr(programs, "inference", lambda **sizes: {"encode bars": encode})
    monkeypatch.setattr(gpu, "_SMALL_STEPS", {"musicvae_small": gpu._SMALL_STEPS["musicvae_small"]})
    monkeypatch.setattr(gpu, "_BATCHES", (1,))
    monkeypatch.setattr(gpu, "_SHARE_OF_THE_REST", 0)  # as many steps as there are at least
    monkeypatch.setattr(gpu.train, "run", stand_in)
    flags = ["--config=musicvae_small", "--small", "--minutes=60", "--data=songs.npz", f"--output={tmp_path}"]
    monkeypatch.setattr(sys, "argv", ["gpu", *flags])
    gpu.main()
    report = (tmp_path / "report.md").read_text()
    assert report.count("of Magenta's (1e-5 is promised)") == 3
    errors = [float(line.split("within ")[1].split()[0]) for line in report.splitlines() if "within" in line]
    assert max(errors) < 1e-5
    rows = [line.split(" | ") for line in report.splitlines() if line.startswith(("| step", "| encode"))]
    assert [row[0] for row in rows] == ["| step of musicvae_small, 2", "| encode bars"]
    assert all(float(row[3]) > 0 and float(row[4]) > 0 for row in rows)
    assert "Trained musicvae_small for 10 steps: bar_musicvae on songs.npz, batches of 2." in report
    assert [(tmp_path / name).read_text() for name in ("metrics.csv", "model.tar.000")] == [
        "metrics.csv", "parts/model.tar.000",
    ]  # fmt: skip
