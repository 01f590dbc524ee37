"""The studio's server: who may ask, what may be sent, and what becomes of many changes at once."""

import concurrent.futures
import functools
import pathlib
import tempfile
import time

import httpx
import numpy as np
import pytest
from starlette.testclient import TestClient

from musicvae_jax.checkpoint import CheckpointError
from surrogate.studio import guard, server
from surrogate.studio.bandleader import Bandleader
from surrogate.studio.melody_reader import MelodyFile
from tests.melodies import quarters, write_midi
from tests.mutations import MUTATIONS
from tests.paths import EXAMPLES
from tests.surrogate.studio import studio_page, studios
from tests.surrogate.studio.studios import ADDRESS, PORT, TOKEN, PlainBand


@pytest.fixture(scope="module")
def plain():
    with studios.client(PlainBand()) as asked:
        yield asked


def test_its_own_page_and_programs_of_this_machine_are_answered(plain):
    for host in ("127.0.0.1", "localhost"):
        origin = {"origin": f"http://{host}:{PORT}"}
        assert plain.get("examples", headers={"host": f"{host}:{PORT}"}).status_code == 200
        answer = plain.post("works", json={"example": "korobeiniki"}, headers=origin)
        assert answer.status_code == 200
        assert answer.headers["referrer-policy"] == "no-referrer" and "frame-ancestors" in str(answer.headers)
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        (f"{ADDRESS}/", {"host": "evil.example"}),
        (f"{ADDRESS}/", {"host": f"evil.example:{PORT}"}),
        (f"{ADDRESS}/", {"host": "127.0.0.1"}),
        (f"{ADDRESS}/", {"host": f"127.0.0.1:{PORT + 1}"}),
        (f"{ADDRESS}/works", {"origin": "http://evil.example"}),
        (f"{ADDRESS}/works", {"origin": "null"}),
        (f"{ADDRESS}/works", {"origin": f"https://127.0.0.1:{PORT}"}),
        (f"{ADDRESS}/works", {"origin": f"http://127.0.0.1:{PORT + 1}"}),
        (f"http://127.0.0.1:{PORT}/", {}),
        (f"http://127.0.0.1:{PORT}/{TOKEN}", {}),
        (f"http://127.0.0.1:{PORT}/Token/", {}),
        (f"http://127.0.0.1:{PORT}/tok/examples", {}),
        (f"http://127.0.0.1:{PORT}/examples", {}),
        (f"http://127.0.0.1:{PORT}/x/../{TOKEN}x/examples", {}),
    ],
)
def test_a_hostile_page_is_not(plain, address, headers):
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        answer = plain.request(method, address, headers=headers, content=b"{}")
        assert (answer.status_code, answer.json()) == (403, {"error": "not allowed"})


def test_only_files_of_the_page_are_served(plain):
    served = plain.get("static/page.css")
    assert served.status_code == 200 and served.headers["content-type"].startswith("text/css")
    for name in ("page.html", "..%2Fserver.py", "%2E%2E/server.py", "../server.py", ".js", "nothing.js"):
        assert plain.get(f"static/{name}").status_code in (403, 404), name
    assert plain.get("soundfont").status_code == 204


def test_a_soundfont_is_served(tmp_path):
    (tmp_path / "font.sf2").write_bytes(b"RIFF and more")
    with studios.client(PlainBand(), soundfont=str(tmp_path / "font.sf2")) as asked:
        assert asked.get("soundfont").content == b"RIFF and more"


def test_broken_uploads_are_answered_in_a_line_each(plain, tmp_path):
    rng = np.random.default_rng(0)
    raw = [path.read_bytes() for path in sorted(EXAMPLES.glob("*.mid"))]
    contents = [rng.bytes(int(rng.integers(0, 4000))) for _ in range(40)]
    for number in range(160):
        one, other = (raw[place] for place in rng.integers(0, len(raw), 2))
        contents.append(MUTATIONS[number % 4](one, other, rng))
    names = ["tune.mid", "../../etc/passwd.mid", "a\nb.mid", "tune.work", "tune.exe", "", "x" * 5000 + ".mid"]
    before = set(pathlib.Path(tempfile.gettempdir()).iterdir())
    refused = 0
    for number, content in enumerate(contents):
        name = names[number % len(names)]
        answer = plain.post("works", params={"name": name}, content=content)
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 400:
            refused += 1
            assert answer.json().keys() == {"error"} and "\n" not in answer.json()["error"]
            assert tempfile.gettempdir() not in answer.json()["error"] and len(answer.json()["error"]) < 500
    assert refused > 100
    assert set(pathlib.Path(tempfile.gettempdir()).iterdir()) <= before
    assert studios.Page(plain).state["bars"], "it goes on"


def test_what_is_no_upload(plain, monkeypatch):
    for body in (b"", b"[]", b"{", b'{"example": 3}', b'{"example": "../x"}', b"[" * 10**5, b"\xff"):
        answer = plain.post("works", content=body)
        assert answer.status_code == 400 and answer.json()["error"], body
    too_much = plain.post("works", params={"name": "tune.mid"}, content=bytes(server.MOST_BYTES + 1))
    assert (too_much.status_code, too_much.json()["error"]) == (413, "the file is larger than 4 MB; is it a MIDI file?")
    monkeypatch.setattr(server, "MOST_SECONDS", 0.2)

    def slowly():
        for _ in range(5):
            time.sleep(0.1)
            yield b"MThd"

    assert plain.post("works", params={"name": "tune.mid"}, content=slowly()).status_code in (400, 408)


