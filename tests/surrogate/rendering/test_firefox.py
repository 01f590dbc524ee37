"""The page of takes in another engine, a headless Firefox: it is drawn, answers and sounds without an error."""

import pytest

from tests import firefox, pages


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if firefox.find() is None:
        pytest.skip("no Firefox here")
    with firefox.Firefox(tmp_path_factory.mktemp("firefox")) as browser:
        yield browser


@pytest.fixture
def opened(browser, tmp_path):
    """The browser with the page open; whatever it complains of fails the test."""
    browser.open(pages.written(tmp_path, pages.two_takes()))
    yield browser
    assert browser.complaints() == []


def test_notes_and_takes_are_drawn(opened):
    colours = (
        "new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer))"
    )
    assert opened.value(f"[...document.querySelectorAll('canvas')].map((canvas) => {colours}.size > 4)") == [True] * 3
    assert opened.value("document.title") == pages.HOSTILE.replace("\udcff", "?")


def test_the_button_plays_and_pauses(opened):
    opened.click("#play")
    assert opened.value("[deck.player.playing, byId('play').ariaLabel]") == [True, "Pause"]
    opened.click("#play")
    assert opened.value("[deck.player.playing, byId('play').ariaLabel]") == [False, "Play"]


def test_every_part_sounds(opened):
    # Offline: on a machine without a sound card the clock of Firefox's sound stands still.
    loudest = """(async (note) => {
      const offline = new OfflineAudioContext(2, 44100, 44100);
      const synth = new Synth(offline, ROLES);
      synth.cut();
      synth.play(note, 0, 0.5);
      const samples = (await offline.startRendering()).getChannelData(0);
      return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    })"""
    for note in (f"deck.player.notes.find((note) => note.role === '{role}')" for role in set(pages.ROLES)):
        assert 0.01 < opened.value(f"{loudest}({note})") <= 1, note


def test_its_complaints_are_seen(browser, tmp_path):
    path = tmp_path / "broken.html"
    path.write_text("<!doctype html><body><script>nothing.at.all</script>")
    browser.open(path)
    assert browser.complaints() == ["ReferenceError: nothing is not defined"]
    with pytest.raises(RuntimeError, match="nothing is not defined"):
        browser.value("nothing")
