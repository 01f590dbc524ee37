"""Downloads against a server that breaks off, ignores ranges, changes the file, or is not there."""

import hashlib
import http.server
import threading

import numpy as np
import pytest

from musicvae_jax import download, magenta
from surrogate.commands import import_checkpoint
from tests.paths import DATA

BUNDLE = DATA / "magenta" / "tiny_hierdec_trio_adam" / "bundle.tar"
CONTENT = np.random.default_rng(0).bytes(3_000_000)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves server.content; breaks off after server.breaks.pop(0) bytes, and obeys ranges if server.ranges."""

    def do_GET(self):
        self.server.requests.append(self.headers.get("Range"))
        if self.path.startswith("/missing"):
            return self.send_error(404)
        content, start = self.server.content, 0
        if self.server.ranges and (wanted := self.headers.get("Range")):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.end_headers()
            return None
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", hashlib.md5(content).hexdigest())
        self.end_headers()
        body = content[start:]
        self.wfile.write(body[: self.server.breaks.pop(0)] if self.server.breaks else body)
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.breaks, server.ranges, server.requests = CONTENT, [], True, []
    server.url = f"http://127.0.0.1:{server.server_port}/model.tar"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(server, folder, **options):
    path, digest = download.fetch(server.url, folder, pause=0.01, **options)
    assert path.read_bytes() == server.content
    assert digest == hashlib.sha256(server.content).hexdigest()
    assert (folder / "model.tar.sha256").read_text() == f"{digest}  model.tar\n"
    assert sorted(x.name for x in folder.iterdir()) == ["model.tar", "model.tar.sha256"]


def test_a_file_is_downloaded_once(server, tmp_path, capsys):
    fetch(server, tmp_path / "cache")
    assert "3.00M" in capsys.readouterr().err  # the progress bar
    fetch(server, tmp_path / "cache")
    assert len(server.requests) == 1


def test_a_broken_connection_is_gone_on_with(server, tmp_path):
    server.breaks = [1_200_000, 0, 700_000]
    fetch(server, tmp_path)
    assert server.requests == [None, "bytes=1200000-", "bytes=1200000-", "bytes=1900000-"]


def test_the_next_call_goes_on_where_the_last_gave_up(server, tmp_path):
    server.breaks = [2_000_000, 0, 0]
    with pytest.raises(download.DownloadError, match=r"2 MB are here.*again.*--input"):
        fetch(server, tmp_path, attempts=2)
    assert not (tmp_path / "model.tar").exists()
    fetch(server, tmp_path)
    assert server.requests[-1] == "bytes=2000000-"


def test_a_server_without_ranges_starts_over(server, tmp_path):
    server.breaks, server.ranges = [1_000_000], False
    fetch(server, tmp_path)


def test_a_file_that_changed_meanwhile_starts_over(server, tmp_path):
    server.breaks = [1_000_000, 0]
    with pytest.raises(download.DownloadError):
        fetch(server, tmp_path, attempts=1)
    server.breaks, server.content = [], CONTENT[::-1]
    fetch(server, tmp_path)


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_nothing_follows(server, tmp_path, size):
    """A whole part is taken, one that is too long is not."""
    (tmp_path / "model.tar.part").write_bytes((CONTENT + b"longer")[:size])
    fetch(server, tmp_path)
    assert len(server.requests) == (1 if size == len(CONTENT) else 2)


def test_a_changed_file_in_the_cache_is_noticed(server, tmp_path):
    fetch(server, tmp_path)
    (tmp_path / "model.tar").write_bytes(b"something else")
    with pytest.raises(download.DownloadError, match=r"model.tar: not the file .* delete it"):
        fetch(server, tmp_path)


def test_what_cannot_be_had_is_said_in_one_line(server, tmp_path):
    with pytest.raises(download.DownloadError, match="answers 404") as caught:
        download.fetch(server.url.replace("/model", "/missing"), tmp_path, pause=0.01)
    assert "\n" not in str(caught.value)
    with pytest.raises(download.DownloadError, match=r"cannot be downloaded .*refused.*--input"):
        download.fetch("http://127.0.0.1:9/model.tar", tmp_path, attempts=2, pause=0.01)


def test_without_input_the_official_checkpoint_is_fetched_into_the_cache(server, tmp_path, monkeypatch, capsys):
    server.content = BUNDLE.read_bytes()
    monkeypatch.setattr(magenta, "OFFICIAL", server.url)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert import_checkpoint.main([f"--output={tmp_path}/model"]) == 0
    digest = hashlib.sha256(server.content).hexdigest()
    assert f"SHA-256 {digest}" in capsys.readouterr().out
    assert (tmp_path / "musicvae_jax" / "model.tar").is_file()
    assert server.url in (tmp_path / "model" / "config.json").read_text()
    assert import_checkpoint.main([f"--output={tmp_path}/again"]) == 0
    assert len(server.requests) == 1
