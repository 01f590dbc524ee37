"""How the page lets one listen: volumes, parts alone, a selection in a loop, tempo, keys, sections."""

import json

import numpy as np
import pytest

from surrogate.reading.sections import Section
from tests import pages

SECTIONS = Section("A", 0, 1), Section("B", 1, 3), Section("A", 3, 4)


GAINS = """Object.fromEntries(Object.entries({ ...deck.player.synth.parts, master: deck.player.synth.master }).map(
  ([part, node]) => [part, node.gain.value]))"""


def settled(browser, wanted):
    """Waits until the gains of the parts are as wanted."""
    browser.wait(
        f"((wanted, gains) => wanted.every(([part, gain]) => Math.abs(gain - gains[part]) < 0.003))"
        f"({json.dumps(list(wanted.items()))}, {GAINS})"
    )


def turn(browser, name, value):
    slider = f"document.querySelector('[name={name}]')"
    browser.value(f"({slider}.value = {value}, {slider}.dispatchEvent(new Event('input')), 0)")


def test_volumes(opened):
    turn(opened, "drums", 30)
    opened.click("#play")
    wanted = dict.fromkeys(["melody", "bass", "other", "master"], opened.value("(VOLUME / 100) ** 2")) | {"drums": 0.09}
    settled(opened, wanted)
    for part, value in {"melody": 100, "bass": 0, "other": 50, "master": 10}.items():
        turn(opened, part, value)
        wanted[part] = (value / 100) ** 2
        settled(opened, wanted)


def test_parts_are_muted_and_heard_alone(opened):
    full = opened.value("(VOLUME / 100) ** 2")
    opened.click("#play")
    opened.click("[title='Mute bass']")
    settled(opened, {"melody": full, "bass": 0, "drums": full, "other": full})
    opened.click("[title='Solo drums']")
    opened.click("[title='Solo bass']")
    settled(opened, {"melody": 0, "bass": 0, "drums": full, "other": 0})
    opened.press("m", "KeyM")  # of the part that was touched last, the bass
    settled(opened, {"melody": 0, "bass": full, "drums": full, "other": 0})
    opened.press("s", "KeyS")
    opened.click("[title='Solo drums']")
    settled(opened, {"melody": full, "bass": full, "drums": full, "other": full})
    pressed = "[...document.querySelectorAll('#mixer [aria-pressed=true]')].length"
    assert opened.value(pressed) == 0


WATCH = """(() => {
  sounded = [];
  const { player } = deck;
  const sound = Synth.prototype.play;
  Synth.prototype.play = function (note, start, end) {
    const { since, from } = player.passes.at(-1);
    sounded.push({ role: note.role, key: note.key, written: note.start, since, from, start, end });
    sound.call(this, note, start, end);
  };
})()"""


def drag(browser, selector, places):
    """A mouse drag over an element along shares of its width."""
    left, top, width, height = browser.value(
        f"(({{ left, top, width, height }}) => [left, top, width, height])"
        f"(document.querySelector('{selector}').getBoundingClientRect())"
    )
    moves = ["mousePressed", *["mouseMoved"] * (len(places) - 1), "mouseReleased"]
    for kind, x in zip(moves, [*places, places[-1]], strict=True):
        spot = {"x": left + x * width, "y": top + height / 2, "button": "left", "buttons": 1, "clickCount": 1}
        browser.call("Input.dispatchMouseEvent", type=kind, **spot)


def test_dragging_selects_bars_which_loop_without_a_gap(opened):
    share = "deck.timeline.roll.x({}) / document.querySelector('#notes').clientWidth"
    drag(opened, "#notes", [opened.value(share.format(tick)) for tick in (4000, 3000, 700)])
    assert opened.value("deck.timeline.selection") == [1, 3]
    inside = opened.value("[...Array(2)].map((_, i) => song.barSeconds[[1, 3][i]])")
    panel = pages.pixel(opened, "deck.timeline.roll.x(4200)", "deck.timeline.roll.yPitch(63) + 3")
    marked = pages.pixel(opened, "deck.timeline.roll.x(4400)", "deck.timeline.roll.yPitch(63) + 3")
    assert np.abs(panel - marked).max() > 8, "the selection is seen"
    opened.value(WATCH)
    opened.click("#loop")
    opened.click("#play")
    opened.wait("deck.player.scheduled > 24")
    passes = opened.value("sounded")
    assert {note["key"] for note in passes if note["role"] == "melody"} == {72, 71, 69}
    assert all(inside[0] - 1e-6 <= note["written"] < inside[1] for note in passes)
    starts = sorted({round(note["since"], 6) for note in passes})
    np.testing.assert_allclose(np.diff(starts), inside[1] - inside[0], atol=1e-3)
    assert all(note["end"] <= note["since"] + inside[1] - note["from"] + 1e-6 for note in passes)
    opened.press("Escape", "Escape")
    assert opened.value("[deck.timeline.selection, deck.player.loop[0]]") == [None, 0], "then the song loops"
    opened.press("l", "KeyL")
    assert opened.value("deck.player.loop") is None


def test_tempo_is_for_listening(opened):
    opened.value(WATCH)
    turn(opened, "tempo", 50)
    assert opened.value("[byId('pace').textContent, deck.player.now]") == ["50 %", 0]
    opened.click("#play")
    opened.wait("deck.player.scheduled > 6")
    for note in opened.value("sounded"):
        assert note["start"] - note["since"] == pytest.approx(2 * (note["written"] - note["from"]), abs=0.03)


def test_keys_step_by_beats_and_bars_and_select(opened):
    bars = opened.value("song.barSeconds")
    at = "deck.player.now"

    def pressed(key, shift=False):
        opened.press(key, key, 8 if shift else 0)
        return opened.value(at)

    assert pressed("ArrowRight", shift=True) == pytest.approx(bars[1])
    assert pressed("ArrowRight", shift=True) == pytest.approx(bars[2])
    assert pressed("ArrowLeft", shift=True) == pytest.approx(bars[1])
    opened.press("[", "BracketLeft")
    pressed("ArrowRight", shift=True)
    opened.press("]", "BracketRight")
    assert opened.value("deck.timeline.selection") == [1, 3]
    assert pressed("Home") == 0


def test_sections_are_shown_and_selected(opened, scores, tmp_path):
    opened.open(pages.written(tmp_path, scores, sections=SECTIONS))
    buttons = "[...document.querySelectorAll('.sections button')]"
    assert opened.value(f"{buttons}.map((button) => button.textContent)") == ["A", "B", "A"]
    colours = opened.value(f"{buttons}.map((button) => getComputedStyle(button).backgroundColor)")
    assert colours[0] == colours[2] != colours[1]
    opened.click(".sections button:nth-of-type(2)")
    assert opened.value("[deck.timeline.selection, deck.player.now]") == [
        [1, 3],
        pytest.approx(opened.value("song.barSeconds[1]")),
    ]


def test_a_tracks_level_in_the_midi_file_is_its_level_here(opened):
    loudness = """(async (level) => {
      const offline = new OfflineAudioContext(1, 22050, 44100), synth = new Synth(offline, ROLES);
      synth.cut();
      synth.play({ role: "bass", drums: false, key: 40, velocity: 40, level }, 0, 0.4);
      const samples = (await offline.startRendering()).getChannelData(0);
      return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0));
    })"""
    ratio = opened.value(f"Promise.all([100, 50].map({loudness})).then(([full, half]) => full / half)")
    assert ratio == pytest.approx(4, rel=0.02), "General MIDI: the square of the level"
