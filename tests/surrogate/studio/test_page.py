"""The studio's page in Chromium and Firefox: from the drop to what is taken away."""

import itertools
import time

import pytest
import symusic

from tests import accessibility, chromium, firefox, free_playing, soundfont
from tests.paths import ROOT
from tests.surrogate.studio import studio_page
from tests.surrogate.studio.studios import PlainBand, notes

ENGINES = {"chromium": (chromium.find, chromium.Chromium), "firefox": (firefox.find, firefox.Firefox)}


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    font = tmp_path_factory.mktemp("font") / "small.sf2"
    font.write_bytes(soundfont.soundfont())
    with studio_page.served(str(font)) as address:
        yield address


@pytest.fixture(scope="module", params=ENGINES)
def browser(request, tmp_path_factory):
    find, start = ENGINES[request.param]
    if find() is None:
        pytest.skip(f"no {request.param} here")
    with start(tmp_path_factory.mktemp(request.param)) as browser:
        yield browser


def complaints(browser):
    return browser.complaints() if callable(browser.complaints) else browser.complaints


@pytest.fixture
def page(browser, address):
    """The studio, before anything is opened; whatever the browser complains of fails the test."""
    if isinstance(browser, chromium.Chromium):
        browser.complaints.clear()
    page = studio_page.StudioPage(browser, address)
    yield page
    assert complaints(browser) == []


def test_a_dropped_melody_sounds_and_is_shown(page):
    state = page.drop((ROOT / "examples/korobeiniki.mid").read_bytes(), "tune.mid")
    assert page.browser.value("document.querySelector('h1').textContent") == "tune"
    page.browser.wait("studio.deck.player.scheduled >= 3")
    assert notes(state, "melody") and notes(state, "bass") and notes(state, "drums")
    assert page.browser.value("studio.deck.player.notes.length") == sum(
        len(notes(state, role)) for role in ("melody", "bass", "drums")
    )
    assert page.browser.value("document.querySelectorAll('.sections button').length") == len(state["sections"])
    assert page.browser.value("document.querySelectorAll('.chords button').length") == 64


def test_drums_of_some_bars_are_written_anew_and_all_else_stays(page, opened):
    before = page.drop(opened, "korobeiniki.work")
    page.browser.value("(studio.deck.timeline.select([8, 16]), 0)")
    assert page.browser.value("document.querySelector('#scope').textContent") == "Bars 9 to 16"
    after = page.changed("#act button:nth-of-type(2)")
    assert [notes(after, role) == notes(before, role) for role in ("melody", "bass", "drums")] == [True, True, False]
    for bars in ((0, 8), (16, 32)):
        assert notes(after, "drums", bars) == notes(before, "drums", bars)
    assert notes(after, "drums", (8, 16)) != notes(before, "drums", (8, 16))
    undone = page.changed("[title^=Undo]")
    assert undone["song"]["tracks"] == before["song"]["tracks"]
    again = page.changed("[title^=Redo]")
    assert again["song"]["tracks"] == after["song"]["tracks"]


def test_a_locked_part_stays(page, opened):
    before = page.drop(opened, "korobeiniki.work")
    page.changed("[title='Lock bass']")
    after = page.changed("#act button:nth-of-type(3)")
    assert notes(after, "bass") == notes(before, "bass") and notes(after, "drums") != notes(before, "drums")
    assert page.browser.value("document.querySelector('#act button').disabled"), "there is no new bass of a locked one"


def test_takes_are_shown_and_combined(page, opened):
    first = page.drop(opened, "korobeiniki.work")
    second = page.changed(".shelved:nth-of-type(2) .take")  # of three, the newest on top
    assert second["current"] == 1 and second["song"]["tracks"] != first["song"]["tracks"]
    both = page.changed(".shelved:nth-of-type(3) .toggle")  # the bass of take 1
    assert (notes(both, "bass"), notes(both, "drums")) == (notes(first, "bass"), notes(second, "drums"))
    assert [take["take"] for take in both["takes"]] == [0, 1, 2, 3] and both["current"] == 3


