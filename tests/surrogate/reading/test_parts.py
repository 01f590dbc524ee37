"""What a chunk plays in pieces is one part; what sounds together stays apart."""

import pytest

from surrogate.reading import parts
from surrogate.reading.melody import read_melody
from tests import midi_files
from tests.midi_files import named, notes, program

FIRST, SECOND = range(0, 7680, 480), range(7680, 15360, 480)


def voices(path):
    song = parts.read(path)
    assert len(song.voices) == len(song.score.tracks)
    return [(len(track.notes), sorted(of)) for track, of in zip(song.score.tracks, song.voices, strict=True) if of]


def test_a_change_of_program_is_one_part(tmp_path):
    tune = [*program(73), *notes(FIRST), *program(68, tick=7680), *notes(SECOND)]
    path = midi_files.write(tmp_path / "tune.mid", named("Wind") + tune)
    assert voices(path) == [(32, [(0, 0)])]
    track = read_melody(path).track
    assert track.name == "Wind" and [note.time for note in track.notes] == [*FIRST, *SECOND]


def test_a_change_of_channel_is_one_part(tmp_path):
    path = midi_files.write(tmp_path / "tune.mid", notes(FIRST) + notes(SECOND, channel=1))
    assert voices(path) == [(32, [(0, 0), (0, 1)])]


def test_a_channel_for_every_note_is_one_part_the_drums_channel_too(tmp_path):
    tune = [message for n in range(32) for message in notes([480 * n], channel=1 + n % 15, pitch=60 + n % 5)]
    assert voices(midi_files.write(tmp_path / "mpe.mid", tune)) == [(32, [(0, channel) for channel in range(1, 16)])]


@pytest.mark.parametrize("lag", [0, 60])
def test_chords_beside_a_melody_are_another_part(lag, tmp_path):
    chords = [
        message for bar in range(4) for n in (48, 52) for message in notes([1920 * bar + lag], channel=1, pitch=n)
    ]
    path = midi_files.write(tmp_path / "tune.mid", notes(FIRST) + chords)
    assert voices(path) == [(16, [(0, 0)]), (8, [(0, 1)])]


def test_drums_in_the_gaps_are_no_melody(tmp_path):
    path = midi_files.write(tmp_path / "tune.mid", notes(FIRST) + notes(SECOND, channel=9, pitch=36))
    assert voices(path) == [(16, [(0, 0)]), (16, [(0, 9)])]


def duet(path, *, second=SECOND, names=("Vocal Anna", "Vocal Ben"), programs=(53, 52)):
    chunks = (
        named(name) + program(number, channel=channel) + notes(onsets, channel=channel)
        for channel, (name, number, onsets) in enumerate(zip(names, programs, (FIRST, second), strict=True))
    )
    return read_melody(midi_files.write(path, *chunks))


def test_singers_who_take_turns_are_one_melody(tmp_path):
    melody = duet(tmp_path / "duet.mid")
    assert len(melody.track.notes) == 32 and melody.song.voices[melody.index] == {(0, 0), (1, 1)}
    assert 'in turns with track 2 "Vocal Ben"' in melody.reason
    assert (melody.tokens[64:] > 1).sum() == 16


@pytest.mark.parametrize(
    "other",
    [
        {"second": range(0, 15360, 480)},
        {"second": range(7680, 9600, 480)},
        {"programs": (53, 24)},
        {"names": ("Vocal", "Pad")},
    ],
)
def test_others_are_no_partners(other, tmp_path):
    assert "in turns" not in duet(tmp_path / "duet.mid", **other).reason
