"""The evaluation from songs to table, with a band that needs no model."""

import csv
import json
import math
import os
import sys

import jax
import numpy as np
import pytest

import musicvae_jax
from musicvae_jax import CheckpointError
from surrogate.commands import evaluate as script
from surrogate.corpus import encoding_job
from surrogate.evaluation import comparison, forest, metrics, report, rows, selection
from surrogate.model import bands
from tests.surrogate.evaluation.bands import EchoBand

ROWS = ["another song", "rule", "nearest neighbour", "accompany", "oracle", "human"]


@pytest.fixture(scope="module")
def pack(corpus_settings, tmp_path_factory):
    """Whole songs, of the training and of the validation split."""
    path = tmp_path_factory.mktemp("pack") / "songs.npz"
    encoding_job.run(corpus_settings(path, unit="song"))
    return path


@pytest.fixture(autouse=True)
def band(monkeypatch):
    """Takes the place of every model's."""
    band = EchoBand()
    monkeypatch.setattr(bands, "around", lambda vae, checkpoint: band)
    monkeypatch.setattr(forest, "TREES", 5)
    return band


def test_a_table_is_printed_and_written(model_folder, songs, pack, band, tmp_path, capsys):
    flags = [f"--input={songs}", f"--neighbours={pack}", f"--checkpoint={model_folder}", "--tells", "--seed=3"]
    assert script.main([*flags, f"--output={tmp_path}/out", "--rolls=1"]) == 0
    printed, progress = capsys.readouterr()
    assert "skipped bad.mid" in progress and ("row/s" in progress or "s/row" in progress)
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (results["songs"], results["tunes"], results["seeds"]) == (8, 8, 3)
    assert printed.startswith(f"8 songs, 8 tunes, {results['bars']} bars, of {songs}\n")
    assert [call.seed for call in band.calls] == [3, 4, 5]
    table = results["rows"]
    assert list(table) == ROWS
    for row, columns in table.items():
        assert f"\n| {row} " in printed
        assert list(columns) == [column for column in comparison.COLUMNS if column in columns]
        for name, x in columns.items():
            assert x["value"] is None or x["lo"] <= x["hi"]
            assert "f1" not in name or 0 <= x["lo"] <= x["value"] <= x["hi"] <= 1
    assert set(comparison.COLUMNS) - set(table["human"]) == {"auc", *metrics.LIKENESS}
    assert set(table["accompany"]) == set(comparison.COLUMNS)
    assert set(results["differences"]["accompany"]) == {"rule", "nearest neighbour", "human"}
    for name, x in results["differences"]["accompany"]["rule"].items():
        if x["value"] is None:
            continue
        assert x["value"] == pytest.approx(table["accompany"][name]["value"] - table["rule"][name]["value"])
        line = next(line for line in printed.splitlines() if line.startswith("accompany less rule: "))
        assert (f"{name} {x['value']:+.3f}" in line.split("; within chance: ")[0]) == (x["lo"] > 0 or x["hi"] < 0)
    tells = results["tells"]["accompany"]
    away = [abs(tell["auc"] - 0.5) for tell in tells]
    assert away == sorted(away, reverse=True)
    last = printed.splitlines()[-10:]
    assert [line.split()[0] for line in last] == [tell["feature"] for tell in tells[:10]]
    with (tmp_path / "out" / "results.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == sum(map(len, table.values()))
    assert float(lines[0]["value"]) == table[lines[0]["row"]][lines[0]["column"]]["value"]
    assert sorted(os.listdir(tmp_path / "out")) == [
        "bars.png",
        "results.csv",
        "results.json",
        "roll-0.png",
    ]
    assert script.main(flags) == 0
    assert capsys.readouterr().out == printed  # seeds are fixed


def test_what_a_checkpoint_or_the_user_lacks_is_left_out(model_folder, pack, capsys, monkeypatch):
    def load(vae, checkpoint):
        raise CheckpointError(f"{checkpoint}: has no surrogate")

    monkeypatch.setattr(bands, "around", load)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    assert script.main([f"--input={pack}", f"--checkpoint={model_folder}", "--tells"]) == 0
    printed, notices = capsys.readouterr()
    assert "nearest neighbour" not in printed and "accompany" not in printed and "| oracle" in printed
    assert "auc" not in printed
    assert f"evaluate: {model_folder}: has no surrogate; its row is left out\n" in notices
    assert f"evaluate: {report.NO_NEIGHBOURS}\n" in notices
    assert "evaluate: no auc: it needs scikit-learn; pip install '.[evaluate]'\n" in notices


def test_a_library_call_leaves_jax_as_it_was(model_folder, pack, capsys):
    cache_folder = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)  # as a notebook has it
    try:
        before = dict(jax.config.values)
        assert report.run(pack, checkpoint=model_folder, max_songs=1).startswith("1 songs, 1 tunes, ")
        assert dict(jax.config.values) == before
    finally:
        jax.config.update("jax_compilation_cache_dir", cache_folder)
    assert not capsys.readouterr().out


