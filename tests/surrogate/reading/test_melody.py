"""The melody of a file: which track, reduced to which line, on which bars."""

import mido
import numpy as np
import pytest
import symusic

from surrogate.reading import meters
from surrogate.reading.melody import read_melody
from tests.melodies import quarters, write_midi


def test_rounding_opens_no_bar_of_its_own(tmp_path):
    late_end = write_midi(tmp_path / "late.mid", [(0, 1920 + 20, 60, 80)])
    early_onset = write_midi(tmp_path / "early.mid", [(0, 480, 60, 80), (1910, 1920, 62, 80)])
    assert read_melody(late_end).bars == read_melody(early_onset).bars == 1
    assert read_melody(early_onset).tokens[15] == 62 - 21 + 2


def test_melody_is_the_line_not_the_chords_the_bass_or_the_drums(tmp_path):
    def track(name, program, notes, is_drum=False):
        track = symusic.Track(name=name, program=program, is_drum=is_drum)
        track.notes.extend([symusic.Note(start, 200, pitch, 80) for start, pitch in notes])
        return track

    song = symusic.Score(480)
    song.tracks = [
        track("chords", 0, [(480 * beat, pitch) for beat in range(32) for pitch in (60, 64, 67)]),
        track("bass", 33, [(240 * beat, 40) for beat in range(64)]),
        track("drums", 0, [(120 * beat, 42) for beat in range(128)], is_drum=True),
        track("lead", 25, [(480 * beat, 72 + beat % 5) for beat in range(32)]),
    ]
    path = tmp_path / "band.mid"
    path.write_bytes(song.dumps_midi())
    assert read_melody(path).track.name == "lead"
    song.tracks = [song.tracks[1]]
    path.write_bytes(song.dumps_midi())
    assert read_melody(path).track.name == "bass", "a bass alone is the melody"


def test_two_two_and_no_time_signature_pass_and_meters_after_the_end_do_not_matter(tmp_path):
    for meter in ((2, 2), (4, 4), None):
        assert read_melody(write_midi(tmp_path / "tune.mid", quarters(2), meter=meter)).bars == 2
    odd = (2 * 1920, mido.MetaMessage("time_signature", numerator=5, denominator=4))
    assert read_melody(write_midi(tmp_path / "tune.mid", quarters(2), extra=[odd])).bars == 2
    song = read_melody(write_midi(tmp_path / "tune.mid", quarters(3), extra=[odd]))
    assert list(song.grid.bar_ticks) == [0, 1920, 3840, 3840 + 2400] and song.meter == "4/4 and 5/4"


def test_a_meter_that_is_asked_for_has_the_last_word(tmp_path):
    path = write_midi(tmp_path / "tune.mid", quarters(6))
    song = read_melody(path, meter=meters.parse("7/8:3+2+2"))
    assert set(np.diff(song.grid.bar_ticks)) == {1680} and list(song.grid.ticks[:16:4]) == [0, 720, 1200, 1200]
    assert song.meter == "7/8:3+2+2, as asked"


def test_time_in_frames_is_told(tmp_path):
    path = write_midi(tmp_path / "tune.mid", quarters(4, 500), resolution=500)
    raw = bytearray(path.read_bytes())
    raw[12:14] = 256 - 25, 40
    path.write_bytes(raw)
    song = read_melody(path)
    assert song.bars == 4 and song.meter.endswith("(the file counts frames, not beats: read at 120 beats a minute)")
    assert [note.time for note in song.track.notes][:4] == [0, 480, 960, 1920]


@pytest.mark.parametrize("groups", [(2, 2, 3), (2, 3, 2), (3, 2, 2)])
def test_groups_are_found_from_where_long_notes_fall(groups, tmp_path):
    onsets, tick = [], 0
    for _ in range(12):
        for group in groups:
            onsets += [tick] if group == 2 else [tick, tick + 480]
            tick += 240 * group
    notes = [(a, b, 60 + i % 7, 80) for i, (a, b) in enumerate(zip(onsets, [*onsets[1:], tick], strict=True))]
    song = read_melody(write_midi(tmp_path / "tune.mid", notes, meter=(7, 8)))
    assert song.meter == f"7/8:{'+'.join(map(str, groups))}"
