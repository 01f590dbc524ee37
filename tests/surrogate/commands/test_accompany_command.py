"""The command accompany: one line a file, whole files or none, mistakes in one line."""

import os
import subprocess
import sys

import mido
import pytest

import surrogate
from surrogate.accompaniment.options import RANGES, range_text
from surrogate.rendering import sound
from tests.commands import accompany
from tests.melodies import quarters, write_midi
from tests.paths import ROOT


def test_command_writes_one_line_and_a_readable_file(capsys, accompanist, tmp_path):
    tempo = [(0, mido.MetaMessage("set_tempo", tempo=500000)), (1920, mido.MetaMessage("set_tempo", tempo=400000))]
    path = write_midi(tmp_path / "tune.mid", quarters(3), extra=tempo)
    code, out, err = accompany(capsys, path, f"--checkpoint={accompanist}", "--seed=5", "--temperature=0.9")
    output = tmp_path / "tune_accompanied.mid"
    assert (code, err) == (0, "")
    assert out.startswith(f"wrote {output}: 3 bars at 120 to 150 bpm, ") and out.count("\n") == 1
    song = surrogate.accompany(path, checkpoint=accompanist, seed=5, temperature=0.9)
    assert output.read_bytes() == song.takes[0].content
    assert f"{song.takes[0].notes('bass')} bass notes, {song.takes[0].notes('drums')} drum hits" in out
    assert 'melody: track 1 "Tune"' in out
    code, out, _ = accompany(capsys, path, f"--checkpoint={accompanist}", f"--output={tmp_path / 'other.mid'}")
    assert code == 0 and sorted(os.listdir(tmp_path)) == ["other.mid", "tune.mid", "tune_accompanied.mid"]


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
        "starlette",
        "uvicorn",
        "surrogate.commands.studio",
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


def test_the_closing_line_names_every_file_and_what_was_assumed(capsys, accompanist, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    path = write_midi(tmp_path / "tune.mid", quarters(3))
    monkeypatch.setattr(sound, "ready", lambda path, font: (None, font))  # whether or not there is a synthesiser
    monkeypatch.setattr(sound, "find_soundfont", lambda path, font: font)
    monkeypatch.setattr(sound, "render", lambda score, path, soundfont: path.write_bytes(b"sound"))
    takes, picture, page, wave = (tmp_path / name for name in ("out.mid", "out.png", "out.html", "out.wav"))
    looks = f"--plot={picture}", f"--html={page}", f"--wav={wave}"
    flags = "--takes=2", f"--output={takes}", "--swing=0.6", *looks
    code, out, err = accompany(capsys, path, f"--checkpoint={accompanist}", *flags)
    assert (code, err) == (0, "")
    names = f"{tmp_path / 'out_1.mid'} to out_2.mid, the best first, {picture}, {page}, {wave}"
    assert out.startswith(f"wrote {names}: 3 bars at 120 bpm, ")
    song = surrogate.accompany(path, checkpoint=accompanist, swing=0.6)
    assert out.endswith(f"; {song.assumptions}\n") and "swing: second eighth at 0.60 of a beat, as asked" in out
    assert "key: " in out and "meter: 4/4" in out and "pickup: none" in out
    assert sorted(os.listdir(tmp_path)) == ["out.html", "out.png", "out.wav", "out_1.mid", "out_2.mid", "tune.mid"]


def test_help_names_every_option_and_its_range(capsys):
    code, out, _ = accompany(capsys, "--help")
    assert code == 0
    for group in ("the melody:", "what is written:", "how it sounds:", "to look at and to listen to"):
        assert group in out
    told = " ".join(out.split())
    for name in RANGES:
        of_flag = told.split(f"--{name.replace('_', '-')} ")[-1].split(" --")[0]
        assert range_text(name) in of_flag, name
    for name in (
        "track",
        "key",
        "keep",
        "no-bass",
        "no-drums",
        "no-ending",
        "like",
        "plot",
        "html",
        "wav",
        "soundfont",
    ):
        assert f"--{name}" in out
