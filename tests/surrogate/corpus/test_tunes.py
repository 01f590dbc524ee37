"""Tunes by their table or by their notes, and their splits."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from surrogate.corpus import dataset, encoding_job, tunes
from surrogate.corpus.errors import DatasetError
from surrogate.evaluation import selection


@pytest.mark.parametrize(("validation", "test"), [(0.3, 0.2), (0.0, 0.0), (0.0, 1.0)])
def test_splits_have_their_fractions_and_follow_the_seed(validation, test):
    ids = [tunes.tune_id(str(i)) for i in range(4000)]
    split = [tunes.split_of(tune, validation, test) for tune in ids]
    shares = np.bincount(split, minlength=3) / len(ids)
    np.testing.assert_allclose(shares, (1 - validation - test, validation, test), atol=0.03)
    other = [tunes.split_of(tune, validation, test, seed=1) for tune in ids]
    assert (split != other) == (0 < validation < 1)


TEXT = "file,tune_group\nDvořák.mid,9\n"


def table(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_a_table_is_in_utf_8_whatever_the_locale(tmp_path):
    paths = [table(tmp_path / f"{encoding}.csv", TEXT, encoding) for encoding in ("utf-8", "utf-8-sig")]
    code = f"""
from surrogate.corpus.tunes import TuneTable
for path in {[str(path) for path in paths]}:
    print(ascii(TuneTable.read(path).groups))
"""
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | ascii_locale, capture_output=True, text=True)
    assert done.stdout.splitlines() == [ascii({"Dvořák.mid": "9"})] * 2, done.stderr


@pytest.mark.parametrize(
    ("text", "encoding", "why"),
    [
        ("name,tune_group\na.mid,1\n", "utf-8", "has no column file"),
        ("file\n", "utf-8", "has no column tune_group"),
        ("", "utf-8", "has no column file"),
        ("file,tune_group\na.mid,1\nb.mid\n", "utf-8", "line 3 lacks its file or tune_group"),
        ("file,tune_group\na.mid,\n", "utf-8", "line 2 lacks its file or tune_group"),
        (TEXT, "utf-16", "is not in UTF-8"),
        ("file,tune_group\ncafé.mid,9\n", "latin-1", "is not in UTF-8"),
        ("file,tune_group\n" + "a" * 200_000 + ",9\n", "utf-8", "not a table"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path, text, encoding, why):
    with pytest.raises(DatasetError) as caught:
        tunes.TuneTable.read(table(tmp_path / "t.csv", text, encoding))
    assert why in str(caught.value) and str(tmp_path / "t.csv") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_a_table_tunes_go_by_their_notes():
    nothing = tunes.TuneTable.read("")
    assert nothing.tune_id("a.mid", "notes") == tunes.tune_id("notes")
    assert nothing.mismatch(["a.mid"]) == {} and nothing.describe_mismatch(["a.mid"]) == ""


@pytest.fixture
def misspelt(songs, tmp_path):
    """A table of the songs with one name misspelt."""
    text = (songs / "tunes.csv").read_text()
    return table(tmp_path / "misspelt.csv", text.replace("1/song1.mid", "1/song_1.mid"))


COUNTS = {"rows_without_file": 1, "files_without_row": 2}  # song1.mid and bad.mid
WORDS = "misspelt.csv: 1 rows match no file, 2 files have no row and are tunes by their own notes"


def test_names_that_do_not_match_are_counted_and_told(corpus_settings, misspelt, tmp_path):
    for name in ("out", "out.npz"):
        line = encoding_job.run(corpus_settings(tmp_path / name, tunes=str(misspelt)))
        assert f"; {WORDS}; " in line
        assert dataset.open(tmp_path / name).manifest["tune_table"] == COUNTS
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["tune_table"] == COUNTS


def test_a_table_that_matches_is_passed_over(corpus_settings, songs, tmp_path):
    folder = tmp_path / "songs"
    shutil.copytree(songs, folder)
    (folder / "bad.mid").unlink()
    line = encoding_job.run(corpus_settings(tmp_path / "out.npz", input=str(folder)))
    assert "tunes.csv" not in line
    assert not any(dataset.open(tmp_path / "out.npz").manifest["tune_table"].values())


def test_an_evaluation_tells_of_names_that_do_not_match(songs, misspelt, capsys):
    selection.read(songs, 4, tunes=misspelt)
    assert f"evaluate: {WORDS}\n" in capsys.readouterr().err
