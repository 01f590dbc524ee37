"""What commands say survives any stdout, stays in its line, and an interrupt ends quietly."""

import gc
import importlib
import io
import os
import subprocess
import sys
import time

import mido
import pytest

import musicvae_jax
from surrogate.commands import console
from surrogate.commands.parser import Parser
from tests.commands import accompany
from tests.melodies import quarters, write_midi
from tests.paths import ROOT

TELLS = (
    "import sys; from surrogate.commands.console import tell; sys.exit(max([tell('play', w) for w in sys.argv[1:]]))"
)
HELPS = "from surrogate.commands.accompany import main; main(['--help'])"
MODULES = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))


def python(program, *words, **options):
    return subprocess.Popen([sys.executable, "-c", program, *words], cwd=ROOT, stderr=subprocess.PIPE, **options)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_what_stdout_cannot_encode_becomes_escapes(encoding):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = python(TELLS, "旋律 é", os.fsdecode(b"caf\xe9"), stdout=subprocess.PIPE, env=environment)
    out, err = done.communicate()
    expected = "旋律 é\ncaf\udce9\n".encode(encoding, "backslashreplace")
    assert (done.returncode, out.replace(b"\r", b""), err) == (0, expected, b"")


@pytest.mark.parametrize("program", [TELLS, HELPS], ids=["result", "help"])
def test_a_reader_who_has_gone_is_no_mistake(program):
    reading, writing = os.pipe()
    os.close(reading)
    done = python(program, "one", "two", stdout=writing)
    os.close(writing)
    assert (done.communicate()[1], done.returncode) == (b"", 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="has no device that is always full")
@pytest.mark.parametrize("program", [TELLS, HELPS], ids=["result", "help"])
def test_a_stdout_that_cannot_be_written_is_one_line(program):
    with open("/dev/full", "wb") as full:
        done = python(program, "one", "two", stdout=full)
        err = done.communicate()[1].decode()
    assert done.returncode == 2 and err.endswith(": stdout cannot be written: No space left on device\n")
    assert err.count("\n") == 1


def test_no_stdout_at_all_is_no_mistake(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    assert console.tell("play", "one") == 0


def test_the_closing_line_is_one_line_in_any_encoding(accompanist, tmp_path, monkeypatch):
    song = mido.MidiFile(write_midi(tmp_path / "first.mid", quarters(2)))
    song.tracks[0][0] = mido.MetaMessage("track_name", name="旋律".encode().decode("latin-1"))
    song.save(tmp_path / "a\nb\x1b[31m.mid")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    from surrogate.commands.accompany import main

    assert main([str(tmp_path / "a\nb\x1b[31m.mid"), f"--checkpoint={accompanist}"]) == 0
    out = written.getvalue().decode("cp1252")
    assert out.count("\n") == 1 and "a\\nb\\x1b[31m_accompanied.mid" in out and 'track 1 "\\u65cb\\u5f8b"' in out
    assert (tmp_path / "a\nb\x1b[31m_accompanied.mid").exists()


def test_a_mistake_is_one_line_whatever_the_file_is_called(capsys, tmp_path):
    code, out, err = accompany(capsys, tmp_path / "no\nsuch\t\x1b[31m.mid")
    assert (code, out) == (2, "") and err.endswith("no\\nsuch\\t\\x1b[31m.mid: there is no such file\n")
    assert err.count("\n") == 1
    assert str(musicvae_jax.FileError("a\x85b\u2028\x00", "fails")) == "a\\x85b\\u2028\\x00: fails"
    assert console.refuse("play", "two\n  lines,  \x07") == 2
    assert capsys.readouterr().err == "play: two lines,  \\x07\n"


@pytest.mark.parametrize("module", MODULES)
def test_an_interrupt_ends_in_one_line(module, capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Parser, "parse_known_args", interrupt)
    code = importlib.import_module(f"surrogate.commands.{module}").main([])
    assert (code, *capsys.readouterr()) == (130, "", f"{module}: interrupted\n")


def test_an_interrupt_is_not_lost_in_a_callback(capsys):
    class Callback:
        def __del__(self):
            raise KeyboardInterrupt

    @console.interruptible("play")
    def main(argv):
        Callback()
        end = time.monotonic() + 10
        while time.monotonic() < end:
            time.sleep(0.01)
        return 0

    hook = sys.unraisablehook
    assert (main([]), *capsys.readouterr()) == (130, "", "play: interrupted\n")
    assert sys.unraisablehook is hook


def test_an_interrupt_that_became_another_error_is_one(capsys):
    @console.interruptible("play")
    def main(argv):
        try:
            try:
                raise KeyboardInterrupt
            except KeyboardInterrupt:
                raise ValueError("metadata") from None
        except ValueError as error:
            return console.refuse("play", error)

    assert (main([]), *capsys.readouterr()) == (130, "", "play: interrupted\n")


def test_an_interrupt_leaves_no_partial_file(capsys, accompanist, tmp_path, monkeypatch):
    path = write_midi(tmp_path / "tune.mid", quarters(2))
    replace = os.replace

    def interrupt_page(draft, target):
        if str(target).endswith(".html"):
            raise KeyboardInterrupt
        replace(draft, target)

    monkeypatch.setattr(os, "replace", interrupt_page)
    code, out, err = accompany(capsys, path, f"--checkpoint={accompanist}", f"--html={tmp_path / 'page.html'}")
    assert (code, out, err) == (130, "", "accompany: interrupted\n")
    assert sorted(os.listdir(tmp_path)) == ["tune.mid", "tune_accompanied.mid"]


def test_an_error_of_the_system_names_file_and_reason(tmp_path, capsys):
    with pytest.raises(OSError) as caught:
        (tmp_path / "no.csv").open()
    assert console.refuse("play", caught.value) == 2
    assert capsys.readouterr().err == f"play: {tmp_path}/no.csv: No such file or directory\n"


def test_no_garbage_is_looked_for_while_modules_are_imported():
    with console.importing():
        assert not gc.isenabled()
    assert gc.isenabled()
