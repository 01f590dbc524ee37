"""The command explore: what each subcommand writes and prints, and how mistakes end."""

import pytest

from surrogate.commands.explore import main
from surrogate.exploration import directions, interpolation
from tests import commands, melodies
from tests.paths import DATA, EXAMPLES

A, B = EXAMPLES / "korobeiniki.mid", EXAMPLES / "ode_to_joy.mid"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return melodies.random_model(tmp_path_factory.mktemp("model"))


def explore(capsys, *argv):
    return commands.run(main, capsys, *argv)


def test_pieces_are_written_and_told_of(capsys, tmp_path, model, monkeypatch):
    monkeypatch.setattr(interpolation, "_TRIED", 3)
    out = tmp_path / "found"
    for command, files in {
        ("generate", "--songs=2"): 2,
        ("interpolate", A, B, "--steps=3"): 3,
        ("reconstruct", DATA / "synth" / "synth_00.mid"): 2,
    }.items():
        folder = out.with_name(f"{command[0]}")
        code, told, complaint = explore(capsys, *command, f"--checkpoint={model}", f"--output={folder}")
        assert (code, complaint) == (0, ""), complaint
        expected = {f"{number}.mid" for number in range(1, files + 1)} | {"page.html", "roll.png"}
        assert {path.name for path in folder.iterdir()} == expected and f"wrote {folder}/1.mid, 2.mid" in told
    assert "track" in told and "onset_f1" in told


def test_a_map_and_a_table_of_attributes(capsys, tmp_path, window_corpus, model_folder, monkeypatch):
    monkeypatch.setattr(directions, "LEAST", 8)
    monkeypatch.setattr(directions, "_TRIED", 1)
    monkeypatch.setattr(directions, "STRIDES", (0.0, 1.0))
    folder = tmp_path / "map"
    code, told, _ = explore(capsys, "map", window_corpus, f"--checkpoint={model_folder}", f"--output={folder}")
    assert (
        code == 0 and "songs by split" in told and {path.name for path in folder.iterdir()} == {"map.html", "map.png"}
    )
    code, told, _ = explore(capsys, "attributes", window_corpus, f"--checkpoint={model_folder}")
    assert code == 0 and len(told.splitlines()) == 9
    moved = "--by=density=1", "--by=bass_range=-1", f"--song={A}", f"--output={tmp_path / 'moved'}"
    code, told, _ = explore(capsys, "attributes", window_corpus, f"--checkpoint={model_folder}", *moved)
    assert code == 0 and "3: density +1, bass_range -1" in told and (tmp_path / "moved" / "3.mid").is_file()


def test_without_matplotlib_the_rest_is_written(capsys, tmp_path, model, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.backend_bases", None)
    code, _, complaint = explore(
        capsys, "generate", "--songs=1", f"--checkpoint={model}", f"--output={tmp_path / 'out'}"
    )
    assert code == 0 and complaint.count("\n") == 1 and "needs matplotlib" in complaint
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"1.mid", "page.html"}


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (["interpolate", A, B], "explore interpolate: the following arguments are required: --output"),
        (["interpolate", A, "none.mid", "--output=OUT"], "explore: none.mid: there is no such file"),
        (["interpolate", A, B, "--steps=1", "--output=OUT"], "explore interpolate: argument --steps: must be 2 to 64"),
        (["interpolate", A, B, f"--output={A.parent}"], "which is read; give another output"),
        (["generate", "--bars=1025", "--output=OUT"], "explore generate: argument --bars: must be 1 to 1024, not 1025"),
        (["generate", "--temperature=-1", "--output=OUT"], "argument --temperature: must be 0 or more, not -1"),
        (["generate", f"--melody={A}", "--corpus=none", "--output=OUT"], "give --melody, or --corpus to walk through"),
        (["generate", "--checkpoint=none", "--output=OUT"], "explore: none: neither a pretrained model"),
        (["attributes", "none", "--by=density=1"], "to move a song give --song, --by and --output"),
        (["attributes", "none", "--by=loud=1"], "argument --by: there is no loud, only melody_density"),
        (["attributes", "none", "--by=density=x"], "argument --by: must be as in density=1.5, not density=x"),
        (["attributes", "none"], "explore: none: neither a pack (.npz) nor an encoded corpus"),
        (["map", "none", "--output=OUT"], "explore: none: neither a pack (.npz) nor an encoded corpus"),
        (["reconstruct", "pack.npz", "--output=OUT"], "a pack's songs are many, and only told of"),
        (["walk"], "invalid choice: 'walk'"),
    ],
)
def test_a_mistake_ends_in_one_line(capsys, tmp_path, argv, complaint):
    out = tmp_path / "out"
    code, told, line = explore(capsys, *(str(word).replace("OUT", str(out)) for word in argv))
    assert (code, told, line.count("\n")) == (2, "", 1) and complaint in line, line
    assert not out.exists()
