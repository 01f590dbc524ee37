"""The page of takes: what it holds, and, in a headless Chromium where there is one, what it does."""

import base64
import fnmatch
import html.parser
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import tomllib

import chromium
import numpy as np
import pytest
import symusic

import musicvae_jax
from surrogate import page
from surrogate.tempo import tempo_map

ROOT = pathlib.Path(__file__).parent.parent
HOSTILE = "</script><img src=x onerror=alert(1)>{{song}} &amp; \udcff/.mid"
ROLES = ("melody", "bass", "drums", "other", "other")
BAR_TICKS = (0, 480, 2400, 4320, 5760)  # a pickup, 4/4, 4/4, 3/4
LABELS = ("take 1: 0.53", "take 2: <i>0.41</i>")


def track(notes, name="", is_drum=False):
    track = symusic.Track(name=name, is_drum=is_drum)
    track.notes.extend([symusic.Note(start, length, pitch, velocity) for start, length, pitch, velocity in notes])
    return track


def take(bass=36, kick=36):
    """Four bars in 3.6 s: melody, one of several basses and drums, a piano and a cowbell player of the song's own."""
    score = symusic.Score(480)
    # Out of order, two at one tick, one after the end.
    tempos = ((2400, 180), (0, 200), (480, 20), (480, 240), (99999, 10))
    score.tempos.extend([symusic.Tempo(tick, qpm) for tick, qpm in tempos])
    score.time_signatures.append(symusic.TimeSignature(480, 4, 4))
    score.tracks = [
        track([(0, 480, 67, 100), (480, 1920, 72, 80), (2400, 700, 71, 40), (3103, 200, 69, 127)], "Tune"),
        track([(480, 960, bass, 80), (2400, 1920, bass + 7, 80)], "Bass"),
        track([(tick, 120, pitch, 80) for tick in (480, 1440, 2400, 3360, 4320) for pitch in (kick, 42)], "", True),
        track([(480, 5280, 60, 60), (480, 5280, 64, 60)], "<b>Piano</b>"),
        track([(4800, 120, 56, 70), (5000, 120, 3, 70)], "Cowbell", True),
    ]
    return score


@pytest.fixture(scope="module")
def scores():
    return [take(), take(40, 35)]


