"""Changes of a work: each changes one thing, and leaves the rest to the note."""

import json

import jsonschema
import mido
import pytest

from surrogate.studio import changes
from tests import free_playing
from tests.melodies import quarters, write_midi
from tests.paths import EXAMPLES, ROOT
from tests.surrogate.studio import studios
from tests.two_hands import left_hand, right_hand

SCHEMA = json.loads((ROOT / "docs/studio.schema.json").read_text())
ALL, OTHERS = (0, 32), [(0, 8), (16, 32)]


def everything(page):
    return {role: page.notes(role) for role in ("melody", "bass", "drums")}


def test_a_work_is_as_its_schema_says(page):
    jsonschema.validate(page.state, SCHEMA)
    assert page.state["name"] == "Korobeiniki.mid" and len(page.state["bars"]) == 32
    assert [track["guess"] for track in page.state["tracks"]] == [True]
    assert page.state["assumed"]["key"] == "A minor" and page.state["assumed"]["tempo"] == 144
    assert [(each["letter"], each["first"]) for each in page.state["sections"]] == [
        ("A", 0),
        ("B", 8),
        ("A", 16),
        ("B", 24),
    ]
    assert page.state["bars"][1] == {"start": 1.6667, "beats": [1.6667, 2.0833, 2.5, 2.9167], "section": "A"}
    assert len(page.state["takes"]) == 3 and page.state["current"] == 0
    assert [track["program"] for track in page.state["song"]["tracks"]] == [21, 33, 0]


def test_regenerating_drums_of_some_bars_leaves_all_else(page):
    before, takes = everything(page), len(page.state["takes"])
    seeds = set()
    for _ in range(3):
        kept = {bars: page.notes("drums", bars) for bars in OTHERS}
        drums = page.notes("drums", (8, 16))
        state = page.change("regenerate", parts=["drums"], bars=[8, 16])
        jsonschema.validate(state, SCHEMA)
        assert page.notes("bass") == before["bass"] and page.notes("melody") == before["melody"]
        assert {bars: page.notes("drums", bars) for bars in OTHERS} == kept
        assert page.notes("drums", (8, 16)) != drums
        seeds.add(state["takes"][-1]["seed"])
    assert state["takes"][-1]["words"] == "drums of bars 9 to 16 anew" and state["current"] == takes + 2
    assert len(state["takes"]) == takes + 3 and len(seeds) == 3


def test_regenerating_the_bass_leaves_drums_and_other_bars(page):
    before, chords = everything(page), page.state["chords"]
    page.change("regenerate", parts=["bass"], bars=[8, 16])
    assert page.notes("drums") == before["drums"] and page.notes("bass") != before["bass"]
    lines = page.state["song"]["bars"]
    for first, end in OTHERS:
        there = [row for row in before["bass"] if lines[first] <= row[0] < lines[end]]
        assert page.notes("bass", (first, end)) == there
    assert [own for own in page.state["chords"] if own["bar"] < 8] == [own for own in chords if own["bar"] < 8]


def test_a_locked_part_stays(page):
    page.change("lock", part="bass", locked=True)
    assert page.state["locked"] == {"bass": True, "drums": False}
    bass, drums = page.notes("bass"), page.notes("drums")
    page.change("regenerate", parts=["bass", "drums"], bars=None)
    assert page.notes("bass") == bass and page.notes("drums") != drums
    drums = page.notes("drums")
    page.change("choose", choices={"key": "C minor"})
    page.change("choose", choices={"bass_density": 1})
    assert [row[:3] for row in page.notes("bass")] == [row[:3] for row in bass]
    refused = page.send("regenerate", parts=["bass"], bars=None)
    assert refused.status_code == 400 and "unlock" in refused.json()["error"]
    refused = page.send("choose", choices={"meter": "3/4"})
    assert refused.status_code == 400 and "unlock" in refused.json()["error"]
    page.change("lock", part="bass", locked=False)
    page.change("regenerate", parts=["bass"], bars=None)
    assert page.notes("bass") != bass


