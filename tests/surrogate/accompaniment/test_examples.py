"""The example melodies: the committed files are what the notation says, and the notation is in key, range and time."""

import importlib
import itertools
import sys

import pytest
import symusic

from tests.paths import EXAMPLES

sys.path.insert(0, str(EXAMPLES))  # the examples are not an installed package
write_examples = importlib.import_module("write_examples")
sys.path.remove(str(EXAMPLES))

TUNES = write_examples.TUNES
bars, parse, score = write_examples.bars, write_examples.parse, write_examples.score

each_tune = pytest.mark.parametrize("tune", TUNES, ids=lambda tune: tune.stem)


@each_tune
def test_committed_file_is_the_notation(tune):
    assert (EXAMPLES / f"{tune.stem}.mid").read_bytes() == score(tune).dumps_midi()


def test_every_midi_file_comes_from_the_notation():
    assert {path.stem for path in EXAMPLES.glob("*.mid")} == {tune.stem for tune in TUNES}


@each_tune
def test_one_lead_line_of_at_least_32_bars(tune):
    song = symusic.Score(EXAMPLES / f"{tune.stem}.mid")
    (track,) = song.tracks
    assert track.name == tune.title
    assert 0 <= track.program <= 31 and not track.is_drum
    assert bars(tune) >= 32
    assert (bars(tune) - 1) * tune.bar_ticks < song.end() <= bars(tune) * tune.bar_ticks
    notes = sorted(track.notes, key=lambda note: note.time)
    assert all(a.end <= b.time for a, b in itertools.pairwise(notes)), "one note at a time"


@each_tune
def test_key_range_tempo_and_accents(tune):
    song = symusic.Score(EXAMPLES / f"{tune.stem}.mid")
    names = dict(zip(("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"), range(12), strict=True))
    names |= {"Bb": names["A#"], "E#": names["F"]}
    notes = song.tracks[0].notes
    assert {note.pitch % 12 for note in notes} == {names[name] for name in tune.scale.split()}
    assert all(55 <= note.pitch <= 88 for note in notes), "a lead's range: G3 to E6"
    assert all((note.velocity == 100) == (note.time % tune.bar_ticks == 0) for note in notes)
    assert len({note.velocity for note in notes}) > 1
    assert [(meter.time, meter.numerator, meter.denominator) for meter in song.time_signatures] == [(0, *tune.meter)]
    assert [(key.time, key.key, key.tonality) for key in song.key_signatures] == [(0, *tune.key)]
    marks = {tempo.time // tune.bar_ticks + 1: round(tempo.qpm) for tempo in song.tempos}
    assert marks == tune.tempos and all(100 <= qpm <= 200 for qpm in marks.values())


@pytest.mark.parametrize(
    ("stem", "bar_quarters", "pickup"), [("greensleeves", 3, 0.5), ("amazing_grace", 3, 1), ("oh_susanna", 2, 0.5)]
)
def test_a_pickup_stands_at_the_end_of_a_full_bar(stem, bar_quarters, pickup):
    song = symusic.Score(EXAMPLES / f"{stem}.mid")
    onsets = [note.time / song.ticks_per_quarter for note in song.tracks[0].notes]
    assert onsets[0] == bar_quarters - pickup and bar_quarters in onsets


@pytest.mark.parametrize(("stem", "accents"), [("greensleeves", {0: 100, 720: 92}), ("amazing_grace", {0: 100})])
def test_accents_are_those_of_the_meter(stem, accents):
    notes = symusic.Score(EXAMPLES / f"{stem}.mid").tracks[0].notes
    assert {note.time % 1440: note.velocity for note in notes if note.velocity > 86} == accents


def test_ties_lengthen_and_octaves_shift():
    assert parse("C4h. C4q~ | C4q Rq D4h |", 1920, shift=12) == [(0, 1440, 72), (1440, 960, 72), (2880, 960, 74)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("C4q C4q C4q |", "off"), ("H4w |", "not a note"), ("C4h C4h~ | D4w |", "tied to another pitch")],
)
def test_wrong_notation_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse(text, 1920)
