"""Chords that files hold: symbols in every kind of event that programs write, and tracks of block chords."""

import mido
import pytest
import symusic

from surrogate.reading import chord_symbols, midi_chords, xf_chords
from surrogate.reading.chords import QUALITIES
from surrogate.reading.melody import read_melody
from tests.melodies import quarters, write_midi

BAR = 4 * 480


def found(path, *, kind="marker", texts=(), extra=(), tracks=()):
    """What is found in a file of eight bars with texts of a kind, (bar, text), extra messages and tracks."""
    extra = [(round(bar * BAR), mido.MetaMessage(kind, text=text)) for bar, text in texts] + list(extra)
    write_midi(path, quarters(8), extra=extra)
    if tracks:
        score = symusic.Score(str(path))
        for name, program, notes in tracks:
            track = symusic.Track(name, program, False)
            track.notes.extend([symusic.Note(*note) for note in notes])
            score.tracks.append(track)
        score.dump_midi(str(path))
    return midi_chords.find(read_melody(path, track=1))


def shown(chords):
    return [(tick / BAR, chord and chord.symbol) for tick, chord in chords.changes]


SYMBOLS = [(0, "C"), (1, "Am7"), (2.5, "F/A"), (3, "N.C.")]


@pytest.mark.parametrize(
    ("kind", "name"), [("marker", "markers"), ("text", "texts"), ("cue_marker", "cue points"), ("lyrics", "lyrics")]
)
def test_symbols_in_texts(kind, name, tmp_path):
    chords = found(tmp_path / "song.mid", kind=kind, texts=SYMBOLS)
    assert shown(chords) == SYMBOLS
    assert chords.origin == f"4 symbols in the file's {name}"


def test_texts_that_are_none_beside_them(tmp_path):
    chords = found(tmp_path / "song.mid", texts=[*SYMBOLS, (0, "Verse"), (4, "Chorus"), (6, "Verse")])
    assert shown(chords) == SYMBOLS and chords.unread == ('"Verse"', '"Chorus"')


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("marker", [(0, "A"), (4, "B")]),
        ("marker", [(0, "Intro"), (2, "Verse"), (4, "C")]),
        ("lyrics", [(0, "A"), (1, "am"), (2, "sing"), (3, "Am")]),
        ("text", [(0, "by B. Bach")]),
    ],
)
def test_sections_and_words_are_no_chords(kind, texts, tmp_path):
    assert found(tmp_path / "song.mid", kind=kind, texts=texts) is None


def xf(bar, *content):
    return round(bar * BAR), mido.MetaMessage("sequencer_specific", data=(0x43, 0x7B, 0x01, *content))


def test_events_of_xf(tmp_path):
    events = [
        xf(0, 0x31, 0x00, 0x7F, 0x7F),
        xf(1, 0x44, 0x0B, 0x7F, 0x7F),
        xf(2, 0x27, 0x02, 0x27, 0x7F),
        xf(3, 0x35, 0x13, 0x37, 0x00),
        xf(4, 0x31, 0x22, 0x7F, 0x7F),
        (0, mido.MetaMessage("sequencer_specific", data=(0x43, 0x7B, 0x00, 1, 2))),
        xf(5, 0x30, 0x00, 0x7F, 0x7F),
        xf(6, 0x31),
    ]
    chords = found(tmp_path / "song.mid", extra=events)
    assert shown(chords) == [(0, "C"), (1, "F#m7b5"), (2, "Bbmaj7"), (3, "G7/B"), (4, "N.C.")]
    kinds = {xf_chords.decode(bytes((0x43, 0x7B, 1, 0x31, kind, 127, 127))) for kind in range(34)}
    assert len(kinds) == 33, "two kinds of fifths"
    assert {chord.quality for chord in kinds} == QUALITIES.keys()


def test_events_of_xf_are_read_as_they_are_written():
    for symbol in ("C", "Bbm7", "F#m7b5", "G7/B", "Ebdim7", "Asus4", "D#aug", "Cmaj7/E", "N.C."):
        chord = chord_symbols.parse(symbol)
        assert xf_chords.decode(xf_chords.encode(chord)) == chord
    assert xf_chords.decode(xf_chords.encode(chord_symbols.parse("C13"))).symbol == "C7"


def blocks(pitches_of_bar, count=8):
    bars = [(bar, pitches_of_bar[bar % len(pitches_of_bar)]) for bar in range(count)]
    return [(bar * BAR, BAR, pitch, 80) for bar, pitches in bars for pitch in pitches]


def test_a_track_of_block_chords(tmp_path):
    c_and_f = blocks([(48, 52, 55), (48, 53, 57)])
    chords = found(tmp_path / "song.mid", tracks=[("Flute", 73, [(0, BAR, 70, 80)]), ("Piano", 0, c_and_f)])
    assert shown(chords) == [(bar, "CF"[bar % 2]) for bar in range(8)]
    assert chords.origin == 'heard on track 3 "Piano"'
    broken = [(tick + 120 * place, 120, pitch, 80) for place, (tick, _, pitch, _) in enumerate(c_and_f)]
    assert found(tmp_path / "song.mid", tracks=[("Harp", 46, broken)]) is None
    assert found(tmp_path / "song.mid", tracks=[("Piano", 0, c_and_f[:3])]) is None, "one bar of eight"
    assert found(tmp_path / "song.mid", tracks=[("Bass", 33, c_and_f)]) is None


def test_names_of_tracks_of_chords(tmp_path):
    mixed = blocks([(48, 52, 55)]) + [(bar * BAR + 480 * beat, 400, 72, 80) for bar in range(8) for beat in (1, 2, 3)]
    assert found(tmp_path / "song.mid", tracks=[("Piano", 0, mixed)]) is None
    assert found(tmp_path / "song.mid", tracks=[("Chords", 0, mixed)]) is not None


def test_symbols_come_before_tracks(tmp_path):
    tracks = [("Chords", 0, blocks([(48, 52, 55)]))]
    path = tmp_path / "song.mid"
    assert found(path, texts=SYMBOLS, tracks=tracks).origin == "4 symbols in the file's markers"
    assert found(path, tracks=tracks).origin.startswith("heard on")
    assert found(path) is None


def test_symbols_stand_where_the_notes_do_when_time_is_scaled(tmp_path):
    symbols = [(4 * bar, mido.MetaMessage("marker", text=text)) for bar, text in enumerate(("C", "Am", "F"))]
    path = write_midi(tmp_path / "one_tick.mid", quarters(4, 1), resolution=1, extra=symbols)
    assert shown(midi_chords.find(read_melody(path))) == [(0, "C"), (1, "Am"), (2, "F")]
    frames = [(tick * 240, message) for tick, message in symbols]  # 24 a second, 20 ticks each: 240 a beat at 120
    content = bytearray(write_midi(tmp_path / "frames.mid", quarters(4, 240), extra=frames).read_bytes())
    content[12:14] = (256 - 24, 20)
    path.write_bytes(content)
    assert shown(midi_chords.find(read_melody(path))) == [(0, "C"), (1, "Am"), (2, "F")]
