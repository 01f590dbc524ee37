"""What is taken away: as it is shown, and as a work that opens again whatever is done to its file."""

import io
import json
import re
import wave
from xml.etree import ElementTree

import mido
import numpy as np
import pytest
import symusic

from surrogate.reading.melody import read_melody
from surrogate.rendering import sound
from surrogate.studio import take_files
from tests import notation_files
from tests.midi_files import played
from tests.paths import EXAMPLES
from tests.surrogate.studio import studios


def score(content):
    return symusic.Score.from_midi(content)


def rows(track):
    return sorted((note.time, note.end, note.pitch) for note in track.notes)


def shown(page, role):
    return sorted(row[:3] for row in page.notes(role))


def test_midi_files_are_what_is_shown(page, tmp_path):
    page.change("regenerate", parts=["bass", "drums"], bars=[4, 12])
    take = score(page.file("take.mid"))
    sounding = [track for track in take.tracks if len(track.notes)]
    assert [rows(track) for track in sounding[:2]] == [shown(page, "melody"), shown(page, "bass")]
    assert len(sounding[2].notes) == len(page.notes("drums")) and sounding[2].is_drum
    alone = {name: score(page.file(f"{name}.mid")) for name in ("melody", "bass", "drums")}
    for track, (name, own) in zip(sounding, alone.items(), strict=True):
        [part] = [each for each in own.tracks if len(each.notes)]
        assert rows(part) == rows(track), name
        assert [tempo.qpm for tempo in own.tempos] == [tempo.qpm for tempo in take.tempos]
    (tmp_path / "melody.mid").write_bytes(page.file("melody.mid"))
    assert played(tmp_path / "melody.mid") == played(EXAMPLES / "korobeiniki.mid")


def markers(content):
    song = mido.MidiFile(file=io.BytesIO(content))
    return [message.text for track in song.tracks for message in track if message.type == "marker"]


def test_sections_are_markers_when_asked(page, tmp_path):
    chords = [each["symbol"] for each in studios.chord_changes(page.state)]
    assert markers(page.file("take.mid")) == chords
    content = page.file("take.mid", sections="true")
    sections = [text for text in markers(content) if text.startswith("Section")]
    assert sections == ["Section A", "Section B", "Section A", "Section B"]
    assert [text for text in markers(content) if text not in sections] == chords
    (tmp_path / "take.mid").write_bytes(content)
    page = studios.Page(page.asked, content, "take.mid")
    assert [each["symbol"] for each in studios.chord_changes(page.state)] == chords, "they are no chords"
    assert read_melody(tmp_path / "take.mid", track=1).bars == 32


def test_the_page_and_the_sound(page, monkeypatch):
    text = page.file("page.html").decode()
    (held,) = re.findall(r'type="application/json">(.*?)</script>', text, re.DOTALL)
    assert json.loads(held)["tracks"] == page.state["song"]["tracks"]

    def ready(path, soundfont=None):
        return lambda messages, frames, font: [np.full((frames, 2), 0.5, np.float32)], soundfont

    monkeypatch.setattr(sound, "ready", ready)
    with wave.open(io.BytesIO(page.file("take.wav"))) as heard:
        assert heard.getframerate() == 44100 and heard.getnframes() > 50 * 44100
    answer = page.asked.get(f"{page.address}/files/take.exe")
    assert answer.status_code == 400 and "there is no file take.exe; there are take.mid" in answer.json()["error"]


def test_a_sound_that_cannot_be_made_is_told_in_a_line(page, monkeypatch):
    monkeypatch.setattr(sound, "_installed_soundfont", lambda: None)
    monkeypatch.delenv("SOUNDFONT", raising=False)
    answer = page.asked.get(f"{page.address}/files/take.wav")
    assert answer.status_code == 400 and answer.json()["error"].startswith("take.wav: no soundfont found")