def test_without_matplotlib_there_are_no_pictures(model_folder, pack, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    report.run(pack, checkpoint=model_folder, max_songs=2, output=tmp_path)
    assert "bars.png: needs matplotlib; pip install '.[media]'\n" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["results.csv", "results.json"]


def test_one_song_can_be_judged(model_folder, pack, capsys):
    assert script.main([f"--input={pack}", f"--checkpoint={model_folder}", "--max_songs=1", "--seeds=1"]) == 0
    printed = capsys.readouterr().out
    assert "another song" not in printed and "auc" not in printed and "nan" not in printed


@pytest.mark.parametrize(
    "wrong",
    [
        "--input=nowhere",
        "--input=EMPTY",
        "--input=WINDOWS",
        "--checkpoint=nothing",
        "--neighbours=nowhere",
        "--neighbours=WINDOWS",
        "--max_songs=0",
        "--seeds=0",
        "--seed=-1",
        "--temperature=1",
        "--nothing",
    ],
)
def test_a_mistake_is_told_in_one_line(corpus_settings, model_folder, pack, tmp_path, capsys, wrong):
    if "WINDOWS" in wrong:
        encoding_job.run(corpus_settings(tmp_path / "windows.npz"))
        wrong = wrong.replace("WINDOWS", str(tmp_path / "windows.npz"))
        capsys.readouterr()
    (tmp_path / "empty").mkdir()
    flags = [f"--input={pack}", f"--checkpoint={model_folder}", f"--neighbours={pack}"]
    try:
        code = script.main([*flags, wrong.replace("EMPTY", str(tmp_path / "empty"))])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2 and not captured.out
    assert len(captured.err.splitlines()) == 1 and captured.err.startswith("evaluate: ")


def songs_by(*numbers):
    """One song a number: 17 bars in which the bass repeats itself, and so many bars with a bass in the last 16."""
    found = []
    for number in numbers:
        tokens = np.zeros((17, 16, 3), np.uint16)
        tokens[:, 0] = 41, 20, 1
        tokens[: 1 + number, 8, 1] = 22
        found.append(tokens.reshape(-1, 3))
    return found


def test_a_column_is_the_mean_over_songs_that_have_a_value():
    real = songs_by(0, 8)
    given = [selection.Song(tokens, None, 100.0, tune, 0) for tune, tokens in enumerate(real)]
    written = [[songs_by(16, 16)[0], np.zeros_like(real[1])]]
    compared = comparison.compare(given, {"rule": written, "human": [real]}, judge=False, resamples=20)
    of_songs = comparison.of_songs(given, written[0])
    assert of_songs["bass_density"].tolist() == [2, 0] and compared.table["rule"]["bass_density"]["value"] == 1
    assert math.isnan(of_songs["bass_on_kick"][1]) and compared.table["rule"]["bass_on_kick"]["value"] == 0.5
    assert compared.table["human"]["bass_density"]["value"] == pytest.approx((18 + 26) / 2 / 17)
    assert compared.table["rule"]["bass_onset_f1"]["value"] == pytest.approx((2 * 18 / (18 + 34) + 0) / 2)
    assert not compared.tells and "auc" not in compared.table["rule"]


def test_of_several_draws_each_column_shows_its_own_median():
    draws = [
        {"a": np.array([0.0, np.nan]), "b": np.array([3.0, 3])},
        {"a": np.array([2.0, 4]), "b": np.array([1.0, 1])},
    ]
    draws.append({"a": np.array([1.0, 1]), "b": np.array([2.0, 4])})
    found = comparison.medians(draws)
    assert found["a"].tolist() == [1, 1] and found["b"].tolist() in ([3, 3], [2, 4])
    assert comparison.medians(draws[:2])["b"].tolist() == [1, 1]  # the lower one


def test_a_table_as_text():
    number = {"value": -0.0001, "lo": None, "hi": None}
    text = report.as_markdown({"a": {"auc": number}, "long name": {"crashes": number | {"value": 123.456}}})
    assert text.splitlines() == [
        "|           |   auc | crashes |",
        "|-----------|------:|--------:|",
        "| a         | 0.000 |         |",
        "| long name |       |   123.5 |",
    ]


def test_what_gives_it_away_as_text():
    text = report.as_text([forest.Tell("bass_octaves", 0.9, 0.25, 12.34), forest.Tell("fills", 0.2, 1.0, 0.0)])
    assert text.splitlines() == [
        "feature         AUC  people  accompany",
        "bass_octaves  0.900   0.250       12.3",
        "fills         0.200   1.000      0.000",
    ]


def test_results_hold_no_nan(tmp_path):
    table = {"a": {"auc": {"value": math.nan, "lo": math.nan, "hi": 1.0}}}
    report.write(tmp_path, {}, comparison.Comparison(table, {}, {}))
    written = json.loads((tmp_path / "results.json").read_text())
    assert written["rows"]["a"]["auc"] == {"value": None, "lo": None, "hi": 1}


def test_the_checkpoints_own_musicvae_is_the_oracle(model_folder, songs):
    vae, given = musicvae_jax.load(model_folder), selection.read(songs, 2)
    assert np.array_equal(rows.write(given, vae=vae)["oracle"][0][0], rows.of_windows(vae, given)[0])
