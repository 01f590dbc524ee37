"""Sections: what returns in the melody has one letter."""

import numpy as np
import pytest

from surrogate.reading import sections
from surrogate.reading.melody import read_melody
from tests.melodies import write_midi
from tests.paths import EXAMPLES

BEAT = 480


def song(tmp_path, form, *, bars=4, meter=4, skip=0):
    """Phrases of quarter notes by letter, each its own; an apostrophe varies a note of a phrase, "-" is a rest."""
    notes, begin = [], skip * meter * BEAT
    for kind, *varied in form.split():
        steps = np.random.default_rng(ord(kind)).integers(0, 12, bars * meter)
        steps[: len(varied)] += 1
        for beat, step in enumerate(steps if kind != "-" else []):
            notes.append((begin + beat * BEAT, begin + (beat + 1) * BEAT - 20, 60 + int(step), 80))
        begin += bars * meter * BEAT
    for bar in range(skip):
        notes.append((bar * meter * BEAT, bar * meter * BEAT + 900, 55 + 7 * bar, 80))
    path = write_midi(tmp_path / "song.mid", notes, meter=(meter, 4))
    return [f"{letter}{first}-{end}" for letter, first, end in sections.find(read_melody(path, pickup=0))]


def test_phrases_of_eight_bars_and_of_four(tmp_path):
    assert song(tmp_path, "A B A' B", bars=8) == ["A0-8", "B8-16", "A16-24", "B24-32"]
    assert song(tmp_path, "A A B A'") == ["A0-8", "B8-12", "A12-16"]
    assert song(tmp_path, "A B A B C D A B", bars=4) == ["A0-16", "B16-24", "A24-32"]


def test_a_song_in_three_and_one_in_two(tmp_path):
    assert song(tmp_path, "A B A C", bars=8, meter=3) == ["A0-8", "B8-16", "A16-24", "C24-32"]
    assert song(tmp_path, "A B A C", bars=8, meter=2) == ["A0-8", "B8-16", "A16-24", "C24-32"]


def test_an_introduction_that_is_no_phrase(tmp_path):
    assert song(tmp_path, "A B A B", bars=8, skip=2) == ["A0-2", "B2-10", "C10-18", "B18-26", "C26-34"]


def test_rests_are_a_section(tmp_path):
    assert song(tmp_path, "A - B - A", bars=4) == ["A0-4", "B4-8", "C8-12", "B12-16", "A16-20"]


def test_nothing_returns(tmp_path):
    assert song(tmp_path, "A B C") == ["A0-8", "B8-12"]
    assert song(tmp_path, "A", bars=1) == ["A0-1"]
    path = write_midi(tmp_path / "short.mid", [(0, 470, 60, 80)])
    assert sections.find(read_melody(path, pickup=1)) == (("A", 0, 1),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("korobeiniki", "A0-8 B8-16 A16-24 B24-32"),
        ("amazing_grace", "A0-8 B8-16 A16-24 B24-33"),  # which begins with a pickup in a bar of its own
    ],
)
def test_examples(name, expected):
    found = sections.find(read_melody(EXAMPLES / f"{name}.mid"))
    assert " ".join(f"{letter}{first}-{end}" for letter, first, end in found) == expected
