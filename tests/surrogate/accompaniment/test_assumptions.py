"""What is told of a song is what was done with it."""

import mido
import pytest

from surrogate.accompaniment.accompanist import read_melody
from surrogate.accompaniment.assumptions import Assumptions, assumptions, count
from surrogate.accompaniment.options import Options
from tests.melodies import write_midi

SCALE = [0, 2, 4, 5, 7, 9, 11, 12]


def told(path, notes=None, *, up=0, in_c=True, meter=None, extra=(), **choices):
    """The Assumptions of a scale moved up, or of other notes, written to path."""
    notes = notes or [(480 * beat, 480 * beat + 400, 60 + up + SCALE[beat % 8], 90) for beat in range(32)]
    options = Options(**choices)
    melody = read_melody(write_midi(path, notes, meter=meter, extra=extra), options)
    return assumptions(melody, options, in_c=in_c)


def test_a_plain_song(tmp_path):
    song = told(tmp_path / "song.mid")
    assert song == Assumptions(
        "notes fit C major / A minor (no key signature is read)", "4/4 (the file names none)", "none", "none"
    )
    assert str(song) == f"key: {song.key}; meter: {song.meter}; pickup: none; swing: none"


@pytest.mark.parametrize(
    ("up", "words"),
    [
        (1, "Db major / Bb minor, read 1 semitone lower"),
        (2, "D major / B minor, read 2 semitones lower"),
        (5, "F major / D minor, read 5 semitones lower"),
        (7, "G major / E minor, read 5 semitones higher"),
        (9, "A major / F# minor, read 3 semitones higher"),
        (11, "B major / G# minor, read 1 semitone higher"),
    ],
)
def test_the_key_and_how_far_it_was_moved(up, words, tmp_path):
    assert told(tmp_path / "song.mid", up=up).key == f"notes fit {words} (no key signature is read)"


def test_models_that_read_any_key_assume_none(tmp_path):
    assert told(tmp_path / "song.mid", up=2, in_c=False).key == "of no account to this model"


def test_meters_are_those_that_the_song_has(tmp_path):
    def mark(tick, numerator):
        return tick, mido.MetaMessage("time_signature", numerator=numerator, denominator=4)

    assert told(tmp_path / "song.mid", meter=(3, 4)).meter == "3/4"
    changes = mark(1920 * 2, 3), mark(1920 * 2 + 1440, 4), mark(1920 * 99, 2)
    assert told(tmp_path / "song.mid", extra=changes).meter == "4/4 and 3/4"


def test_pickup_and_swing_found_or_asked_for(tmp_path):
    path = tmp_path / "song.mid"
    assert told(path, pickup=1).pickup == "1 beat, as asked"
    assert told(path, pickup=1.5).pickup == "1.5 beats, as asked"
    assert told(path, pickup=0).pickup == "none, as asked"
    swung, shuffled = (
        [(at, at + 80, 60 + i * 7 % 12, 90) for i, at in enumerate(onsets)]
        for onsets in (
            [480 * (i // 2) + 320 * (i % 2) for i in range(128)],
            [480 * (i // 4) + (0, 150, 240, 390)[i % 4] for i in range(128)],
        )
    )
    assert told(path, swung).swing == "second eighth at 0.67 of a beat"
    assert told(path, swung, swing=0.6).swing == "second eighth at 0.60 of a beat, as asked"
    assert told(path, swung, swing=0.5).swing == "none, as asked"
    assert told(path, shuffled).swing == "second 16th at 0.62 of an eighth"


def test_counts():
    assert [count(number, "bar") for number in (0, 1, 2, 1.5)] == ["0 bars", "1 bar", "2 bars", "1.5 bars"]
