"""The page of takes in a headless Chromium, where there is one: what it shows, plays and answers."""

import base64
import json
import time

import numpy as np
import pytest
import symusic

from surrogate.rendering import page
from tests import chromium, pages


@pytest.fixture(scope="module")
def scores():
    return pages.two_takes()


@pytest.fixture(scope="module")
def written(scores, tmp_path_factory):
    return pages.written(tmp_path_factory.mktemp("page"), scores)


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
    score.tracks = [pages.track([(480 * beat, 400, 60 + beat % 12, 80) for beat in range(800)])]
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


INK = """((row) => {
  const canvas = document.querySelector("#notes"), scale = canvas.width / canvas.clientWidth;
  const [x, width] = [GUTTER + 4, canvas.clientWidth - GUTTER].map((value) => value * scale);
  const { data } = canvas.getContext("2d").getImageData(x, row[0] * scale, width, row[1] * scale);
  return new Set(new Uint32Array(data.buffer)).size;
})([NUMBERS - 2, CHORDS - 8])"""


def test_chords_stand_over_the_bars(opened, scores, tmp_path):
    assert opened.value("roll.ruler === NUMBERS")
    opened.open(pages.written(tmp_path, scores, chords=pages.CHORDS))
    assert opened.value("roll.ruler === NUMBERS + CHORDS")
    colours = opened.value(INK)
    opened.value("choose(song.takes[1])")
    assert colours > opened.value(INK) > 1, "three chords, and one"
    opened.value("(song.takes[1].chords = [], draw())")
    assert opened.value(INK) <= 2, "no chord: paper and bar lines"


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
    for role, timed, source in zip(pages.ROLES, seconds.tracks, scores[0].tracks, strict=True):
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
    assert opened.value("[player.take.label, player.playing, now() > 0.15]") == [pages.LABELS[1], True, True]
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
        "radio": list(pages.LABELS),
        "link": [f"Download {label} as MIDI" for label in pages.LABELS],
    }


def test_names_are_harmless_and_links_are_the_files(opened, scores):
    shown = pages.HOSTILE.replace("\udcff", "?")
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
