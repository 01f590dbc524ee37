"""Metrics on hand-made windows, and the evaluation table on a tiny model."""

import json

import numpy as np
import pytest
from flax import nnx

import musicvae_jax
import surrogate
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from scripts import evaluate
from surrogate import metrics, plot, shards


def window(melody=(), bass=(), drums=()):
    tokens = np.zeros((1, 256, 3), np.uint16)
    for column, events in enumerate((melody, bass, drums)):
        for step, token in events:
            tokens[0, step, column] = token
    return tokens


def test_equal_windows_score_one():
    tokens = window([(0, 40), (4, 1)], [(0, 20)], [(0, 3), (8, 4)])
    assert set(metrics.score(tokens, tokens).values()) == {1.0}


def test_silence_is_accurate_but_has_no_onset():
    real, silent = window(bass=[(0, 20), (8, 22)]), window()
    assert metrics.accuracy(real, silent)["bass"] == pytest.approx(254 / 256)
    assert metrics.onset_f1(real, silent)["bass"] == 0


def test_a_wrong_pitch_is_an_onset_but_no_note():
    real, other = window(bass=[(0, 20), (8, 22)]), window(bass=[(0, 20), (8, 23)])
    scores = metrics.onset_f1(real, other)
    assert scores["bass"] == 1 and scores["bass_notes"] == 0.5


def test_a_note_off_is_no_onset():
    assert metrics.onset_f1(window(melody=[(0, 40), (4, 1)]), window(melody=[(0, 40)]))["melody"] == 1


def test_drums_count_drum_by_drum():
    real, other = window(drums=[(0, 0b101)]), window(drums=[(0, 0b011)])  # kick and hat; kick and snare
    assert metrics.onset_f1(real, other)["drums"] == pytest.approx(2 * 1 / (2 + 2))


def test_f1_of_nothing_and_nothing_is_one():
    assert metrics.onset_f1(window(), window())["drums"] == 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    musicvae_jax.save(folder, MusicVAE(MusicVAEConfig(4, "hierarchical", (6, 6), (6,), (6,)), rngs=nnx.Rngs(0)))
    config = surrogate.SurrogateConfig(z_size=4, width=16, layers=1, heads=2)
    surrogate.save(folder, surrogate.Surrogate(config, rngs=nnx.Rngs(1)))
    return folder


def test_evaluate_prints_and_writes_one_table(folder, tmp_path, capsys):
    tokens = np.concatenate([window([(i, 40)], [(i, 30)], [(i, 3)]) for i in range(20)])
    arrays = {"tokens": tokens, "tune": np.arange(20), "source": np.arange(20), "split": np.ones(20, np.uint8)}
    shards.write_pack(tmp_path / "pack.npz", [arrays.pop("tokens")], arrays)
    flags = [f"--input={tmp_path}/pack.npz", f"--checkpoint={folder}", f"--output={tmp_path}/out"]
    assert evaluate.main(flags) == 0
    printed = capsys.readouterr().out
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(results["generation"]) == {"prior mean", "melody alone, mean", "melody alone, sample", "true trio, mean"}
    for row, values in results["generation"].items():
        assert row in printed and f"{values['bass_f1']:.3f}" in printed
        assert all(0 <= value <= 1 for name, value in values.items() if name.endswith(("f1", "accuracy")))
    assert results["reconstruction"]["elbo"] < 0 < results["reconstruction"]["kl"]
    assert evaluate.main(flags) == 0
    assert capsys.readouterr().out == printed  # seeds are fixed


@pytest.mark.parametrize("what", ["--input=nowhere", "--checkpoint=nothing"])
def test_evaluate_refuses_in_one_line(folder, tmp_path, capsys, what):
    flags = {"--input": f"--input={tmp_path}", "--checkpoint": f"--checkpoint={folder}"}
    flags[what.split("=")[0]] = what
    assert evaluate.main(list(flags.values())) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_roll_is_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    tokens = np.concatenate([window([(0, 40)], [(4, 30)], [(8, 7)])[0]] * 2)
    plot.roll(tokens, tmp_path / "roll.png", title="a test")
    assert (tmp_path / "roll.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    plot.roll(np.zeros((16, 3), np.uint16), tmp_path / "empty.png")