def test_undo_and_redo(page):
    seen = [page.state]
    page.change("regenerate", parts=["drums"], bars=[0, 4])
    seen.append(page.state)
    page.change("lock", part="drums", locked=True)
    page.change("undo")
    assert page.state["can_redo"] and not page.state["locked"]["drums"]
    for expected in (seen[0], seen[1]):
        state = page.change("undo" if expected is seen[0] else "redo")
        assert (state["song"], state["takes"]) == (expected["song"], expected["takes"])
    page.change("undo")
    refused = page.send("undo")
    assert (refused.status_code, refused.json()["error"]) == (400, "there is nothing to undo")
    page.change("show", take=1)
    assert not page.state["can_redo"] and page.send("redo").status_code == 400


def test_takes_are_shown_and_combined(page):
    played = []
    for take in range(3):
        page.change("show", take=take)
        played.append(everything(page))
    assert len({str(own["bass"]) for own in played}) == len({str(own["drums"]) for own in played}) == 3
    state = page.change("combine", bass=1, drums=2)
    assert page.notes("bass") == played[1]["bass"] and page.notes("drums") == played[2]["drums"]
    assert state["takes"][-1]["words"] == "bass of take 2, drums of take 3"
    assert (state["takes"][-1]["bass_from"], state["takes"][-1]["drums_from"]) == (1, 2)
    assert page.send("show", take=4).json()["error"] == "there is no take 4; they are 0 to 3"


def test_a_chord_is_given_and_taken_back(page):
    before, chords = everything(page), page.state["chords"]
    assert [each["half_bar"] for each in chords] == list(range(64))
    _, old, following, *_ = studios.chord_changes(page.state)
    covered = range(old["half_bar"], following["half_bar"])
    state = page.change("chord", half_bar=old["half_bar"], symbol="F#7/E")
    for each, own in zip(state["chords"], chords, strict=True):
        is_covered = own["half_bar"] in covered
        assert each == (own | {"symbol": "F#7/E", "given": True} if is_covered else own)
    assert "F#7/E" in dict(state["song"]["takes"][0]["chords"]).values()
    line, half_bar = state["song"]["bars"][0], state["song"]["bars"][1] // 2
    begin, end = (line + half_bar * half for half in (covered.start, covered.stop))
    assert page.notes("drums") == before["drums"] and page.notes("bass") != before["bass"]
    for bass in (page.notes("bass"), before["bass"]):
        outside = [row for row in bass if not begin <= row[0] < end]
        assert outside == [row for row in before["bass"] if not begin <= row[0] < end]
    state = page.change("chord", half_bar=old["half_bar"], symbol=None)
    assert not any(each["given"] for each in state["chords"])
    assert "is no chord" in page.send("chord", half_bar=0, symbol="H#b").json()["error"]
    assert page.send("chord", half_bar=64, symbol="C").json()["error"] == "there is no half bar 64 in the song"


def test_choices_that_are_heard_write_nothing(page):
    before = everything(page)
    page.change("choose", choices={"program": 38, "human": 0})
    assert page.state["song"]["tracks"][1]["program"] == 38 and page.state["choices"]["human"] == 0
    assert [row[2:] for row in page.notes("bass")] == [row[2:] for row in before["bass"]]
    begins = {row[0] % 120 for row in page.notes("drums")}
    assert begins == {0}, "on the grid"
    page.change("choose", choices={"swing": 0.66})
    assert len(page.notes("drums")) == len(before["drums"]) and {row[0] % 480 for row in page.notes("drums")} >= {
        0,
        317,
    }
    assert page.state["assumed"]["swing"] == 0.66


def test_a_density_is_of_its_part(page):
    before = everything(page)
    page.change("choose", choices={"drum_density": 1})
    assert page.notes("bass") == before["bass"] and len(page.notes("drums")) > len(before["drums"])
    assert page.state["choices"]["drum_density"] == 1 and len(page.state["takes"]) == 3


