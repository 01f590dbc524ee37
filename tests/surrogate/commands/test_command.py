"""The command accompany: one line a file, whole files or none, mistakes in one line."""

import os
import subprocess
import sys

import mido
import pytest

import surrogate
from surrogate.commands.accompany import main
from tests.melodies import quarters, write_midi
from tests.paths import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.mid"))


def run(capsys, *argv):
    """Exit code, stdout and stderr of the command."""
    try:
        code = main([str(word) for word in argv])
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


def test_command_writes_one_line_and_a_readable_file(capsys, accompanist, tmp_path):
    tempo = [(0, mido.MetaMessage("set_tempo", tempo=500000)), (1920, mido.MetaMessage("set_tempo", tempo=400000))]
    path = write_midi(tmp_path / "tune.mid", quarters(3), extra=tempo)
    code, out, err = run(capsys, path, f"--checkpoint={accompanist}", "--seed=5", "--temperature=0.9")
    output = tmp_path / "tune_accompanied.mid"
    assert (code, err) == (0, "")
    assert out.startswith(f"wrote {output}: 3 bars at 120 to 150 bpm, ") and out.count("\n") == 1
    song = surrogate.accompany(path, checkpoint=accompanist, seed=5, temperature=0.9)
    assert output.read_bytes() == song.score.dumps_midi()
    assert f"{song.takes[0].notes('bass')} bass notes, {song.takes[0].notes('drums')} drum hits" in out
    assert 'melody: track 1 "Tune"' in out
    code, out, _ = run(capsys, path, f"--checkpoint={accompanist}", f"--output={tmp_path / 'other.mid'}")
    assert code == 0 and sorted(os.listdir(tmp_path)) == ["other.mid", "tune.mid", "tune_accompanied.mid"]


BAD_FILES = {
    "missing": (None, "missing.mid"),
    "folder": ("folder", ""),
    "text": (b"not a MIDI file\n" * 10, ""),
    "empty": (b"", ""),
    "header only": (b"MThd", ""),
    "truncated": (EXAMPLES[0].read_bytes()[:300], ""),
    "no notes": ([], "no notes"),
    "drums only": ([(0, 480, 36, 80)], "only drums"),
    "beyond the piano": ([(0, 480, 10, 80)], "between pitches 21 and 108"),
    "five": ([(0, 480, 60, 80)], "5/4"),
    "coarse": ([(0, 2, 60, 80)], "16th"),
    "endless": ([(0, 480, 60, 80), (1920 * 5000, 1920 * 5000 + 480, 60, 80)], "5001 bars"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_ends_in_one_line(case, capsys, accompanist, tmp_path):
    content, complaint = BAD_FILES[case]
    path = tmp_path / f"{case.replace(' ', '_')}.mid"
    if content == "folder":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        special = {
            "drums only": {"channel": 9},
            "five": {"meter": (5, 4)},
            "coarse": {"resolution": 2},
        }
        write_midi(path, content, **special.get(case, {}))
    before = sorted(os.listdir(tmp_path))
    code, out, err = run(capsys, path, f"--checkpoint={accompanist}")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and "Traceback" not in err
    assert path.name in err and complaint in err
    assert sorted(os.listdir(tmp_path)) == before


BAD_FLAGS = {
    "temperature not a number": (["--temperature=hot"], "--temperature"),
    "temperature below zero": (["--temperature=-0.5"], "--temperature"),
    "temperature not finite": (["--temperature=inf"], "--temperature"),
    "seed not a number": (["--seed=one"], "--seed"),
    "seed below zero": (["--seed=-1"], "--seed"),
    "seed too large": (["--seed=99999999999"], "--seed"),
    "takes": (["--takes=0"], "--takes"),
    "too many takes": (["--takes=9"], "--takes"),
    "takes not a number": (["--takes=two"], "--takes"),
    "bass temperature": (["--bass-temperature=-1"], "--bass-temperature"),
    "drum temperature": (["--drum-temperature=nan"], "--drum-temperature"),
    "bass density": (["--bass-density=2.5"], "--bass-density"),
    "drum density": (["--drum-density=-3"], "--drum-density"),
    "density of a model without attributes": (["--drum-density=1"], "find_attributes"),
    "program": (["--program=128"], "--program"),
    "swing": (["--swing=0.9"], "--swing"),
    "pickup below zero": (["--pickup=-1"], "--pickup"),
    "pickup of a bar": (["--pickup=4"], "pickup of 4"),
    "keep": (["--keep=some"], "--keep"),
    "track there is not": (["--track=9"], "Tune"),
    "nothing to write": (["--no-bass", "--no-drums"], "bass and drums"),
    "like nothing": (["--like={folder}/none.mid"], "none.mid"),
    "like a song without a band": (["--like={folder}/tune.mid"], "so none can be like it"),
    "plot of no known kind": (["--plot={folder}/roll.xyz"], "roll.xyz"),
    "plot into a missing folder": (["--plot={folder}/no/roll.png"], "roll.png"),
    "page into a missing folder": (["--html={folder}/no/page.html"], "page.html"),
    "sound without a soundfont": (["--wav={folder}/out.wav", "--soundfont={folder}/none.sf2"], "none.sf2"),
    "unknown flag": (["--sed=1"], "--sed"),
    "unknown checkpoint": (["--checkpoint=no_such_model"], "no_such_model"),
    "output into a missing folder": (["--output={folder}/no/such/out.mid"], "out.mid"),
    "output below a file": (["--output={folder}/tune.mid/out.mid"], "out.mid"),
    "output is a folder": (["--output={folder}"], "not a file"),
    "output is the melody": (["--output={folder}/tune.mid"], "the melody itself"),
    "output is the melody by another name": (["--output={folder}/link.mid"], "the melody itself"),
}


@pytest.mark.parametrize("case", BAD_FLAGS)
def test_bad_flag_ends_in_one_line(case, capsys, accompanist, tmp_path):
    flags, complaint = BAD_FLAGS[case]
    path = write_midi(tmp_path / "tune.mid", quarters(2))
    (tmp_path / "link.mid").hardlink_to(path)
    content = path.read_bytes()
    flags = [flag.format(folder=tmp_path) for flag in flags]
    code, out, err = run(capsys, path, f"--checkpoint={accompanist}", *flags)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and complaint in err
    assert sorted(os.listdir(tmp_path)) == ["link.mid", "tune.mid"] and path.read_bytes() == content


def test_no_melody_given(capsys):
    code, out, err = run(capsys)
    assert (code, out, err.count("\n")) == (2, "", 1) and "melody" in err


def test_command_starts_lean_and_stays_quiet(accompanist, tmp_path):
    # Flax imports Optax by itself; what is ours to keep out is everything else that playing does not need.
    heavy = (
        "tensorflow",
        "note_seq",
        "matplotlib",
        "scipy",
        "pandas",
        "musicvae_jax.training",
        "surrogate.corpus.dataset",
    )
    program = (
        "import sys; from scripts.accompany import main; code = main(sys.argv[1:]); "
        f"print(code, [name for name in {heavy!r} if name in sys.modules])"
    )
    path = write_midi(tmp_path / "tune.mid", quarters(2))
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), f"--checkpoint={accompanist}"],
        cwd=ROOT,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.splitlines()[-1] == "0 []"
    assert (done.returncode, done.stderr) == (0, "")
    assert any((tmp_path / "cache" / "musicvae_jax" / "xla").iterdir()), "the next run need not compile"


