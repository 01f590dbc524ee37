"""Scores that are written: what notation programs play of them is what is in the MIDI file."""

import itertools
from xml.etree import ElementTree

import mido
import numpy as np
import pytest

from musicvae_jax import events, midi
from surrogate.accompaniment.options import Options
from surrogate.accompaniment.result import Take
from surrogate.reading import chord_symbols, notation_file, song_chords
from surrogate.reading.keys import Key
from surrogate.reading.melody import read_melody
from surrogate.rendering import arrange, musicxml
from tests import musescore
from tests.melodies import write_midi

BEAT = 480
CHORDS = ("C", "F#m7b5", "G7/B", "Bbmaj7", "N.C.", "Am7")
SCALE = (60, 62, 64, 65, 66, 67, 69, 70, 72)


def line(lengths, bars, bar_beats=4, since=0.0):
    """A line of so many quarter notes each, over and over, from a beat on."""
    rows, now, number = [], since, 0
    while now + lengths[number % len(lengths)] <= bars * bar_beats:
        end = now + lengths[number % len(lengths)]
        rows.append((round(now * BEAT), round(end * BEAT), SCALE[(5 * number) % 9], 80))
        now, number = end, number + 1
    return rows


THIRD = 1 / 3
SONGS = {  # notes, meter, what is asked of the reading
    "straight": (line([1, 0.5, 0.5, 0.75, 0.25, 1], 8), (4, 4), {}),
    "syncopes": (line([0.5, 1, 1, 1.5], 8), (4, 4), {}),
    "long": (line([5, 2.5, 3.25], 12), (4, 4), {}),
    "triplets": (line([THIRD, THIRD, THIRD, 1, 2 * THIRD, THIRD, 1], 8), (4, 4), {}),
    "fine": (line([0.125, 0.125, 0.75, THIRD / 2, THIRD / 2, THIRD, THIRD, 2], 8), (4, 4), {}),
    "pickup": (line([1], 8, 3, since=2), (3, 4), {"pickup": 0.0}),
    "waltz": (line([1, 0.5, 0.5, 1, 3], 9, 3), (3, 4), {"pickup": 1.0}),
    "compound": (line([1, 0.5, 1.5, 0.75, 0.25, 0.5], 8, 3), (6, 8), {"pickup": 0.5}),
    "seven": (line([0.5, 1, 1, 1], 8, 3.5), (7, 8), {}),
    "halves": (line([2, 1, 1], 8), (2, 2), {}),
}


def song(name, folder, *, extra=(), notes=None):
    """A melody, a take of it, and the score that is written."""
    rows, meter, asked = SONGS[name]
    path = write_midi(folder / f"{name}.in.mid", notes or rows, meter=meter, extra=extra)
    melody = read_melody(path, **{"swung": 0.5} | asked)
    rng, steps = np.random.default_rng(len(name)), len(melody.tokens)
    bass = np.where(rng.random(steps) < 0.4, rng.choice([0, 1, 9, 14, 16, 21], steps), 0)
    drums = np.where(rng.random(steps) < 0.5, rng.integers(0, events.DRUM_CLASSES, steps), 0)
    tokens = np.column_stack([bass, drums]).astype(np.uint16)
    arranged = arrange.arrange(melody, tokens, Options(human=0.0))
    ticks = melody.grid.ticks[:-1:8]
    changes = [(int(tick), chord_symbols.parse(CHORDS[n % 6])) for n, tick in enumerate(ticks)]
    changes = song_chords.of_changes(changes, "").changes
    take = Take(arranged.score, tokens, 1.0, arranged.roles, arranged.content, changes)
    content = musicxml.content(take, melody, [(0, Key.parse("G minor"))], title="A <song> & more\x00")
    path = folder / f"{name}.musicxml"
    path.write_bytes(content)
    return melody, take, path


