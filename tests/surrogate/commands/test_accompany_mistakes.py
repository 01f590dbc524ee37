"""Mistakes with the command accompany: one line each, exit code 2, and nothing written."""

import os

import pytest

from tests.commands import accompany
from tests.melodies import quarters, write_midi
from tests.paths import EXAMPLES

BAD_FILES = {
    "missing": (None, "missing.mid"),
    "folder": ("folder", ""),
    "text": (b"not a MIDI file\n" * 10, ""),
    "empty": (b"", ""),
    "header only": (b"MThd", ""),
    "truncated": ((EXAMPLES / "amazing_grace.mid").read_bytes()[:300], ""),
    "no notes": ([], "no notes"),
    "drums only": ([(0, 480, 36, 80)], "only drums"),
    "beyond the piano": ([(0, 480, 10, 80)], "between pitches 21 and 108"),
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
        }
        write_midi(path, content, **special.get(case, {}))
    before = sorted(os.listdir(tmp_path))
    code, out, err = accompany(capsys, path, f"--checkpoint={accompanist}")
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
    "density of a model of windows": (["--drum-density=1"], "cannot be given a density"),
    "program": (["--program=128"], "--program"),
    "swing": (["--swing=0.9"], "--swing"),
    "beats": (["--beats=mine"], "--beats"),
    "tempo too slow": (["--tempo=20"], "--tempo"),
    "tempo of the file's beats": (["--beats=file", "--tempo=93"], "argument --tempo is for beats that are found"),
    "key": (["--key=H minor"], "argument --key 'H minor' is no key; give one such as"),
    "pickup below zero": (["--pickup=-1"], "--pickup"),
    "pickup of a bar": (["--pickup=4"], "pickup of 4"),
    "keep": (["--keep=some"], "--keep"),
    "replace without keep": (["--replace"], 'argument --replace is for keep="all"'),
    "track there is not": (["--track=9"], "Tune"),
    "no chord": (["--chords=C | Am Fx"], 'argument --chords bar 2: "Fx" is no chord; write chords as C, Am7'),
    "no chord at all": (["--chords=-"], "argument --chords holds no chord; write bars as"),
    "chords and none": (["--chords=C", "--no-chords"], "argument --no-chords: not allowed with argument --chords"),
    "chords of a missing file": (
        ["--chords={folder}/none.txt"],
        "none.txt: cannot be read (No such file or directory)",
    ),
    "chords of a file that is none": (["--chords={folder}/tune.mid"], "tune.mid"),
    "chords for a model of windows": (["--chords=C | F"], "cannot be given chords"),
    "chords of a model of windows": (["--chords-out={folder}/out.txt"], "writes no chords"),
    "chords into another kind": (["--chords-out={folder}/out.mid"], "out.mid: must end in .txt"),
    "other harmonies of one take": (
        ["--reharmonise"],
        "argument --reharmonise needs takes to differ: ask for two or more",
    ),
    "other harmonies of windows": (["--reharmonise", "--takes=2"], "cannot be given other harmonies"),
    "nothing to write": (["--no-bass", "--no-drums"], "--no-bass and --no-drums leave nothing"),
    "like nothing": (["--like={folder}/none.mid"], "none.mid"),
    "like a song without a band": (["--like={folder}/tune.mid"], "so none can be like it"),
    "plot of no known kind": (["--plot={folder}/roll.xyz"], "roll.xyz"),
    "plot into a missing folder": (["--plot={folder}/no/roll.png"], "roll.png"),
    "page into a missing folder": (["--html={folder}/no/page.html"], "page.html"),
    "sound without a soundfont": (["--wav={folder}/out.wav", "--soundfont={folder}/none.sf2"], "none.sf2"),
    "unknown flag": (["--sed=1"], "--sed"),
    "unknown checkpoint": (["--checkpoint=no_such_model"], "no_such_model"),
    "output into a missing folder": (["--output={folder}/no/such/out.mid"], "out.mid: cannot be written: there is no"),
    "output of another kind": (["--output={folder}/out.txt"], "out.txt: must end in .mid"),
    "page of another kind": (["--html={folder}/out.mid"], "out.mid: must end in .html"),
    "sound of another kind": (["--wav={folder}/out.mp3"], "out.mp3: must end in .wav"),
    "soundfont without sound": (["--soundfont={folder}/font.sf2"], "--soundfont is for --wav"),
    "like no file": (["--like=/dev/zero"], "/dev/zero: is no regular file"),
    "output below a file": (["--output={folder}/tune.mid/out.mid"], "out.mid"),
    "output is a folder": (["--output={folder}"], "not a file"),
    "output is the melody": (["--output={folder}/tune.mid"], "the melody itself"),
    "output is the melody by another name": (["--output={folder}/link.mid"], "the melody itself"),
}


TEXTS = ("checkpoint", "track", "key", "output", "like", "plot", "html", "wav", "soundfont", "chords", "chords-out")
BAD_FLAGS |= {f"{name} empty": ([f"--{name}="], f"argument --{name}: must not be empty") for name in TEXTS}


@pytest.mark.parametrize("case", BAD_FLAGS)
def test_bad_flag_ends_in_one_line(case, capsys, accompanist, tmp_path):
    flags, complaint = BAD_FLAGS[case]
    path = write_midi(tmp_path / "tune.mid", quarters(2))
    (tmp_path / "link.mid").hardlink_to(path)
    content = path.read_bytes()
    flags = [flag.format(folder=tmp_path) for flag in flags]
    code, out, err = accompany(capsys, path, f"--checkpoint={accompanist}", *flags)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and complaint in err
    assert sorted(os.listdir(tmp_path)) == ["link.mid", "tune.mid"] and path.read_bytes() == content


def test_no_melody_given(capsys):
    code, out, err = accompany(capsys)
    assert (code, out, err.count("\n")) == (2, "", 1) and "melody" in err
