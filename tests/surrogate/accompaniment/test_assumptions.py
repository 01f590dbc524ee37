"""What is told of a song is what was done with it."""

import re

import mido

from surrogate.accompaniment.accompanist import read_melody
from surrogate.accompaniment.assumptions import Assumptions, assumptions, count
from surrogate.accompaniment.options import Options
from surrogate.reading import song_evidence
from tests.melodies import write_midi
from tests.notation_files import write

SCALE = [0, 2, 4, 5, 7, 9, 11, 12]


def told(path, notes=None, *, up=0, meter=None, extra=(), reads_any_key=False, knows_chords=True, **choices):
    """The Assumptions of a scale moved up, or of other notes, written to path."""
    notes = notes or [(480 * beat, 480 * beat + 400, 60 + up + SCALE[beat % 8], 90) for beat in range(32)]
    options = Options(**choices)
    melody = read_melody(write_midi(path, notes, meter=meter, extra=extra), options)
    found = None if reads_any_key else song_evidence.find_keys(melody, asked=options.key)
    return assumptions(melody, found, options, knows_chords=knows_chords)


def test_whose_beats(tmp_path):
    few = [(480 * beat, 480 * beat + 400, 60, 90) for beat in range(8)]
    assert told(tmp_path / "song.mid", few, beats="played").beats == "the file's (no others are found)"
    assert told(tmp_path / "song.mid", few, beats="file").beats == "the file's, as asked"


def test_a_plain_song(tmp_path):
    song = told(tmp_path / "song.mid")
    assert re.fullmatch(r"C major \(sure: \d\d %, from the notes\)", song.key)
    own = "the model's own (none are given)"
    assert song == Assumptions(song.key, "the file's", "4/4 (the file names none)", "none", "none", own)
    assert (
        str(song)
        == f"key: {song.key}; beats: the file's; meter: {song.meter}; pickup: none; swing: none; chords: {own}"
    )


def test_the_key_and_what_told_it(tmp_path):
    signature = [(0, mido.MetaMessage("key_signature", key="D"))]
    key = told(tmp_path / "song.mid", up=2, extra=signature).key
    assert re.fullmatch(r"D major \(sure: \d\d %, from the notes and signature\)", key)
    assert told(tmp_path / "song.mid", up=2, key="Bm").key == "B minor, as asked"


def test_keys_of_sections_with_bars_of_the_song(tmp_path):
    tune = [0, 0, 7, 7, 9, 9, 7, 7, 5, 5, 4, 4, 2, 2, 0, 0]
    sections = [(480 * beat, 480 * beat + 400, 60 + 2 * (beat >= 128) + tune[beat % 16], 90) for beat in range(256)]
    assert re.match(r"C major, D major from bar 33 \(sure: ", told(tmp_path / "song.mid", sections).key)
    pickup = [(start + 480, end + 480, pitch, velocity) for start, end, pitch, velocity in sections]
    assert "D major from bar 34 (" in told(tmp_path / "song.mid", [(0, 400, 67, 90), *pickup], pickup=1).key


def test_what_stands_among_the_chords_and_is_none(tmp_path):
    markers = [(0, "C"), (0, "Intro"), (1920, "F"), (3840, "G"), (3840, "Verse")]
    extra = [(tick, mido.MetaMessage("marker", text=text)) for tick, text in markers]
    words = '3 symbols in the file\'s markers; no chord to this program: "Intro", "Verse"'
    assert told(tmp_path / "song.mid", extra=extra).chords == words
    assert "Verse" not in told(tmp_path / "song.mid", extra=extra, chords="C | F").chords


def test_models_that_read_any_key_assume_none(tmp_path):
    assert told(tmp_path / "song.mid", up=2, reads_any_key=True).key == "of no account to this model"


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


def test_where_chords_are_from(tmp_path):
    path, symbols = tmp_path / "song.mid", [(1920 * bar, mido.MetaMessage("marker", text="Am")) for bar in range(3)]
    assert told(path, chords="C | F").chords == "as given, 2 bars played 4 times over"
    assert told(path, extra=symbols).chords == "3 symbols in the file's markers"
    assert told(path, extra=symbols, chords="C " * 8).chords == "as given, 8 bars"
    assert told(path, extra=symbols, chords=False).chords == "the model's own, as asked"
    assert told(path, knows_chords=False).chords == "of no account to this model"


def test_counts():
    assert [count(number, "bar") for number in (0, 1, 2, 1.5)] == ["0 bars", "1 bar", "2 bars", "1.5 bars"]


def test_chord_symbols_of_a_score_that_cannot_be_read(tmp_path):
    path = write(tmp_path / "a.abc", 'X:1\nM:4/4\nL:1/1\nK:C\n"Am"c|"Oh"c|"la"c|"da"c|"do"c|"di"c|\n')

    def told_chords(**choices):
        options = Options(**choices)
        return assumptions(read_melody(path, options), None, options, knows_chords=True).chords

    unread = '"Oh" in bar 2, "la" in bar 3, "da" in bar 4, "do" in bar 5 and 1 more'
    assert told_chords() == f"1 symbol in the score; no chord to this program: {unread}"
    assert told_chords(chords=False) == "the model's own, as asked"
    assert "no chord to" not in told_chords(chords="C")