def test_a_song_that_is_too_long_is_refused(plain, tmp_path):
    path = write_midi(tmp_path / "long.mid", quarters(520))
    answer = plain.post("works", params={"name": "long.mid"}, content=path.read_bytes())
    assert answer.status_code == 400
    assert answer.json()["error"] == "long.mid: has 520 bars, and the studio takes up to 512; accompany takes more"


def test_works_are_forgotten(plain):
    page = studios.Page(plain)
    assert plain.delete(page.address).json() == {}
    for answer in (plain.get(page.address), page.send("undo"), plain.delete(page.address)):
        assert (answer.status_code, answer.json()["error"]) == (404, "there is no such work; open it again")
    pages = [studios.Page(plain) for _ in range(server.MOST_WORKS + 1)]
    assert plain.get(pages[0].address).status_code == 404 and plain.get(pages[1].address).status_code == 200


def test_of_fifty_changes_at_once_the_last_is_left():
    band = PlainBand(seconds=0.15)
    with studios.client(band) as asked, concurrent.futures.ThreadPoolExecutor(50) as pool:
        page, other = studios.Page(asked), studios.Page(asked)
        begun, answers = len(band.bars), []
        for number in range(50):
            choices = {"bass_density": (number + 1) / 50}
            answers.append(pool.submit(page.send, "choose", number=number, choices=choices))
            if number == 25:
                beside = pool.submit(other.send, "choose", choices={"seed": 7})
            time.sleep(0.02)
        answers = [answer.result() for answer in answers]
        statuses = [answer.status_code for answer in answers]
        assert statuses[-1] == 200 and set(statuses) == {200, 409}
        assert {answer.json()["error"] for answer in answers if answer.status_code == 409} == {"superseded"}
        assert len(band.bars) - begun == statuses.count(200) + 1 < 40
        state = asked.get(page.address).json()
        assert state["choices"]["bass_density"] == 1 and state["number"] == 49
        assert beside.result().json()["choices"]["seed"] == 7, "another tab is not disturbed"


def test_the_file_that_the_studio_began_with():
    file = MelodyFile("mine.mid", (EXAMPLES / "ode_to_joy.mid").read_bytes())
    with studios.client(PlainBand(), begin_with=file) as asked:
        state = asked.get("works/first").json()
        assert (state["work"], state["name"], len(state["bars"])) == ("first", "mine.mid", 40)
    with studios.client(PlainBand(), begin_with=MelodyFile("bad.mid", b"no music")) as asked:
        answer = asked.get("works/first")
        assert answer.status_code == 400 and answer.json()["error"].startswith("bad.mid: ")


def test_models_that_know_no_chords_say_so():
    band = PlainBand()
    band.knows_chords = False
    with studios.client(band) as asked:
        page = studios.Page(asked)
        assert page.send("chord", half_bar=0, symbol="C").json()["error"].startswith("these models know no chords")


def test_models_that_cannot_be_loaded_are_told_in_a_line():
    def fail():
        raise CheckpointError("nowhere: there is no such model")

    app = guard.Guard(server.Studio(fail, {}).app(), port=PORT, token=TOKEN)
    with TestClient(app, base_url=ADDRESS) as asked:
        answer = asked.post("works", params={"name": "tune.mid"}, content=b"MThd")
        assert (answer.status_code, answer.json()) == (400, {"error": "nowhere: there is no such model"})


def test_warming_up_writes_a_song_and_changes_it():
    band = PlainBand()
    Bandleader(band, None).warm_up()
    assert band.bars == [64, 64]


def test_it_warms_up_for_longer_songs_once_nothing_is_to_be_written(monkeypatch):
    monkeypatch.setattr(server, "IDLE_SECONDS", 0.3)
    band = PlainBand()
    with studios.client(band, warm_up=(96, 128)) as asked:
        studios.Page(asked)
        until = time.monotonic() + 10
        while len(band.bars) < 5 and time.monotonic() < until:
            time.sleep(0.02)
    assert band.bars == [32, 96, 96, 128, 128]


def test_what_waits_when_the_studio_is_closed_is_told_so():
    band = PlainBand()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        with studio_page.served(band=band) as address:
            work = httpx.post(f"{address}works", json={"example": "korobeiniki"}, timeout=20).json()["work"]
            band.seconds = 2.0
            changes = [{"kind": "regenerate", "parts": [part], "bars": None} for part in ("bass", "drums")]
            ask = functools.partial(httpx.post, f"{address}works/{work}/changes", timeout=20)
            answers = [pool.submit(ask, json=change) for change in changes]
            time.sleep(0.5)
        answers = [answer.result() for answer in answers]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert {answer.json()["error"] for answer in answers} == {"the studio was closed; start it again"}