def test_another_meter_or_track_begins_again(studio, tmp_path):
    melody, other = quarters(8), [(start, end, pitch - 24, 90) for start, end, pitch, _ in quarters(8)]
    lines = write_midi(tmp_path / "two.mid", melody)
    song = mido.MidiFile(lines)
    song.tracks.append(mido.MidiFile(write_midi(tmp_path / "other.mid", other, channel=1)).tracks[0])
    song.tracks[1][0] = mido.MetaMessage("track_name", name="Second")
    song.save(lines)
    page = studios.Page(studio, lines.read_bytes(), "two.mid")
    assert [track["number"] for track in page.state["tracks"]] == [1, 2] and page.state["tracks"][0]["guess"]
    page.change("choose", choices={"meter": "3/4"})
    assert page.state["assumed"]["meter"] == "3/4" and len(page.state["bars"]) == 11
    page.change("choose", choices={"track": 2, "meter": None})
    assert page.state["song"]["tracks"][0]["name"] == "Second" and page.state["tracks"][0]["number"] == 1
    assert page.state["tracks"][1] == {"number": 2, "name": "Second", "guess": False, "why": "piano, 24 notes"}
    page.change("undo")
    assert page.state["assumed"]["meter"] == "3/4"
    assert "has no track 7" in page.send("choose", choices={"track": 7}).json()["error"]
    assert "key" in page.send("choose", choices={"key": "X"}).json()["error"]


@pytest.mark.parametrize(
    ("meter", "eighths"),
    [
        ("3/2", [0, 2, 4, 6, 8, 10]),
        ("3/8", [0]),
        ("5/8", [0, 2]),
        ("7/8:2+2+3", [0, 2, 4]),
        ("7/8:3+2+2", [0, 3, 5]),
    ],
)
def test_meters_and_their_groups(studio, tmp_path, meter, eighths):
    content = write_midi(tmp_path / "tune.mid", quarters(8)).read_bytes()
    state = studios.Page(studio, content, "tune.mid").change("choose", choices={"meter": meter, "pickup": 0})
    assert state["assumed"]["meter"].startswith(meter)
    assert [round(4 * (beat - state["bars"][1]["start"])) for beat in state["bars"][1]["beats"]] == eighths


def test_beats_are_those_of_the_file_or_those_played(studio, tmp_path):
    played = free_playing.write(tmp_path / "free.mid", free_playing.play("korobeiniki", 90))
    page = studios.Page(studio, played.read_bytes(), "free.mid")
    jsonschema.validate(page.state, SCHEMA)
    found = page.state["assumed"]
    assert found["beats"] == "played" and found["tempo"] == pytest.approx(90, rel=0.04)
    half = page.change("choose", choices={"tempo": 45})["assumed"]
    assert half["beats"] == "played" and half["tempo"] == pytest.approx(45, rel=0.04)
    jsonschema.validate(page.state, SCHEMA)
    refused = page.send("choose", choices={"beats": "file"})
    assert refused.json()["error"] == 'tempo is for beats that are found, not for beats="file"'
    of_file = page.change("choose", choices={"beats": "file", "tempo": None})["assumed"]
    assert (of_file["beats"], of_file["tempo"]) == ("file", 120)
    assert page.change("undo")["assumed"] == half
    few = write_midi(tmp_path / "few.mid", quarters(1)).read_bytes()
    refused = studios.Page(studio, few, "few.mid").send("choose", choices={"beats": "played"})
    assert refused.json()["error"] == "no beats are found in this melody; it keeps those of its file"


def test_one_hand_or_two(studio, tmp_path):
    both = write_midi(tmp_path / "both.mid", right_hand() + left_hand("block")).read_bytes()
    page = studios.Page(studio, both, "both.mid")
    jsonschema.validate(page.state, SCHEMA)
    assert page.state["assumed"]["hands"] == 2 and "two hands" in page.state["assumed"]["words"]["hands"]
    assert page.change("choose", choices={"hands": 1})["assumed"]["hands"] == 1
    assert page.change("undo")["assumed"]["hands"] == 2


