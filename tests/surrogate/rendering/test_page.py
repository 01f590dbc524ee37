"""The page of takes: what it holds. What it does in a browser is in test_player.py."""

import base64
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import symusic

import musicvae_jax
from surrogate.reading.tempos import tempo_map
from surrogate.rendering import chord_track, page
from tests import pages
from tests.paths import ROOT


def rows(track):
    return sorted((note.time, note.end, note.pitch, note.velocity) for note in track.notes)


def content(path):
    (song,) = re.findall(r'<script id="content" type="application/json">(.*?)</script>', path.read_text(), re.DOTALL)
    return json.loads(song)


def test_the_page_holds_every_note(written, scores):
    song = content(written)
    assert song["bars"] == list(pages.BAR_TICKS)
    assert [entry["label"] for entry in song["takes"]] == list(pages.LABELS)
    for entry, score in zip(song["takes"], scores, strict=True):
        tracks = [song["tracks"][place] for place in entry["tracks"]]
        assert [found["role"] for found in tracks] == list(pages.ROLES)
        assert [found["drums"] for found in tracks] == [False, False, True, False, True]
        for found, source in zip(tracks, score.tracks, strict=True):
            assert found["name"] == source.name
            assert [note[0] for note in found["notes"]] == sorted(note.time for note in source.notes)
            if not found["drums"]:
                assert sorted(map(tuple, found["notes"])) == rows(source)
    lanes = [song["lanes"][key] for _, _, key, _ in song["tracks"][2]["notes"]]
    assert lanes == ["kick", "closed hat"] * 5
    assert [song["lanes"][key] for _, _, key, _ in song["tracks"][4]["notes"]] == ["snare", "other"]


def test_a_track_of_several_takes_is_there_once(written):
    song = content(written)
    first, second = (entry["tracks"] for entry in song["takes"])
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, False, True, True, True]
    assert len(song["tracks"]) == 6


def test_chords_are_in_the_page_and_in_the_midi_files(scores, tmp_path):
    takes = content(pages.written(tmp_path, scores, chords=pages.CHORDS))["takes"]
    assert [take["chords"] for take in takes] == [[[0, "C"], [480, "Am7"], [2400, "G7/B"]], [[0, "N.C."]]]
    for take, score, changes in zip(takes, scores, pages.CHORDS, strict=True):
        assert base64.b64decode(take["midi"]) == chord_track.added(score.dumps_midi(), changes)


def test_midi_files_are_those_of_the_takes(written, scores):
    for number, (entry, score) in enumerate(zip(content(written)["takes"], scores, strict=True), 1):
        raw = base64.b64decode(entry["midi"], validate=True)
        assert raw == score.dumps_midi()
        assert list(map(rows, symusic.Score.from_midi(raw).tracks)) == list(map(rows, score.tracks))
        assert re.fullmatch(rf"[\w ,()-]+ take {number}\.mid", entry["file"])


@pytest.mark.parametrize("tempos", [(), ((960, 60),), ((0, 100), (480, 240), (480, 30), (2000, 77), (99999, 5))])
def test_seconds_follow_the_tempo_map(tempos):
    score = symusic.Score(480)
    score.tempos.extend([symusic.Tempo(*tempo) for tempo in tempos])
    ticks = np.arange(0, 5000, 37)
    score.tracks.append(pages.track([(int(tick), 1, 60, 80) for tick in ticks]))
    knots, seconds = tempo_map(score, 5000)
    assert knots[0] == seconds[0] == 0 and knots[-1] == 5000 and (np.diff(knots) > 0).all()
    expected = [note.time for note in score.to("second").tracks[0].notes]
    np.testing.assert_allclose(np.interp(ticks, knots, seconds), expected, atol=1e-4)


def test_the_key_is_told_below_the_title(scores, tmp_path):
    fields = {"labels": pages.LABELS, "roles": pages.ROLES, "bar_ticks": pages.BAR_TICKS}
    page.write(tmp_path / "takes.html", title="Tune", scores=scores, key="G major <sure>", **fields)
    assert " bpm · G major &lt;sure&gt;</p>" in (tmp_path / "takes.html").read_text()


def test_facts():
    score = pages.take()
    song = page.song(title="", scores=[score], labels=[""], roles=pages.ROLES, bar_ticks=pages.BAR_TICKS)
    assert song["map"]["ticks"] == [0, 480, 2400, 5760]
    assert page._facts(song, 480) == "4 bars · 0:03 · 180 to 240 bpm"
    score.tempos = [symusic.Tempo(0, 120)]
    song = page.song(title="", scores=[score], labels=[""], roles=pages.ROLES, bar_ticks=[0, 1920])
    assert page._facts(song, 480) == "1 bar · 0:06 · 120 bpm"


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], {}

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.setdefault(self.tags[-1][0] if self.tags else "", []).append(data)


def test_names_are_text_and_not_markup(written):
    parser = Tags()
    parser.feed(written.read_text())
    names = [tag for tag, _ in parser.tags]
    assert names.count("script") == 2 and not {"img", "i"} & set(names)
    shown = pages.HOSTILE.replace("\udcff", "?")
    assert parser.texts["title"][0] == parser.texts["h1"][0] == shown
    assert content(written)["title"] == pages.HOSTILE


def test_nothing_is_loaded_from_elsewhere(written):
    parser = Tags()
    parser.feed(written.read_text())
    addresses = [value for _, attrs in parser.tags for name, value in attrs.items() if name in ("src", "href")]
    assert addresses == ["data:,"]
    player = "".join(file.read_text() for file in page.PLAYER.iterdir()).replace('"http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttp|innerHTML", player)


def test_neither_jax_nor_matplotlib_is_imported():
    program = (
        "import sys; from surrogate.rendering import page; "
        "print([n for n in ('jax', 'matplotlib') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_stray_files_beside_the_pages_own_do_not_matter(scores, written, tmp_path, monkeypatch):
    player = shutil.copytree(page.PLAYER, tmp_path / "player")
    (player / ".DS_Store").write_bytes(b"\0\0\0\1Bud1\xff\xfe")
    (player / "page.js~").write_text("{{page.js}}")
    (player / "__pycache__").mkdir()
    monkeypatch.setattr(page, "PLAYER", player)
    assert pages.written(tmp_path, scores).read_bytes() == written.read_bytes()


def test_a_failed_write_leaves_the_old_file(scores, tmp_path, monkeypatch):
    fields = dict(title="", scores=scores, labels=pages.LABELS, roles=pages.ROLES, bar_ticks=pages.BAR_TICKS)
    with pytest.raises(musicvae_jax.FileError, match="there is no folder"):
        page.write(tmp_path / "no" / "takes.html", **fields)
    path = tmp_path / "takes.html"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(musicvae_jax.FileError, match=r"takes\.html: .*No space left"):
        page.write(path, **fields)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["takes.html"]


@pytest.mark.parametrize(
    "change",
    [
        {"scores": [], "labels": []},
        {"labels": ["one"]},
        {"roles": pages.ROLES[:2]},
        {"roles": ("lead", *pages.ROLES[1:])},
        {"bar_ticks": [0]},
        {"bar_ticks": [0, 480, 480]},
    ],
)
def test_what_does_not_fit_together_is_refused(change, scores, tmp_path):
    fields = dict(title="", scores=scores, labels=pages.LABELS, roles=pages.ROLES, bar_ticks=pages.BAR_TICKS) | change
    with pytest.raises(ValueError):
        page.write(tmp_path / "takes.html", **fields)
    assert not os.listdir(tmp_path)
