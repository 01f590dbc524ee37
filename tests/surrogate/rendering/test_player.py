"""The page of takes in a headless Chromium, where there is one: what it shows, plays and answers."""

import base64
import time

import numpy as np
import pytest

from tests import accessibility, pages


def test_notes_are_drawn_in_colour_at_their_place(opened):
    dark = [False, True]
    panels = []
    for scheme in dark:
        opened.open(opened.value("location.pathname"), dark=scheme)
        panel = pages.pixel(opened, "deck.timeline.roll.x(100)", "deck.timeline.roll.yPitch(63) + 3")
        panels.append(panel.mean())
        for place, colour in {
            "deck.timeline.roll.x(1200), deck.timeline.roll.yPitch(72) + 3": "melody",
            "deck.timeline.roll.x(1200), deck.timeline.roll.yPitch(36) + 3": "bass",
            "deck.timeline.roll.x(1440) + 3, deck.timeline.roll.yLane(0) + 6": "drums",
            "deck.timeline.roll.x(5700), deck.timeline.roll.yPitch(60) + 3": "other",
            "deck.timeline.roll.x(5000) + 1, deck.timeline.roll.yLane(9) + 6": "other",
        }.items():
            found = pages.pixel(opened, *place.split(", "))
            full = opened.value(f"palette().{colour}").lstrip("#")
            full = np.array([int(full[i : i + 2], 16) for i in (0, 2, 4)])
            opacity = (found - panel) @ (full - panel) / ((full - panel) @ (full - panel))
            assert 0.25 < opacity <= 1.01, (place, found)
            np.testing.assert_allclose(found, panel + opacity * (full - panel), atol=14, err_msg=place)
    assert panels[0] > 200 and panels[1] < 60
    loud = pages.pixel(opened, "deck.timeline.roll.x(240)", "deck.timeline.roll.yPitch(67) + 3")
    quiet = pages.pixel(opened, "deck.timeline.roll.x(2700)", "deck.timeline.roll.yPitch(71) + 3")
    assert loud[0] > quiet[0] + 30, "the louder, the more opaque"
    drawn = (
        "new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer))"
    )
    assert opened.value(f"[...document.querySelectorAll('canvas')].map((canvas) => {drawn}.size > 4)") == [True] * 3


def test_chords_stand_over_the_bars(opened, scores, tmp_path):
    places = """[...document.querySelectorAll(".chords > :not(.corner)")].map((chord) =>
      [chord.textContent, parseFloat(chord.style.left) - deck.timeline.roll.x(0), deck.timeline.roll.perTick])"""
    assert opened.value("document.querySelector('.chords').hidden") and opened.value(places) == []
    opened.open(pages.written(tmp_path, scores, chords=pages.CHORDS))
    shown = opened.value(places)
    assert [symbol for symbol, *_ in shown] == ["C", "Am7", "G7/B"]
    assert [x / per_tick for _, x, per_tick in shown] == pytest.approx([0, 480, 2400], abs=1)
    opened.value("(choose(song.takes[1]), 0)")
    assert [symbol for symbol, *_ in opened.value(places)] == ["N.C."]


def test_playing_pausing_and_what_is_heard(opened, long_page):
    opened.open(long_page)
    assert opened.value("deck.player.audio === undefined") and opened.value("deck.player.now") == 0
    opened.click("#play")
    opened.value("(meter = deck.player.audio.createAnalyser(), samples = new Float32Array(2048), 0)")
    opened.value("(deck.player.synth.master.connect(meter), 0)")
    opened.wait(
        "deck.player.now > 0.4 && (meter.getFloatTimeDomainData(samples), samples.some((sample) => sample > 0.01))"
    )
    opened.wait("document.querySelector('#seek').value > 0.3 && byId('clock').textContent.startsWith('0:0')")
    assert opened.value("byId('play').getAttribute('aria-label')") == "Pause"
    assert opened.value("deck.player.passes[0].note < deck.player.notes.length"), "notes are scheduled as they come"
    opened.press(" ", "Space")
    stopped = opened.value("[deck.player.playing, byId('play').getAttribute('aria-label'), scrollY]")
    assert stopped == [False, "Play", 0]
    at = opened.value("deck.player.now")
    opened.wait("(meter.getFloatTimeDomainData(samples), samples.every((sample) => Math.abs(sample) < 0.001))")
    assert opened.value("deck.player.now") == at
    opened.press(" ", "Space")
    opened.wait(f"deck.player.playing && deck.player.now > {at} + 0.1")


