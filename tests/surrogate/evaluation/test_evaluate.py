"""The evaluation from songs to table, on a tiny model."""

import csv
import json
import math
import os
import sys

import jax
import numpy as np
import pytest
from flax import nnx

import musicvae_jax
import surrogate
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from surrogate.commands import evaluate as script
from surrogate.corpus import dataset, shards
from surrogate.evaluation import comparison, metrics, report, rows, selection
from surrogate.reading import keys

ROWS = [
    "another song", "rule", "nearest neighbour", "prior z", "mean z", "BiLSTM", "transformer", "transformer, sample",
    "transformer, best of 8", "transformer, refined", "accompany", "oracle", "human",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model with a surrogate and random weights."""
    folder = tmp_path_factory.mktemp("model")
    musicvae_jax.save(folder, MusicVAE(MusicVAEConfig(4, "hierarchical", (6, 6), (6,), (6,)), rngs=nnx.Rngs(0)))
    config = surrogate.SurrogateConfig(z_size=4, width=16, layers=1, heads=2)
    surrogate.save(folder, surrogate.Surrogate(config, rngs=nnx.Rngs(1)))
    return folder


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """20 validation windows of 10 songs, one a tune, and 20 of training."""
    rng = np.random.default_rng(0)
    tokens = np.where(rng.random((40, 256, 3)) < 0.2, rng.integers(30, 50, (40, 256, 3)), 0).astype(np.uint16)
    song = np.arange(40) // 2
    path = tmp_path_factory.mktemp("pack") / "pack.npz"
    shards.write_pack(path, [tokens], {"tune": song + 100, "source": song, "split": np.repeat([1, 0], 20).astype("u1")})
    return path


def test_a_table_is_printed_and_written(folder, pack, tmp_path, capsys):
    flags = [f"--input={pack}", f"--neighbours={pack}", f"--checkpoint={folder}", f"--output={tmp_path}/out"]
    assert script.main([*flags, "--rolls=1"]) == 0
    printed, progress = capsys.readouterr()
    assert "row/s" in progress or "s/row" in progress
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (results["windows"], results["songs"], results["tunes"]) == (20, 10, 10)
    table = results["rows"]
    assert list(table) == [row for row in ROWS if row != "BiLSTM"]
    for row, columns in table.items():
        assert f"| {row} " in printed
        for name, x in columns.items():
            assert name == "frechet" or x["lo"] <= x["hi"]
            assert "f1" not in name or 0 <= x["lo"] <= x["value"] <= x["hi"] <= 1
    assert set(table["human"]) == set(metrics.PROPERTIES) | {"frechet"}
    assert table["oracle"]["r2"]["value"] == 1 and abs(table["mean z"]["r2"]["value"]) < 1e-6
    assert table["human"]["frechet"]["value"] == pytest.approx(0, abs=1e-6)
    gap = {
        row: table["nearest neighbour"]["bits"]["value"] - table[row]["bits"]["value"]
        for row in table
        if row != "human"
    }
    assert results["headline"]["transformer"]["value"] == pytest.approx(gap["transformer"] / gap["oracle"])
    assert "of the gap in bits" in printed.splitlines()[-1]
    differences = results["differences"]
    assert {row: list(others) for row, others in differences.items()} == {
        "accompany": ["rule", "nearest neighbour", "human"]
    }
    for name, x in differences["accompany"]["rule"].items():
        assert x["value"] == pytest.approx(table["accompany"][name]["value"] - table["rule"][name]["value"])
        sure = x["lo"] > 0 or x["hi"] < 0
        line = next(line for line in printed.splitlines() if line.startswith("accompany less rule: "))
        assert (f"{name} {x['value']:+.3f}" in line.split("; within chance: ")[0]) == sure
    with (tmp_path / "out" / "results.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == sum(map(len, table.values()))
    assert float(lines[0]["value"]) == table[lines[0]["row"]][lines[0]["column"]]["value"]
    assert script.main([*flags, "--rolls=0"]) == 0
    assert capsys.readouterr().out == printed  # seeds are fixed


def test_without_neighbours_or_surrogate_their_rows_are_left_out(model_folder, pack, capsys):
    assert script.main([f"--input={pack}", f"--checkpoint={model_folder}", "--max_windows=3"]) == 0
    printed, notices = capsys.readouterr()
    assert "nearest neighbour |" not in printed and "transformer" not in printed and "| oracle" in printed
    assert report.NO_NEIGHBOURS in printed and "has no surrogate" in notices


def test_a_library_call_leaves_jax_as_it_was(model_folder, pack, capsys):
    cache_folder = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)  # as a notebook has it
    try:
        before = dict(jax.config.values)
        assert report.run(pack, checkpoint=model_folder, max_windows=2).startswith("2 windows of ")
        assert dict(jax.config.values) == before
    finally:
        jax.config.update("jax_compilation_cache_dir", cache_folder)
    assert not capsys.readouterr().out


def test_without_matplotlib_there_are_no_pictures(model_folder, pack, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    report.run(pack, checkpoint=model_folder, max_windows=2, output=tmp_path)
    assert "bars.png: needs matplotlib; pip install '.[media]'\n" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["results.csv", "results.json"]


def test_one_window_can_be_judged(folder, pack, capsys):
    assert script.main([f"--input={pack}", f"--checkpoint={folder}", "--max_windows=1", "--temperature=0,1"]) == 0
    printed = capsys.readouterr().out
    assert "another song" not in printed and "frechet" not in printed and "nan" not in printed


@pytest.mark.parametrize(
    "wrong",
    [
        "--input=nowhere",
        "--input=EMPTY",
        "--checkpoint=nothing",
        "--neighbours=nowhere",
        "--temperature=1,2,3",
        "--temperature=-1",
        "--temperature=hot",
        "--max_windows=0",
        "--seed=-1",
        "--nothing",
    ],
)
def test_a_mistake_is_told_in_one_line(folder, pack, tmp_path, capsys, wrong):
    flags = [f"--input={pack}", f"--checkpoint={folder}", wrong.replace("EMPTY", str(tmp_path))]
    try:
        code = script.main(flags)
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2 and not captured.out
    lines = [line for line in captured.err.splitlines() if "rows are left out" not in line]
    assert len(lines) == 1 and lines[0].startswith("evaluate: ")


def test_songs_of_a_folder_are_in_c_and_know_their_tune(request, capsys):
    midi = request.getfixturevalue("songs")
    windows = selection.read(midi, 1000, tunes=midi / "tunes.csv")
    assert "bad.mid" in capsys.readouterr().err
    assert len(np.unique(windows.source)) == 8 and len(np.unique(windows.tune)) == 7
    for song in np.unique(windows.source):
        assert keys.semitones_to_c(windows.tokens[windows.source == song, :, 0]) == 0
    without_table = selection.read(midi, 1000)
    assert len(np.unique(without_table.tune)) == 8
    np.testing.assert_array_equal(without_table.tokens, windows.tokens)
    few = selection.read(midi, 5)
    assert len(few.tokens) == 5
    for window, source, shift in zip(few.tokens, few.source, few.shift, strict=True):
        same = windows.source == source  # drawn or not, a song's key is that of all its windows
        assert (windows.shift[same] == shift).all() and (windows.tokens[same] == window).all((1, 2)).any()


@pytest.mark.parametrize("content", [b"file,tune\na,b\n", b"\xff\xfe\x00"])
def test_a_wrong_table_of_tunes_is_refused(request, tmp_path, content):
    (tmp_path / "tunes.csv").write_bytes(content)
    with pytest.raises(dataset.DatasetError, match="tunes.csv"):
        selection.read(request.getfixturevalue("songs"), 5, tunes=tmp_path / "tunes.csv")


def test_the_best_draw_is_the_melodys(folder, pack):
    vae, encoder = musicvae_jax.load(folder), surrogate.load(folder)
    tokens = selection.read(pack, 6).tokens
    mu, sigma = vae.encode(tokens)
    found = rows.of_surrogate(vae, encoder.predict(tokens[..., 0]), tokens, mu, sigma, seed=3)
    assert list(found) == ["transformer", "transformer, sample", "transformer, best of 8", "transformer, refined"]
    best, one = (vae.log_prob(tokens, found[row].z)[:, 0] for row in (rows.BEST, rows.SAMPLE))
    assert (best >= one).all() and (best > one).any()
    assert all(row.z.shape == mu.shape and row.z.dtype == np.float32 for row in found.values())


def test_all_rows_stand_from_floors_to_ceilings(folder, pack):
    vae, encoder = musicvae_jax.load(folder), surrogate.load(folder)
    windows, neighbours = selection.read(pack, 3), selection.training(pack, 20)
    compared = comparison.compare(vae, encoder, encoder, windows, neighbours, resamples=10)
    assert list(compared.table) == list(compared.generated) == ROWS
    assert compared.table["BiLSTM"] == {name: x for name, x in compared.table["transformer"].items() if name != "kl"}


def test_the_melody_is_kept_and_the_rest_is_generated(folder, pack):
    windows = selection.read(pack, 4)
    vae = musicvae_jax.load(folder)
    compared = comparison.compare(vae, None, None, windows, resamples=10)
    assert not compared.headline
    for row, tokens in compared.generated.items():
        assert (tokens[..., 0] == windows.tokens[..., 0]).all()
        assert row == "human" or (tokens[..., 1:] != windows.tokens[..., 1:]).any()


def test_a_table_as_text():
    number = {"value": -0.0001, "lo": None, "hi": None}
    text = report.as_markdown({"a": {"r2": number}, "long name": {"frechet": number | {"value": 123.456}}})
    assert text.splitlines() == [
        "|           |    r2 | frechet |",
        "|-----------|------:|--------:|",
        "| a         | 0.000 |         |",
        "| long name |       |   123.5 |",
    ]


def test_results_hold_no_nan(tmp_path):
    table = {"a": {"r2": {"value": math.nan, "lo": math.nan, "hi": 1.0}}}
    report.write(tmp_path, {}, comparison.Comparison(table, {}, {}, {}))
    assert json.loads((tmp_path / "results.json").read_text())["rows"]["a"]["r2"] == {
        "value": None,
        "lo": None,
        "hi": 1,
    }