def test_a_chord_is_changed_and_the_bass_follows(page, opened):
    before = page.drop(opened, "korobeiniki.work")
    page.browser.click(".chords button:nth-of-type(9)")
    assert page.browser.value("document.querySelector('#chord p').textContent") == "Bar 5, first half"
    page.browser.value("(document.querySelector('#chord input').value = 'Ebm7', 0)")
    after = page.changed("#chord .main")
    chord = next(chord for chord in after["chords"] if chord["bar"] == 4)
    assert (chord["symbol"], chord["given"]) == ("Ebm7", True)
    assert notes(after, "drums") == notes(before, "drums")
    assert notes(after, "bass", (0, 4)) == notes(before, "bass", (0, 4))
    named = "[...document.querySelectorAll('.chords .given:not(.held)')].map(({ textContent }) => textContent)"
    assert page.browser.value(named) == ["Ebm7"], "named once, however long it lasts"
    page.browser.click(".chords button:nth-of-type(9)")
    page.browser.value("(document.querySelector('#chord input').value = 'no chord', 0)")
    page.browser.click("#chord .main")
    page.browser.wait("document.querySelector('#status').classList.contains('wrong')")
    assert "no chord" in page.browser.value("document.querySelector('#status').textContent")
    if isinstance(page.browser, chromium.Chromium):  # which tells that a request was refused
        page.browser.complaints.clear()


def test_what_is_taken_away_is_what_is_shown(page, opened):
    state = page.drop(opened, "korobeiniki.work")
    page.browser.click("#tools .main")
    page.browser.click("#files a")
    file = page.browser.downloads / "Korobeiniki accompanied.mid"
    until = time.monotonic() + 20
    while not (file.exists() and file.stat().st_size) and time.monotonic() < until:
        time.sleep(0.05)
    score = symusic.Score.from_midi(file.read_bytes())
    shown = {role: [row[:2] for row in notes(state, role)] for role in ("melody", "bass", "drums")}
    for track in (track for track in score.tracks if len(track.notes)):
        role = "drums" if track.is_drum else "bass" if track.name == "Bass" else "melody"
        assert sorted((note.time, note.end) for note in track.notes) == sorted(map(tuple, shown[role])), role


def test_the_last_of_many_quick_changes_is_on_the_page(page, opened):
    page.drop(opened, "korobeiniki.work")
    page.browser.value(
        """(async () => {
      for (let i = 1; i <= 50; i++) {
        studio.change({ kind: "choose", choices: { bass_density: (i % 5) / 2 - 1, human: i / 20 } });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })()"""
    )
    page.wait("studio.state.choices.human === 2.5 && !document.body.classList.contains('busy')")
    assert page.state["choices"]["bass_density"] == -1


def test_a_work_comes_back(page, opened):
    page.drop(opened, "korobeiniki.work")
    state = page.changed("#act button:nth-of-type(1)")
    kept = f"import('./static/store.js').then((store) => store.get('{state['work']}')).then((kept) => kept?.number)"
    page.browser.wait(f"{kept}.then((number) => number === {state['number']})")
    assert page.open_again() == state
    page.browser.value(f"fetch('works/{state['work']}', {{ method: 'DELETE' }}).then(() => 0)")
    back = page.open_again()
    assert back["work"] != state["work"]
    assert back["song"]["tracks"] == state["song"]["tracks"] and back["takes"] == state["takes"]
    if isinstance(page.browser, chromium.Chromium):  # which tells that the studio had forgotten it
        page.browser.complaints.clear()


def test_what_cannot_be_read_is_told_in_a_line(page):
    page.browser.value(studio_page.DROP % ('"AAAA"', '"broken.mid"'))
    page.browser.wait("document.querySelector('#status').classList.contains('wrong')")
    told = page.browser.value("document.querySelector('#status').textContent")
    assert told.startswith("broken.mid") and "\n" not in told
    if isinstance(page.browser, chromium.Chromium):
        page.browser.complaints.clear()


def test_metronome_and_count_in(page, opened):
    page.drop(opened, "korobeiniki.work")
    page.browser.value("(studio.deck.player.pause(), globalThis.clicks = [], 0)")
    page.browser.value("""(() => {
      let owner = studio.deck.player.synth; // of this and of the soundfont's, once it is loaded
      while (!Object.hasOwn(owner, "click")) owner = Object.getPrototypeOf(owner);
      owner.click = (accent, at) => clicks.push([accent, at]);
    })()""")
    page.browser.click("[title^=Count]")
    page.browser.click("[title^=Click]")
    page.browser.value("(studio.deck.seek(studio.state.bars[2].start), studio.deck.player.play(), 0)")
    clicks = page.browser.value("clicks")
    assert [accent for accent, _ in clicks[:4]] == [True, False, False, False]
    assert [b[1] - a[1] for a, b in itertools.pairwise(clicks)] == pytest.approx([60 / 144] * 3, abs=1e-3)
    page.browser.click("#play")


CHOOSE = """((control, value) => {
  Object.assign(control, { value }).dispatchEvent(new Event("change"));
})(document.querySelector("#choices [name=%s]"), "%s")"""
SHOWN = "document.querySelector('#choices [name=%s]').selectedOptions[0].textContent"