@pytest.mark.parametrize(
    ("name", "bars"),
    [
        ("oh_susanna", (2, 5)),  # in 2/4, two bars to one of the models'
        ("oh_susanna", (0, 1)),  # a pickup
        ("greensleeves", (32, 33)),
        ("amazing_grace", (7, 12)),  # in three
    ],
)
def test_bars_are_the_songs_own(studio, name, bars):
    page = studios.Page(studio, (EXAMPLES / f"{name}.mid").read_bytes(), f"{name}.mid")
    page.change("choose", choices={"human": 0})
    jsonschema.validate(page.state, SCHEMA)
    last = len(page.state["bars"])
    others = [span for span in ((0, bars[0]), (bars[1], last)) if span[0] < span[1]]
    before = {span: (page.notes("bass", span), page.notes("drums", span)) for span in others}
    page.change("regenerate", parts=["bass", "drums"], bars=list(bars))
    assert {span: (page.notes("bass", span), page.notes("drums", span)) for span in others} == before
    refused = page.send("regenerate", parts=["drums"], bars=[0, last + 1])
    assert refused.json()["error"] == f"bars must be from 0 up to {last}, not 0 to {last + 1}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "a change has a kind"),
        ({"kind": "dance"}, "a change has a kind"),
        ({"kind": "regenerate", "bars": None}, "regenerate needs parts"),
        ({"kind": "regenerate", "parts": []}, "parts must be"),
        ({"kind": "regenerate", "parts": ["lead"]}, "parts must be"),
        ({"kind": "regenerate", "parts": ["bass"], "bars": [1, 2.5]}, "bars must be"),
        ({"kind": "regenerate", "parts": ["bass"], "bars": [8, 8]}, "bars must be from 0 up to 32, not 8 to 8"),
        ({"kind": "regenerate", "parts": ["bass"], "bars": [0, 33]}, "bars must be from 0 up to 32"),
        ({"kind": "lock", "part": "bass", "locked": 1}, "locked must be true or false"),
        ({"kind": "choose", "choices": {"checkpoint": "/etc"}}, "choices must be choices among"),
        ({"kind": "choose", "choices": {"like": "/etc/passwd"}}, "choices must be choices among"),
        ({"kind": "choose", "choices": {"bass_density": 9}}, "bass_density must be from -2 to 2, not 9"),
        ({"kind": "choose", "choices": {"program": "loud"}}, "program must be a whole number"),
        ({"kind": "show", "take": True}, "take must be a whole number"),
        ({"kind": "undo", "take": 1}, "undo has no take"),
        ({"kind": "undo", "number": "one"}, "number must be a whole number"),
    ],
)
def test_what_is_no_change_is_refused_in_a_line(page, content, words):
    before = page.state
    answer = page.asked.post(f"{page.address}/changes", json=content)
    assert answer.status_code == 400 and words in answer.json()["error"] and "\n" not in answer.json()["error"]
    assert page.asked.get(page.address).json() == before


def test_only_what_loses_nothing_is_replaced():
    def change(kind, **values):
        return changes.parse({"kind": kind, **values})

    density, both = (
        change("choose", choices={"bass_density": 1}),
        change("choose", choices={"bass_density": 0, "seed": 3}),
    )
    assert changes.replaces(both, density) and not changes.replaces(density, both)
    drums, others = (change("regenerate", parts=["drums"], bars=bars) for bars in ([0, 4], [4, 8]))
    assert changes.replaces(drums, drums) and not changes.replaces(others, drums)
    first, second = (change("chord", half_bar=half, symbol="C") for half in (0, 1))
    assert changes.replaces(first, first) and not changes.replaces(second, first)
    assert not changes.replaces(change("undo"), change("undo"))
    assert changes.replaces(change("show", take=1), change("show", take=2))