def test_a_work_opens_again(page):
    page.change("regenerate", parts=["drums"], bars=[0, 8])
    page.change("combine", bass=1, drums=3)
    page.change("chord", half_bar=page.state["chords"][2]["half_bar"], symbol="F#7/E")
    page.change("choose", choices={"program": 35, "human": 1.5})
    page.change("lock", part="drums", locked=True)
    content = page.file("my tune.work")
    again = studios.Page(page.asked, content, "my tune.work")
    for name in page.state.keys() - {"work", "number", "can_undo"}:
        assert again.state[name] == page.state[name], name
    assert not again.state["can_undo"] and again.state["work"] != page.state["work"]
    assert again.file("take.mid") == page.file("take.mid")
    again.change("regenerate", parts=["bass"], bars=[0, 8])
    assert again.notes("drums") == page.notes("drums")


def test_a_work_that_was_saved_before_there_were_more_choices_opens(page):
    told = json.loads(page.file("song.work"))
    del told["choices"]["beats"], told["choices"]["tempo"]
    again = studios.Page(page.asked, json.dumps(told).encode(), "song.work")
    assert again.state["choices"] == page.state["choices"] and again.state["takes"] == page.state["takes"]


def broken(told, rng):
    """A work in which something, somewhere, is something else."""
    places = []

    def walk(inside, where):
        for key in inside if isinstance(inside, dict) else range(min(len(inside), 40)):
            places.append((inside, key))
            if isinstance(inside[key], dict | list):
                walk(inside[key], (*where, key))

    walk(told, ())
    inside, key = places[rng.integers(len(places))]
    values = (None, -1, 1 << 40, 1e400, "", "x", [], {}, [[]], True, 0.5, "A" * 1000)
    inside[key] = values[rng.integers(len(values))]
    if rng.integers(4) == 0:
        del inside[key]


def test_a_damaged_work_is_opened_or_refused_in_a_line():
    rng = np.random.default_rng(0)
    with studios.client(studios.PlainBand()) as asked:
        page = studios.Page(asked)
        page.change("chord", half_bar=3, symbol="C7")
        content = page.file("song.work")
        refused = 0
        for _ in range(60):
            told = json.loads(content)
            broken(told, rng)
            answer = asked.post("works", params={"name": "song.work"}, content=json.dumps(told).encode())
            assert answer.status_code in (200, 400), answer.text
            if answer.status_code == 400:
                refused += 1
                assert answer.json()["error"].startswith("song.work: ") and "\n" not in answer.json()["error"]
            else:
                opened = studios.Page(asked, json.dumps(told).encode(), "song.work")
                assert opened.file("take.mid") and opened.change("lock", part="bass", locked=True)
        assert 20 < refused < 60


def test_every_type_of_file_is_one_that_can_be_asked_for(page):
    for name in take_files.TYPES.keys() - {"take.wav"}:
        assert page.file(name)


def test_a_score_is_opened_and_taken_away_as_one(studio):
    bars = [notation_files.notes("C5 E5 G5 E5"), notation_files.notes("D5 F5 A5 F5")] * 4
    sheet = notation_files.musicxml([notation_files.attributes(sharps=1) + bars[0], *bars[1:]])
    sheet = sheet.replace("<part-list>", "<movement-title>The Lark</movement-title><part-list>")
    page = studios.Page(studio, sheet.encode(), "sheet.musicxml")
    assert len(page.state["bars"]) == 8 and page.state["song"]["title"] == "The Lark"
    taken = ElementTree.fromstring(page.file("take.musicxml"))
    assert taken.findtext("work/work-title") == "The Lark"
    melody, bass, drums = taken.findall("part")
    assert [pitch.text for pitch in melody.iter("step")] == list("CEGEDFAF" * 4)
    assert list(bass.iter("pitch")) and list(drums.iter("unpitched"))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"format": "musicvae-jax work 1"}', b"[" * 10**5])
def test_what_is_no_work(page, content):
    answer = page.asked.post("works", params={"name": "song.work"}, content=content)
    assert answer.status_code == 400
    assert answer.json()["error"] == "song.work: is no work of the studio, or a damaged one"
