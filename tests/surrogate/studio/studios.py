"""The studio of a small random song model, asked as a page asks it."""

import contextlib
import time

import numpy as np
from starlette.testclient import TestClient

from musicvae_jax import events
from surrogate.model.band import NO_WISHES, WrittenParts
from surrogate.studio import examples, guard, server
from surrogate.studio.bandleader import Bandleader
from surrogate.studio.melody_reader import MelodyReader
from tests import song_model

PORT, TOKEN = 8377, "token"
ADDRESS = f"http://127.0.0.1:{PORT}/{TOKEN}"


class PlainBand:
    """Writes the same everywhere after a while: a kick on each beat, as hard to tell apart as it is quick."""

    in_c, knows_chords = False, True

    def __init__(self, seconds=0.0):
        self.seconds, self.bars = seconds, []

    def write(self, lines, wishes=NO_WISHES):
        self.bars.append(len(lines[0].tokens) // 16)
        time.sleep(self.seconds)
        tokens = np.zeros((len(lines[0].tokens), 2), np.uint16)
        tokens[::4, 1] = events.KICK
        chords = np.full((len(tokens) // 16, 2, 2), -1)
        return [[WrittenParts(tokens, 1.0, chords)] * wishes.takes]


@contextlib.contextmanager
def client(band=None, **options):
    """A client of a studio that runs."""
    with MelodyReader() as reader:
        studio = server.Studio(lambda: Bandleader(band or song_model.band(), reader), examples.found(), **options)
        app = guard.Guard(studio.app(), port=PORT, token=TOKEN)
        with TestClient(app, base_url=ADDRESS) as asked:
            yield asked


class Page:
    """A page that has a work open."""

    def __init__(self, asked, content=None, name="song.mid"):
        self.asked, self.number = asked, 0
        if content is None:
            answer = asked.post("works", json={"example": "korobeiniki"})
        else:
            answer = asked.post("works", params={"name": name}, content=content)
        assert answer.status_code == 200, answer.text
        self.state = answer.json()

    @property
    def address(self):
        return f"works/{self.state['work']}"

    def send(self, kind, **values):
        """The answer to a change."""
        self.number += 1
        return self.asked.post(f"{self.address}/changes", json={"kind": kind, "number": self.number} | values)

    def change(self, kind, **values):
        """The state after a change."""
        answer = self.send(kind, **values)
        assert answer.status_code == 200, answer.text
        self.state = answer.json()
        return self.state

    def file(self, name, **asked):
        answer = self.asked.get(f"{self.address}/files/{name}", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.content

    def notes(self, role, bars=None):
        """(start, end, key, velocity) of a part as it is shown, of those that begin in bars (first, end)."""
        return notes(self.state, role, bars)


def notes(state, role, bars=None):
    song = state["song"]
    first, end = (0, len(song["bars"]) - 1) if bars is None else bars
    begin, until = song["bars"][first], song["bars"][end]
    rows = [row for track in song["tracks"] if track["role"] == role for row in track["notes"]]
    return [tuple(row) for row in rows if begin <= row[0] < until]


def chord_changes(state):
    """The chords that begin, of those of all half bars."""
    before = [None, *(each["symbol"] for each in state["chords"])]
    return [each for each, last in zip(state["chords"], before, strict=False) if each["symbol"] != last]
