"""Pieces side by side: their files, and what they do not write over."""

import numpy as np
import pytest

from musicvae_jax import midi
from musicvae_jax.files import FileError
from surrogate.exploration import pieces
from surrogate.exploration.pieces import Pieces
from tests import song_model
from tests.bars import random_bars


def two():
    tokens = tuple(random_bars(4, seed=seed)[0].reshape(-1, 3) for seed in (0, 1))
    return Pieces("a to b", ("first </script>", "second"), tokens, 96.0)


def test_all_pieces_become_files_rolls_and_a_page(tmp_path):
    paths = two().save(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == ["1.mid", "2.mid", "page.html", "roll.png"]
    scores = [midi.read(path) for path in paths[:2]]
    assert [score.tempos[0].qpm for score in scores] == pytest.approx([96, 96])
    onsets = [[(tokens[:, column] >= 2).sum() for column in (0, 1)] for tokens in two().tokens]
    assert [[len(track.notes) for track in score.tracks[:2]] for score in scores] == onsets
    page = paths[2].read_text()
    assert "second" in page and "first </script>" not in page and paths[3].read_bytes()[:4] == b"\x89PNG"
    assert repr(two()) == "<Pieces: a to b; 2 of 4 bars>"


def test_without_matplotlib_all_but_the_picture_is_written(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.backend_bases", None)
    with pytest.raises(FileError, match="needs matplotlib"):
        two().save(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert [path.name for path in two().save(tmp_path / "out", picture=False)] == ["1.mid", "2.mid", "page.html"]


def test_what_is_read_and_models_are_never_written_into(tmp_path):
    song = tmp_path / "1.mid"
    song.write_bytes(b"mine")
    with pytest.raises(FileError, match=r"holds 1\.mid, which is read; give another output"):
        pieces.check(tmp_path, read=[song])
    with pytest.raises(FileError, match="is a file; give a folder"):
        pieces.check(song)
    model = song_model.save(tmp_path / "model")
    for folder in (model, f"{model}/surrogate", f"{model}/new"):
        with pytest.raises(FileError, match="is in a model's folder; give another output"):
            two().save(folder)
    assert song.read_bytes() == b"mine" and np.all([path.suffix != ".mid" for path in (tmp_path / "model").rglob("*")])
