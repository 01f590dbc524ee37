"""The command line that makes the tables of feel again."""

import numpy as np
import pytest
import symusic

from surrogate.commands import fit_feel
from surrogate.rendering import timing


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """80 short songs with melody, bass and drums of random velocities, off the grid, and one that is none."""
    folder = tmp_path_factory.mktemp("feel")
    for number in range(80):
        rng = np.random.default_rng(number)
        score = symusic.Score(96)
        for program, is_drum, pitch in ((0, False, 72), (33, False, 40), (0, True, 42)):
            track = symusic.Track(program=program, is_drum=is_drum)
            start = np.arange(1, 129) * 48 + rng.integers(-3, 4, 128)
            velocity = rng.integers(40, 120, 128)
            pitch = pitch + (0 if is_drum else rng.integers(0, 8, 128))
            columns = start, np.full(128, 48), np.broadcast_to(pitch, 128), velocity
            types = np.int32, np.int32, np.int8, np.int8
            track.notes = symusic.Note.from_numpy(*(c.astype(t) for c, t in zip(columns, types, strict=True)))
            score.tracks.append(track)
        score.dump_midi(folder / f"{number}.mid")
    (folder / "bad.mid").write_bytes(b"MThd, but no more")
    return folder


def test_writes_tables_and_figures(folder, tmp_path, capsys):
    assert fit_feel.main([f"--input={folder}", f"--output={tmp_path / 'tables'}"]) == 0
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "pickup.npz",
        "timing.json",
        "velocity.json",
    ]
    fitted = timing.from_json((tmp_path / "tables" / "timing.json").read_text())
    assert fitted.bass[0][0] == pytest.approx(5.2 * 2, rel=0.1) and fitted.held == pytest.approx(0.97, abs=0.03)
    said = capsys.readouterr().out
    assert "1 files skipped" in said
    assert "drums accent r" in said and "cut, 3, found another" in said


def test_tunes_stay_on_one_side(folder, tmp_path, capsys):
    tunes = tmp_path / "tunes.csv"
    tunes.write_text("file,tune_group\n" + "".join(f"{number}.mid,same\n" for number in range(80)))
    assert fit_feel.main([f"--input={folder}", f"--tunes={tunes}", f"--output={tmp_path}"]) == 2
    assert "songs to learn from" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [["--input=nowhere"], ["--input={}", "--tunes=nowhere.csv"]])
def test_a_mistake_is_one_line(folder, tmp_path, capsys, flags):
    assert fit_feel.main([flag.format(folder) for flag in flags] + [f"--output={tmp_path}"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("fit_feel: ") and said.err.count("\n") == 1
    assert not said.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flags", [[], ["--input=x", "--workers=0"], ["--input=x", "--worker=1"]])
def test_a_wrong_flag_is_one_line(capsys, flags):
    with pytest.raises(SystemExit) as stop:
        fit_feel.main(flags)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