def test_every_note_is_played_once_and_in_time(opened, scores):
    opened.click("#play")
    opened.value("""(() => {
      played = [];
      const { player } = deck, { synth } = player, sound = synth.play;
      synth.play = (note, start, end) => {
        const { since } = player.passes.at(-1);
        played.push([note.role, note.key, note.velocity, start - since, end - since]);
        sound.call(synth, note, start, end);
      };
      deck.seek(0);
    })()""")
    opened.wait("!deck.player.playing")
    assert opened.value("deck.player.now") == 0, "ready to play again"
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
    x = opened.value("deck.timeline.roll.x(1500) / byId('notes').clientWidth")
    opened.click("#notes", across=x)
    at = opened.value("[song.tick(deck.player.now), byId('bar').textContent]")
    assert at[0] == pytest.approx(1500, abs=12) and at[1] == "Bar 2"
    opened.click("#play")
    opened.value("(deck.player.pause(), 0)")
    assert sorted(opened.value("sounded")[:3]) == [["melody", 72], ["other", 60], ["other", 64]]
    opened.click("#notes", across=0.01)
    assert opened.value("deck.player.at") > 0.7, "the names of the lanes are no place in the song"
    opened.value("(byId('seek').value = 3, byId('seek').dispatchEvent(new Event('input')), 0)")
    assert opened.value("[deck.player.now, byId('seek').getAttribute('aria-valuetext')]") == [3, "bar 4"]


def test_takes_change_in_place(opened):
    opened.click("#play")
    opened.wait("deck.player.now > 0.2")
    opened.value("deck.player.audio.suspend()")  # the clock stands still; the player plays on
    before = opened.value("byId('notes').toDataURL()")
    opened.click(".take:nth-of-type(2) label")
    assert opened.value("[deck.take.label, deck.player.playing, deck.player.now > 0.15]") == [
        pages.LABELS[1],
        True,
        True,
    ]
    opened.value("(deck.player.pause(), 0)")
    assert opened.value("byId('notes').toDataURL()") != before
    assert opened.value("deck.player.notes.filter((note) => note.role === 'bass').map((note) => note.key)") == [40, 47]
    opened.click(".take:nth-of-type(1) .overview", across=0.75)
    assert opened.value("song.takes.map((take) => take.radio.checked)") == [True, False]
    assert opened.value("[deck.take === song.takes[0], song.tick(deck.player.now) / song.end]") == [
        True,
        pytest.approx(0.75, abs=0.01),
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
        "button": ["To the start", "Play", "Loop (L)"]
        + [f"{what} {part}" for part in ("melody", "bass", "drums", "others") for what in ("Mute", "Solo")],
        "slider": ["Position", "Tempo", "Volume of all"]
        + [f"{part} volume" for part in ("Melody", "Bass", "Drums", "Others")],
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
    opened.value("(deck.seek(200), 0)")
    opened.click("#play")
    place = "deck.timeline.roll.x(song.tick(deck.player.now)) - byId('roll').scrollLeft"
    opened.wait(f"deck.player.now > 200.3 && {place} > 60 && {place} < 375 / 2")
    opened.value("(byId('roll').dispatchEvent(new Event('wheel')), byId('roll').scrollLeft = 100, 0)")
    opened.wait("deck.player.now > 200.6")
    assert opened.value("byId('roll').scrollLeft") == 100
    opened.click("#notes", across=0.6)
    assert opened.value("deck.player.now") < 100, "a click seeks where one has scrolled to"
    started = time.monotonic()
    opened.value("(() => { for (let i = 0; i < 50; i++) deck.timeline.draw(); byId('notes').toDataURL(); })()")
    assert time.monotonic() - started < 5, "a tenth of a second a frame would not be smooth"


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(dark, opened, scores, tmp_path):
    opened.open(pages.written(tmp_path, scores, chords=pages.CHORDS), dark=dark)
    assert accessibility.violations(opened) == []