@pytest.fixture(scope="module")
def written(scores, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "takes.html"
    page.write(path, title=HOSTILE, scores=scores, labels=LABELS, roles=ROLES, bar_ticks=BAR_TICKS)
    return path


def rows(track):
    return sorted((note.time, note.end, note.pitch, note.velocity) for note in track.notes)


def content(path):
    (song,) = re.findall(r'<script id="content" type="application/json">(.*?)</script>', path.read_text(), re.DOTALL)
    return json.loads(song)


def test_the_page_holds_every_note(written, scores):
    song = content(written)
    assert song["bars"] == list(BAR_TICKS)
    assert [entry["label"] for entry in song["takes"]] == list(LABELS)
    for entry, score in zip(song["takes"], scores, strict=True):
        tracks = [song["tracks"][place] for place in entry["tracks"]]
        assert [found["role"] for found in tracks] == list(ROLES)
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
    score.tracks.append(track([(int(tick), 1, 60, 80) for tick in ticks]))
    knots, seconds = tempo_map(score, 5000)
    assert knots[0] == seconds[0] == 0 and knots[-1] == 5000 and (np.diff(knots) > 0).all()
    expected = [note.time for note in score.to("second").tracks[0].notes]
    np.testing.assert_allclose(np.interp(ticks, knots, seconds), expected, atol=1e-4)


def test_facts():
    score = take()
    song = page.song(title="", scores=[score], labels=[""], roles=ROLES, bar_ticks=BAR_TICKS)
    assert song["map"]["ticks"] == [0, 480, 2400, 5760]
    assert page._facts(song, 480) == "4 bars · 0:03 · 180 to 240 bpm"
    score.tempos = [symusic.Tempo(0, 120)]
    song = page.song(title="", scores=[score], labels=[""], roles=ROLES, bar_ticks=[0, 1920])
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
    assert names.count("script") == 4 and not {"img", "i"} & set(names)
    shown = HOSTILE.replace("\udcff", "?")
    assert parser.texts["title"][0] == parser.texts["h1"][0] == shown
    assert content(written)["title"] == HOSTILE


def test_nothing_is_loaded_from_elsewhere(written):
    parser = Tags()
    parser.feed(written.read_text())
    addresses = [value for _, attrs in parser.tags for name, value in attrs.items() if name in ("src", "href")]
    assert addresses == ["data:,"]
    player = "".join(file.read_text() for file in (ROOT / "surrogate" / "player").iterdir())
    assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttp|innerHTML", player)


def test_the_player_comes_with_the_package():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["surrogate"]
    for file in (ROOT / "surrogate" / "player").iterdir():
        assert any(fnmatch.fnmatch(f"player/{file.name}", pattern) for pattern in patterns)


def test_neither_jax_nor_matplotlib_is_imported():
    program = "import sys; from surrogate import page; print([n for n in ('jax', 'matplotlib') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_failed_write_leaves_the_old_file(scores, tmp_path, monkeypatch):
    fields = dict(title="", scores=scores, labels=LABELS, roles=ROLES, bar_ticks=BAR_TICKS)
    with pytest.raises(musicvae_jax.MidiError, match="there is no folder"):
        page.write(tmp_path / "no" / "takes.html", **fields)
    path = tmp_path / "takes.html"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(musicvae_jax.MidiError, match=r"takes\.html: .*No space left"):
        page.write(path, **fields)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["takes.html"]


@pytest.mark.parametrize(
    "change",
    [
        {"scores": [], "labels": []},
        {"labels": ["one"]},
        {"roles": ROLES[:2]},
        {"roles": ("lead", *ROLES[1:])},
        {"bar_ticks": [0]},
        {"bar_ticks": [0, 480, 480]},
    ],
)
def test_what_does_not_fit_together_is_refused(change, scores, tmp_path):
    fields = dict(title="", scores=scores, labels=LABELS, roles=ROLES, bar_ticks=BAR_TICKS) | change
    with pytest.raises(ValueError):
        page.write(tmp_path / "takes.html", **fields)
    assert not os.listdir(tmp_path)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if chromium.find() is None:
        pytest.skip("no Chromium here")
    with chromium.Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def opened(browser, written):
    """The browser with the page open; whatever it complains of fails the test."""
    browser.complaints.clear()
    browser.open(written)
    yield browser
    assert browser.complaints == []


@pytest.fixture(scope="module")
def long_page(tmp_path_factory):
    """200 bars of a single take."""
    score = symusic.Score(480)
    score.tracks = [track([(480 * beat, 400, 60 + beat % 12, 80) for beat in range(800)])]
    path = tmp_path_factory.mktemp("long") / "long.html"
    page.write(path, title="Long", scores=[score], labels=["take"], roles=["melody"], bar_ticks=1920 * np.arange(201))
    return path


PIXEL = """((x, y) => {{
  const canvas = document.querySelector("#notes"), scale = canvas.width / canvas.clientWidth;
  return [...canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data.slice(0, 3)];
}})({x}, {y})"""


def pixel(browser, x, y):
    return np.array(browser.value(PIXEL.format(x=x, y=y)))


def test_notes_are_drawn_in_colour_at_their_place(opened):
    dark = [False, True]
    panels = []
    for scheme in dark:
        opened.open(opened.value("location.pathname"), dark=scheme)
        panel = pixel(opened, "roll.x(100)", "roll.yPitch(63) + 3")
        panels.append(panel.mean())
        for place, colour in {
            "roll.x(1200), roll.yPitch(72) + 3": "melody",
            "roll.x(1200), roll.yPitch(36) + 3": "bass",
            "roll.x(1440) + 3, roll.yLane(0) + 6": "drums",
            "roll.x(5700), roll.yPitch(60) + 3": "other",
            "roll.x(5000) + 1, roll.yLane(9) + 6": "other",
        }.items():
            found = pixel(opened, *place.split(", "))
            full = opened.value(f"palette().{colour}").lstrip("#")
            full = np.array([int(full[i : i + 2], 16) for i in (0, 2, 4)])
            opacity = (found - panel) @ (full - panel) / ((full - panel) @ (full - panel))
            assert 0.25 < opacity <= 1.01, (place, found)
            np.testing.assert_allclose(found, panel + opacity * (full - panel), atol=14, err_msg=place)
    assert panels[0] > 200 and panels[1] < 60
    loud = pixel(opened, "roll.x(240)", "roll.yPitch(67) + 3")
    quiet = pixel(opened, "roll.x(2700)", "roll.yPitch(71) + 3")
    assert loud[0] > quiet[0] + 30, "the louder, the more opaque"
    drawn = (
        "new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer))"
    )
    assert opened.value(f"[...document.querySelectorAll('canvas')].map((canvas) => {drawn}.size > 4)") == [True] * 3


def test_playing_pausing_and_what_is_heard(opened, long_page):
    opened.open(long_page)
    assert opened.value("audio === undefined") and opened.value("now()") == 0
    opened.click("#play")
    opened.value("(meter = audio.createAnalyser(), synth.master.connect(meter), samples = new Float32Array(2048), 0)")
    opened.wait("now() > 0.4 && (meter.getFloatTimeDomainData(samples), samples.some((sample) => sample > 0.01))")
    opened.wait("document.querySelector('#seek').value > 0.3 && byId('clock').textContent.startsWith('0:0')")
    assert opened.value("byId('play').getAttribute('aria-label')") == "Pause"
    assert opened.value("player.next < timed(player.take).length"), "notes are scheduled as they come"
    opened.press(" ", "Space")
    stopped = opened.value("[player.playing, byId('play').getAttribute('aria-label'), scrollY]")
    assert stopped == [False, "Play", 0]
    at = opened.value("now()")
    opened.wait("(meter.getFloatTimeDomainData(samples), samples.every((sample) => Math.abs(sample) < 0.001))")
    assert opened.value("now()") == at
    opened.press(" ", "Space")
    opened.wait(f"player.playing && now() > {at} + 0.1")


def test_every_note_is_played_once_and_in_time(opened, scores):
    opened.click("#play")
    opened.value("""(() => {
      played = [];
      const sound = synth.play;
      synth.play = (note, start, end) => {
        played.push([note.role, note.key, note.velocity, start - player.since, end - player.since]);
        sound.call(synth, note, start, end);
      };
      seek(0);
    })()""")
    opened.wait("!player.playing")
    assert opened.value("now()") == 0, "ready to play again"
    played = opened.value("played")
    seconds = scores[0].to("second")
    expected = []
    for role, timed, source in zip(ROLES, seconds.tracks, scores[0].tracks, strict=True):
        for note, written in zip(timed.notes, source.notes, strict=True):
            key = {36: 0, 42: 2, 56: 1, 3: 9}[note.pitch] if source.is_drum else note.pitch
            expected.append([role, key, written.velocity, note.time, note.end])
    assert len(played) == len(expected)
    for found, wanted in zip(sorted(played), sorted(expected), strict=True):
        assert found[:3] == wanted[:3]
        np.testing.assert_allclose(found[3:], wanted[3:], atol=0.03)


def test_a_click_seeks_and_held_notes_are_taken_up(opened):
    opened.value("(sounded = [], Synth.prototype.play = (note) => sounded.push([note.role, note.key]), 0)")
    x = opened.value("roll.x(1500) / byId('notes').clientWidth")
    opened.click("#notes", across=x)
    at = opened.value("[interpolate(seconds, ticks, now()), byId('bar').textContent]")
    assert at[0] == pytest.approx(1500, abs=12) and at[1] == "Bar 2"
    opened.click("#play")
    opened.value("(pause(), 0)")
    assert sorted(opened.value("sounded")[:3]) == [["melody", 72], ["other", 60], ["other", 64]]
    opened.click("#notes", across=0.01)
    assert opened.value("player.at") > 0.7, "the names of the lanes are no place in the song"
    opened.value("(byId('seek').value = 3, byId('seek').dispatchEvent(new Event('input')), 0)")
    assert opened.value("[now(), byId('seek').getAttribute('aria-valuetext')]") == [3, "bar 4"]


def test_takes_change_in_place(opened):
    opened.click("#play")
    opened.wait("now() > 0.2")
    opened.value("audio.suspend()")  # the clock stands still; the player plays on
    before = opened.value("byId('notes').toDataURL()")
    opened.click(".take:nth-of-type(2) label")
    assert opened.value("[player.take.label, player.playing, now() > 0.15]") == [LABELS[1], True, True]
    opened.value("(pause(), 0)")
    assert opened.value("byId('notes').toDataURL()") != before
    assert opened.value("timed(player.take).filter((note) => note.role === 'bass').map((note) => note.key)") == [40, 47]
    opened.click(".take:nth-of-type(1) .overview", across=0.75)
    assert opened.value("song.takes.map((take) => take.radio.checked)") == [True, False]
    assert opened.value("[player.take === song.takes[0], interpolate(seconds, ticks, now()) / roll.end]") == [
        True,
        pytest.approx(0.75, abs=0.01),
    ]


def test_volumes(opened):
    def turn(part, value):
        slider = f"document.querySelector('#mixer [name={part}]')"
        opened.value(f"({slider}.value = {value}, {slider}.dispatchEvent(new Event('input')), 0)")

    turn("drums", 30)
    opened.click("#play")
    gains = "Object.entries({...synth.parts, master: synth.master}).map(([part, node]) => [part, node.gain.value])"
    defaults = opened.value("VOLUMES")
    wanted = {part: (value / 100) ** 2 for part, value in defaults.items()} | {"drums": 0.09}

    def settled():
        far = f"{gains}.some(([part, gain]) => Math.abs(gain - ({json.dumps(wanted)})[part]) > 0.003)"
        opened.wait(f"!({far})")

    settled()
    for part, value in {"melody": 100, "bass": 0, "other": 50, "master": 10}.items():
        turn(part, value)
        wanted[part] = (value / 100) ** 2
        settled()
    assert opened.value("[...byId('mixer').querySelectorAll('label')].map((label) => label.textContent)") == [
        "Melody",
        "Bass",
        "Drums",
        "Others",
        "Master",
    ]


@pytest.mark.parametrize("size", [(375, 667), (320, 568), (1280, 900)])
def test_nothing_overflows_and_fingers_find_the_controls(size, opened, written):
    opened.open(written, *size)
    assert opened.value("document.documentElement.scrollWidth <= innerWidth && innerWidth") == size[0]
    assert opened.value("byId('notes').clientWidth <= byId('roll').clientWidth")
    small = """[...document.querySelectorAll("button, a, label, input[type=range], .overview")].filter((control) => {
      const { width, height } = control.getBoundingClientRect();
      return width < 40 || height < 40;
    }).map((control) => control.outerHTML)"""
    assert opened.value(small) == []


def test_controls_have_names(opened):
    nodes = opened.call("Accessibility.getFullAXTree")["nodes"]
    named = {}
    for node in nodes:
        role = node.get("role", {}).get("value")
        if role in ("button", "link", "radio", "slider"):
            named.setdefault(role, []).append(node["name"]["value"])
    assert named == {
        "button": ["Play"],
        "slider": ["Position", "Melody", "Bass", "Drums", "Others", "Master"],
        "radio": list(LABELS),
        "link": [f"Download {label} as MIDI" for label in LABELS],
    }


def test_names_are_harmless_and_links_are_the_files(opened, scores):
    shown = HOSTILE.replace("\udcff", "?")
    assert opened.value("[document.title, document.querySelector('h1').textContent]") == [shown, shown]
    assert opened.value("document.querySelectorAll('img, .take label i, b b').length") == 0
    links = opened.value("[...document.querySelectorAll('.take a')].map((link) => [link.href, link.download])")
    for number, ((address, name), score) in enumerate(zip(links, scores, strict=True), 1):
        kind, data = address.split(",")
        assert kind == "data:audio/midi;base64" and base64.b64decode(data) == score.dumps_midi()
        assert name.endswith(f"take {number}.mid") and not set(name) & set('/\\<>:"|?*')


def test_a_long_song_follows_the_cursor_until_one_scrolls(opened, long_page):
    opened.open(long_page, 375, 667)
    assert opened.value("byId('roll').scrollWidth") > 200 * 60
    opened.value("(seek(200), 0)")
    opened.click("#play")
    place = "roll.x(interpolate(seconds, ticks, now())) - byId('roll').scrollLeft"
    opened.wait(f"now() > 200.3 && {place} > 60 && {place} < 375 / 2")
    opened.value("(byId('roll').dispatchEvent(new Event('wheel')), byId('roll').scrollLeft = 100, 0)")
    opened.wait("now() > 200.6")
    assert opened.value("byId('roll').scrollLeft") == 100
    opened.click("#notes", across=0.6)
    assert opened.value("now()") < 100, "a click seeks where one has scrolled to"
    started = time.monotonic()
    opened.value("(() => { for (let i = 0; i < 50; i++) draw(); byId('notes').toDataURL(); })()")
    assert time.monotonic() - started < 5, "a tenth of a second a frame would not be smooth"