def rows(score):
    """Of each track its notes: sixtieths of a quarter note, pitch."""
    beat = score.ticks_per_quarter
    return [sorted((round(60 * n.time / beat), n.pitch) for n in track.notes) for track in score.tracks if track.notes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scores")


@pytest.fixture(scope="module")
def songs(folder):
    return {name: song(name, folder) for name in SONGS}


@pytest.fixture(scope="module")
def played(songs, folder):
    if musescore.find() is None:
        pytest.skip("needs MuseScore")
    return dict(zip(songs, musescore.play([path for *_, path in songs.values()], folder), strict=True))


@pytest.mark.parametrize("name", SONGS)
def test_musescore_plays_the_same_notes(name, songs, played):
    _, take, _ = songs[name]
    heard = midi.read(played[name])
    assert rows(heard) == rows(take.score)
    assert [track.is_drum for track in heard.tracks] == [False, False, True]
    assert [track.program for track in heard.tracks] == [0, 33, 0]
    assert round(heard.tempos[0].qpm) == 120


@pytest.mark.parametrize("name", SONGS)
def test_scores_that_are_written_can_be_read(name, songs):
    melody, take, path = songs[name]
    chunks, notation = notation_file.read(path)
    read = midi.read(chunks.content())
    assert rows(read) == rows(take.score)
    assert [(track.program, track.is_drum) for track in read.tracks] == [(0, False), (33, False), (0, True)]
    before = max(0, int(melody.grid.bar_ticks[1]) if melody.grid.bar_ticks[0] < 0 else 0)
    assert notation.pickup == before / BEAT
    expected = [(tick, chord.root, chord.quality, chord.bass) for tick, chord in take.chord_changes]
    assert [(tick, chord.root, chord.quality, chord.bass) for tick, chord in notation.chords] == expected


@pytest.mark.parametrize("name", SONGS)
def test_bars_are_full_and_note_values_right(name, songs):
    values = {"whole": 96, "half": 48, "quarter": 24, "eighth": 12, "16th": 6, "32nd": 3}
    melody, _, path = songs[name]
    lines = np.maximum(melody.grid.bar_ticks, 0)
    for part in ElementTree.parse(path).getroot().findall("part"):
        lengths = []
        for measure in part.findall("measure"):
            notes = [note for note in measure.findall("note") if note.find("chord") is None]
            lengths.append(sum(int(note.findtext("duration")) for note in notes))
            for note in notes:
                if note.find("type") is not None:
                    length = values[note.findtext("type")] * (1.5 if note.find("dot") is not None else 1)
                    third = 2 / 3 if note.find("time-modification") is not None else 1
                    assert length * third == int(note.findtext("duration"))
            tuplets = [each.get("type") for each in measure.iter("tuplet")]
            assert tuplets == ["start", "stop"] * (len(tuplets) // 2)
        assert lengths == (np.diff(lines) * 24 / BEAT).tolist()


def test_a_swung_melody_is_written_straight(tmp_path):
    notes = [
        (beat * BEAT + place, beat * BEAT + place + 150, 60 + beat % 7, 80) for beat in range(32) for place in (0, 310)
    ]
    path = write_midi(tmp_path / "a.mid", notes)
    melody = read_melody(path, swung=0.646)
    tokens = np.zeros((len(melody.tokens), 2), np.uint16)
    tokens[2::4, 1] = events.KICK
    arranged = arrange.arrange(melody, tokens, Options(human=1))
    take = Take(arranged.score, tokens, 1.0, arranged.roles, arranged.content)
    (tmp_path / "a.musicxml").write_bytes(musicxml.content(take, melody, (), title="a"))
    read = midi.read(notation_file.read(tmp_path / "a.musicxml")[0].content())
    assert [note.time for note in read.tracks[0].notes] == [240 * eighth for eighth in range(64)]
    assert {note.time % 480 for note in read.tracks[-1].notes} == {240}
    assert "Swing" in (tmp_path / "a.musicxml").read_text()


def test_what_was_played_is_written_simply(tmp_path):
    rng = np.random.default_rng(0)
    played = [
        (max(0, t + d), e + d - 60, *rest)
        for (t, e, *rest), d in zip(SONGS["straight"][0], rng.integers(-25, 25, 99), strict=False)
    ]
    _, _, path = song("straight", tmp_path, notes=played)
    read = midi.read(notation_file.read(path)[0].content())
    assert [note.time for note in read.tracks[0].notes] == [begin for begin, *_ in SONGS["straight"][0]]
    assert all(note.end == after.time for note, after in itertools.pairwise(read.tracks[0].notes))


def test_the_last_note_may_begin_just_before_the_end(tmp_path):
    notes = [*line([1], 3), *line([1], 1)[:3]]
    notes = [(BEAT * number, BEAT * number + 450, *rest) for number, (_, _, *rest) in enumerate(notes)]
    _, _, path = song("straight", tmp_path, notes=[*notes, (BEAT * 16 - 30, BEAT * 16, 72, 80)])
    read = midi.read(notation_file.read(path)[0].content())
    assert [note.time for note in read.tracks[0].notes] == [*range(0, 15 * BEAT, BEAT), 16 * BEAT - 120]


def test_names_keys_words_and_staves(tmp_path):
    words = [(0, mido.MetaMessage("lyrics", text="Hal-")), (BEAT, mido.MetaMessage("lyrics", text="lö "))]
    _, _, path = song("straight", tmp_path, extra=words)
    root = ElementTree.parse(path).getroot()
    assert root.findtext("work/work-title") == "A <song> & more"
    assert [each.text for each in root.iter("part-name")] == ["Tune", "Bass", "Drums"]
    assert [(each.findtext("syllabic"), each.findtext("text")) for each in root.iter("lyric")] == [
        ("begin", "Hal"),
        ("single", "lö"),
    ]
    melody, bass, drums = root.findall("part")
    assert [each.findtext(".//clef/sign") for each in (melody, bass, drums)] == ["G", "F", "percussion"]
    assert bass.findtext(".//transpose/octave-change") == "-1"
    assert {(part.findtext(".//fifths"), part.findtext(".//mode")) for part in (melody, bass)} == {("-2", "minor")}
    spelled = {(each.findtext("step"), each.findtext("alter")) for each in melody.iter("pitch")}
    assert {("F", "1"), ("B", "-1")} <= spelled, "G minor's raised seventh and its third"
    heads = {
        note.find("instrument").get("id"): note.findtext("notehead")
        for note in drums.iter("note")
        if note.find("instrument") is not None
    }
    assert (heads["P3-I36"], heads["P3-I38"], heads["P3-I42"], heads["P3-I49"]) == ("normal", "normal", "x", "x")