def test_takes_are_numbered_and_looks_written(capsys, accompanist, tmp_path):
    pytest.importorskip("matplotlib")
    path = write_midi(tmp_path / "tune.mid", quarters(3))
    flags = ("--takes=2", f"--output={tmp_path / 'out.mid'}", f"--plot={tmp_path / 'out.png'}")
    code, out, err = run(capsys, path, f"--checkpoint={accompanist}", *flags, f"--html={tmp_path / 'out.html'}")
    assert (code, err) == (0, "") and "out_1.mid to out_2.mid, the best first: 3 bars" in out
    assert sorted(os.listdir(tmp_path)) == ["out.html", "out.png", "out_1.mid", "out_2.mid", "tune.mid"]


def test_many_files_of_which_a_bad_one_does_not_stop_the_rest(capsys, accompanist, tmp_path):
    songs, out = tmp_path / "songs", tmp_path / "out"
    (songs / "b").mkdir(parents=True)
    for name, bars in (("one", 3), ("b/two", 20), ("b/three", 17)):
        write_midi(songs / f"{name}.mid", quarters(bars))
    (songs / "bad.mid").write_bytes(b"no MIDI")
    (songs / "notes.txt").write_text("not music")
    code, told, err = run(
        capsys, songs, f"--output={out}", f"--checkpoint={accompanist}", f"--html={tmp_path / 'pages'}"
    )
    assert code == 2 and err.count("\n") == 1 and "bad.mid" in err
    assert told.count("wrote") == told.count("\n") == 3
    written = sorted(str(file.relative_to(out)) for file in out.rglob("*.mid"))
    assert written == ["b/three_accompanied.mid", "b/two_accompanied.mid", "one_accompanied.mid"]
    assert len(list((tmp_path / "pages").rglob("*.html"))) == 3
    alone = surrogate.accompany(songs / "b/two.mid", checkpoint=accompanist)
    assert (out / "b/two_accompanied.mid").read_bytes() == alone.score.dumps_midi()


def test_many_files_need_places_of_their_own(capsys, accompanist, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_midi(tmp_path / folder / "tune.mid", quarters(3))
    (tmp_path / "empty").mkdir()
    flags = f"--checkpoint={accompanist}", f"--output={tmp_path / 'out'}"
    for melodies, complaint in (
        ([tmp_path / "a" / "tune.mid", tmp_path / "b" / "tune.mid"], "same file"),
        ([tmp_path / "empty"], "holds no MIDI file"),
    ):
        code, out, err = run(capsys, *melodies, *flags)
        assert (code, out, err.count("\n")) == (2, "", 1) and complaint in err
    code, out, err = run(capsys, tmp_path / "a", flags[0])
    assert (code, out) == (2, "") and "give --output" in err


def test_help_names_every_option(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    told = capsys.readouterr().out
    assert stop.value.code == 0
    for group in ("the melody:", "what is written:", "how it sounds:", "to look at and to listen to"):
        assert group in told
    for name in (
        "track",
        "pickup",
        "swing",
        "keep",
        "takes",
        "like",
        "program",
        "no-drums",
        "html",
        "wav",
        "soundfont",
    ):
        assert f"--{name}" in told
