"""The command that opens the studio."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from surrogate.commands import accompany, studio
from tests.paths import EXAMPLES, ROOT


def refused(capsys, *argv, main=studio.main):
    """The line with which the command refuses."""
    try:
        code = main([str(word) for word in argv])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err


@pytest.mark.skipif(sys.platform == "win32", reason="sends an interrupt")
def test_it_prints_its_address_answers_there_and_ends_quietly():
    command = [sys.executable, "-m", "scripts.accompany", "--studio", "--no-browser", EXAMPLES / "ode_to_joy.mid"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        [address] = re.findall(r"^the studio is at (http://127\.0\.0\.1:\d+/[\w-]{32}/)#first until Ctrl-C$", line)
        with urllib.request.urlopen(f"{address}examples", timeout=60) as answer:
            assert {"name": "ode_to_joy", "title": "Ode to Joy"} in json.load(answer)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(address.rpartition("/")[0].rpartition("/")[0], timeout=60)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "", "")
    finally:
        process.kill()


def test_mistakes_end_in_a_line(capsys, monkeypatch, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"argument --port: {port} cannot be used" in refused(capsys, "--port", port)
    assert "argument --port: 70000 cannot be used" in refused(capsys, "--port", 70000)
    assert "nothing.mid: cannot be read: No such file" in refused(capsys, tmp_path / "nothing.mid")
    assert "there is no such soundfont" in refused(capsys, "--soundfont", tmp_path / "font.sf2")
    assert "studio: none: neither a pretrained model" in refused(capsys, "--checkpoint", "none")
    assert "unrecognized arguments: --seed" in refused(capsys, "--studio", "--seed=3", main=accompany.main)
    monkeypatch.setattr(studio.importlib.util, "find_spec", lambda name: None)
    assert refused(capsys) == "studio: needs the extra studio: pip install '.[studio]'\n"