def test_beats_tempo_and_meter_are_chosen(page, tmp_path):
    browser = page.browser
    played = free_playing.write(tmp_path / "free.mid", free_playing.play("korobeiniki", 90))
    page.drop(played.read_bytes(), "free.mid")
    assert browser.value(SHOWN % "beats") == "as played (found)"
    half = page.changed(CHOOSE % ("played-at", "45"))["assumed"]
    assert half["beats"] == "played" and half["tempo"] == pytest.approx(45, rel=0.04)
    seven = page.changed(CHOOSE % ("meter", "7/8:3+2+2"))
    assert seven["assumed"]["meter"] == "7/8:3+2+2" and browser.value(SHOWN % "meter") == "7/8 (3+2+2)"
    of_file = page.changed(CHOOSE % ("beats", "file"))
    assert (of_file["assumed"]["beats"], of_file["choices"]["tempo"]) == ("file", None)
    assert browser.value("document.querySelector('#choices [name=played-at]').offsetParent") is None
    assert browser.value(SHOWN % "hands") == "all of its track (found)"
    assert page.changed(CHOOSE % ("hands", "2"))["choices"]["hands"] == 2


def test_a_studio_that_was_closed_says_so(browser):
    band = PlainBand()
    with studio_page.served(band=band) as address:
        page = studio_page.StudioPage(browser, address)
        page.drop((ROOT / "examples/korobeiniki.mid").read_bytes(), "tune.mid")
        band.seconds = 2.0
        browser.click("#act button")
        browser.wait("document.body.classList.contains('busy')")
    browser.wait("document.querySelector('#status').textContent === 'the studio was closed; start it again'")
    if isinstance(browser, chromium.Chromium):
        browser.complaints.clear()


in_one_engine = pytest.mark.parametrize("browser", ["chromium"], indirect=True)


@in_one_engine
@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(dark, page, opened):
    browser = page.browser
    browser.open(page.address, dark=dark)
    browser.wait("document.querySelectorAll('#start .choices button').length > 0")
    assert accessibility.violations(browser) == []
    page.drop(opened, "korobeiniki.work")
    browser.value("(studio.deck.player.pause(), studio.deck.timeline.select([0, 2]), 0)")
    assert accessibility.violations(browser) == []
    for act in ("#help", "#tools .main", ".chords button"):
        browser.click(act)
        assert accessibility.violations(browser) == [], act
        browser.press("Escape", "Escape")


@in_one_engine
def test_a_phone_shows_it_without_scrolling_sideways(page, opened):
    browser = page.browser
    browser.open(page.address, 375, 812)
    page.drop(opened, "korobeiniki.work")
    assert browser.value("document.documentElement.scrollWidth <= innerWidth && innerWidth") == 375
    small = """[...document.querySelectorAll("button, a, select, input, summary")].filter((control) => {
      const { width, height } = (control.closest("label") ?? control).getBoundingClientRect();
      return width && height && (width < 44 || height < 44);
    }).map((control) => `${control.outerHTML} ${control.offsetWidth} x ${control.offsetHeight}`)"""
    assert browser.value(small) == []


@in_one_engine
def test_keys_take_back_and_bring_again(page, opened):
    browser = page.browser
    before = page.drop(opened, "korobeiniki.work")
    after = page.changed("#act button:nth-of-type(2)")
    browser.press("z", "KeyZ", 2)
    page.wait("studio.state.can_redo")
    assert page.state["song"]["tracks"] == before["song"]["tracks"]
    browser.press("Z", "KeyZ", 2 + 8)
    page.wait("!studio.state.can_redo")
    assert page.state["song"]["tracks"] == after["song"]["tracks"]


@in_one_engine
def test_the_soundfont_of_the_machine_sounds(page, opened):
    browser = page.browser
    browser.wait("studio.deck.player.synth?.engine !== undefined")
    page.drop(opened, "korobeiniki.work")
    browser.value("(globalThis.meter = studio.deck.player.audio.createAnalyser(), 0)")
    browser.value("(studio.deck.player.synth.master.connect(meter), globalThis.heard = new Float32Array(2048), 0)")
    loudest = "(meter.getFloatTimeDomainData(heard), Math.max(...heard.map(Math.abs)))"
    browser.wait("!studio.deck.player.playing")  # as nothing was clicked on yet
    browser.click("#play")
    browser.wait(f"{loudest} > 0.01")
    for _ in range(9):  # no note hangs that was handed over before a pause
        browser.click("#play")
    browser.wait(f"!studio.deck.player.playing && {loudest} < 0.001")
