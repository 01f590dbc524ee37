"""MIDI in and out, against mido; what is wrong with a file said in one line; nothing half written."""

import io
import os

import mido
import numpy as np
import pytest
import symusic

from musicvae_jax import events, files, midi, midi_messages
from musicvae_jax.files import FileError
from musicvae_jax.score import tokens_to_score
from musicvae_jax.trio import trio_windows
from tests.paths import DATA

SYNTH = sorted((DATA / "synth").glob("*.mid"))
END = bytes([0, 0xFF, 0x2F, 0])
NOTE = bytes([0, 0x90, 60, 100, 96, 0x80, 60, 0])


def header(tracks, ticks_per_beat=480):
    return b"MThd" + (6).to_bytes(4, "big") + b"".join(x.to_bytes(2, "big") for x in (1, tracks, ticks_per_beat))


def chunk(*messages, name=b"MTrk"):
    body = b"".join(messages)
    return name + len(body).to_bytes(4, "big") + body


GOOD = header(1) + chunk(NOTE, END)


@pytest.fixture
def save(tmp_path):
    def save(raw):
        path = tmp_path / "song.mid"
        path.write_bytes(raw)
        return path

    return save


def notes(score):
    return [
        (track.program, track.is_drum, *note) for track in score.tracks for note in zip(*columns(track), strict=True)
    ]


def columns(track):
    return (track.notes.numpy()[name].tolist() for name in ("time", "duration", "pitch", "velocity"))


def told_by_mido(raw):
    """Note and program messages, tempos and meters of every chunk, as a reader of another make finds them."""
    voice, tempo, meter = [], [], []
    for index, track in enumerate(mido.MidiFile(file=io.BytesIO(raw), clip=True).tracks):
        tick = 0
        for message in track:
            tick += message.time
            if message.type in ("note_on", "note_off", "program_change"):
                voice.append((index, tick, *message.bytes()))
            elif message.type == "set_tempo":
                tempo.append((index, tick, message.tempo))
            elif message.type == "time_signature":
                meter.append((index, tick, message.numerator, message.denominator))
    return voice, tempo, meter


def told_by_messages(path):
    found = midi_messages.messages(path)
    rows = np.stack([found.chunk, found.tick, found.status, found.first, found.second], axis=1).tolist()
    voice = [tuple(row[:4] if row[2] >> 4 == midi_messages.PROGRAM_STATUS else row) for row in rows]
    return voice, [tuple(row) for row in found.tempo.tolist()], [tuple(row) for row in found.meter.tolist()]


@pytest.mark.parametrize("path", SYNTH, ids=lambda path: path.stem)
def test_messages_are_those_that_mido_finds(path):
    expected = told_by_mido(path.read_bytes())
    assert len(expected[0]) > 100
    assert told_by_messages(path) == expected


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([NOTE[:4], [96, 60, 0], [0, 62, 90], [10, 62, 0]], id="running status"),
        pytest.param(
            [[0, 0xC0, 5], [3, 7], [4, 9], NOTE, [0, 0xD0, 1], [1, 2], [1, 3], NOTE], id="of one-byte messages"
        ),
        pytest.param([NOTE[:4], [5, 0xFF, 1, 3, 200, 201, 202], [5, 60, 0]], id="running status over a text"),
        pytest.param([[0x87, 0x40, *NOTE[1:]], [0x81, 0x80, 0x80, 0x00, *NOTE[1:]]], id="long times"),
        pytest.param([[0, 0xF0, 3, 0x90, 60, 0xF7], NOTE, [0, 0xF7, 1, 0x90], NOTE], id="system exclusive"),
        pytest.param([[0, 0xB0, 7, 200], [0, 0x90, 60, 254], [9, 0x80, 190, 0], [0, 0xC0, 255]], id="clipped bytes"),
        pytest.param([[0, 0xFF, 0x51, 3, 7, 0xA1, 0x20], [0, 0xFF, 0x58, 4, 6, 3, 24, 8], NOTE], id="tempo and meter"),
    ],
)
def test_messages_of_every_kind(save, messages):
    raw = header(2) + chunk(*map(bytes, messages), END) + chunk(NOTE, END)
    assert told_by_messages(save(raw)) == told_by_mido(raw)


def test_read_clips_data_bytes_out_of_range(save, monkeypatch):
    monkeypatch.setattr(mido, "MidiFile", None)
    raw = header(1) + chunk(bytes([0, 0xB0, 7, 200, 0, 0x90, 60, 254, 96, 0x80, 60, 0]), END)
    with pytest.raises(RuntimeError, match="control_value=200"):
        symusic.Score.from_midi(raw)
    score = midi.read(save(raw))
    assert notes(score) == [(0, False, 0, 96, 60, 127)]
    assert [control.value for control in score.tracks[0].controls] == [127]


def test_read_falls_back_to_mido(save, monkeypatch):
    # symusic insists on a header of 6 bytes; the standard lets it grow.
    raw = b"MThd" + (8).to_bytes(4, "big") + GOOD[8:14] + b"xx" + chunk(bytes([0, 0xB0, 7, 200]), NOTE, END)
    with pytest.raises(RuntimeError, match="not 6"):
        symusic.Score.from_midi(raw, sanitize_data=True)
    path = save(raw)
    assert notes(midi.read(path)) == [(0, False, 0, 96, 60, 100)]
    monkeypatch.setattr(mido, "MidiFile", None)
    with pytest.raises(midi.MidiError, match="cannot be read as MIDI: .*not 6"):
        midi.read(path)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"RIFF" + bytes(4) + b"RMIDdata" + bytes(4) + GOOD, id="RIFF"),
        pytest.param(bytes(128) + GOOD, id="MacBinary"),
        pytest.param(GOOD + b"\0\0\0", id="something behind"),
        pytest.param(header(1) + chunk(b"abc", name=b"XFIH") + GOOD[14:], id="a chunk of another kind"),
        pytest.param(header(1) + chunk(NOTE), id="no end of track"),
        pytest.param(header(2) + chunk(NOTE) + chunk(END), id="no end of the first track"),
        pytest.param(header(1) + chunk(NOTE, END, b"\0"), id="a byte behind the end of the track"),
    ],
)
def test_odd_wrappings_hold_the_same_song(save, raw):
    path = save(raw)
    assert notes(midi.read(path)) == [(0, False, 0, 96, 60, 100)]
    assert midi_messages.messages(path).tick.tolist() == [0, 96]


BROKEN = {
    "empty": (b"", "is empty"),
    "text": (b"Dear diary, today I wrote a song. " * 20, "is not a MIDI file"),
    "image": (b"\x89PNG\r\n" + bytes(2000) + GOOD, "is not a MIDI file"),
    "cut in the header": (GOOD[:12], "is truncated in its header"),
    "cut in a track": (GOOD[:-6], "is truncated in track 1 of 1"),
    "tracks missing": (header(3) + chunk(NOTE, END), "is truncated in track 2 of 3"),
    "SMPTE time": (header(1, 0xE728) + chunk(NOTE, END), "counts time in SMPTE frames, not in beats"),
    "no ticks": (header(1, 0) + chunk(NOTE, END), "is corrupt: a beat of 0 ticks"),
    "endless": (
        header(1) + chunk(bytes([0xFF, 0xFF, 0xFF, 0x7F]).join([b"", *[bytes([0xFE])] * 9]), END),
        "is corrupt: it lasts more than 2147483647 ticks",
    ),
    "text longer than its track": (
        header(2) + chunk(NOTE, bytes([0, 0xFF, 1, 100, 65])) + chunk(NOTE, END),
        "is corrupt in track 1 of 2",
    ),
    "note cut off": (header(1) + chunk(NOTE, bytes([0, 0x90, 60])), "is corrupt in track 1 of 1"),
}


@pytest.mark.parametrize("read", [midi.read, midi_messages.messages, trio_windows])
@pytest.mark.parametrize(("raw", "reason"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_said_in_one_line(save, read, raw, reason):
    path = save(raw)
    with pytest.raises(midi.MidiError) as caught:
        read(path)
    assert isinstance(caught.value, ValueError)
    assert (caught.value.path, caught.value.reason) == (path, reason)
    assert str(caught.value) == f"{path}: {reason}"


@pytest.mark.parametrize("read", [midi.read, midi_messages.messages, trio_windows])
def test_no_file_to_read(tmp_path, read):
    with pytest.raises(midi.MidiError, match="no.mid: there is no such file"):
        read(tmp_path / "no.mid")
    with pytest.raises(midi.MidiError, match="is a folder, not a MIDI file"):
        read(tmp_path)


def test_status_byte_missing_is_beyond_both_readers(save):
    path = save(header(1) + chunk(bytes([0, 60, 80]), END))
    with pytest.raises(midi.MidiError) as caught:
        midi.read(path)
    assert str(caught.value).startswith(f"{path}: cannot be read as MIDI: ")
    assert "\n" not in str(caught.value)


def test_no_tracks_is_no_music(save):
    path = save(header(0))
    assert notes(midi.read(path)) == []
    assert len(midi_messages.messages(path).tick) == 0
    assert trio_windows(path).shape == (0, 256, 3)


def test_damaged_files_are_read_or_refused(save):
    rng = np.random.default_rng(0)
    refused = 0
    for trial in range(60):
        raw = bytearray(SYNTH[trial % len(SYNTH)].read_bytes())
        for place in rng.integers(14, len(raw), rng.integers(1, 20)):
            raw[place] = rng.integers(256)
        path = save(bytes(raw[: rng.integers(1, len(raw))] if trial % 3 == 0 else raw))
        for read in (midi.read, trio_windows):
            try:
                read(path)
            except midi.MidiError:
                refused += 1
    assert 20 < refused < 120


@pytest.fixture
def window():
    return np.load(DATA / "inverse.npz")["tokens"][0]


def test_written_tokens_are_general_midi(tmp_path, window):
    path = tmp_path / "trio.mid"
    midi.write(tokens_to_score(window, qpm=96), path)
    file = mido.MidiFile(path)
    assert file.type == 1
    tempos = [(x.time, x.tempo) for track in file.tracks for x in track if x.type == "set_tempo"]
    meters = [(x.numerator, x.denominator) for track in file.tracks for x in track if x.type == "time_signature"]
    assert tempos == [(0, 625000)]
    assert meters == [(4, 4)]
    assert [track.name for track in file.tracks] == ["melody", "bass", "drums"]
    programs = [{(x.channel, x.program) for x in track if x.type == "program_change"} for track in file.tracks]
    assert programs == [{(0, 0)}, {(1, 33)}, {(9, 0)}]
    for track, channel in zip(file.tracks, (0, 1, 9), strict=True):
        struck = [x for x in track if x.type == "note_on"]
        assert {(x.channel, x.velocity) for x in struck} == {(channel, 80)}
    assert len(struck) == len(events.drum_hits(window[:, 2])[0])


@pytest.mark.parametrize("ticks_per_beat", [4, 480])
def test_tokens_survive_the_file(tmp_path, ticks_per_beat):
    golden = np.load(DATA / "inverse.npz")
    path = tmp_path / "trio.mid"
    for tokens, expected in zip(golden["tokens"], golden["reencoded"], strict=True):
        midi.write(tokens_to_score(tokens, ticks_per_beat=ticks_per_beat), path)
        np.testing.assert_array_equal(trio_windows(path)[0], expected)


def test_tokens_to_score_refuses_a_beat_that_steps_do_not_divide(window):
    with pytest.raises(ValueError, match="multiple of 4"):
        tokens_to_score(window, ticks_per_beat=90)


def test_tempos_and_meters_are_kept(tmp_path):
    score = tokens_to_score(np.zeros((64, 3), np.uint16), qpm=100)
    score.tempos.append(symusic.Tempo(960, 140, ttype="tick"))
    score.time_signatures.append(symusic.TimeSignature(1920, 6, 8, ttype="tick"))
    midi.write(score, tmp_path / "song.mid")
    again = midi.read(tmp_path / "song.mid")
    assert [(x.time, x.mspq) for x in again.tempos] == [(0, 600000), (960, round(6e7 / 140))]
    assert [(x.time, x.numerator, x.denominator) for x in again.time_signatures] == [(0, 4, 4), (1920, 6, 8)]


def test_write_says_where_it_cannot(tmp_path, window):
    score = tokens_to_score(window)
    with pytest.raises(FileError, match="song.mid: cannot be written: there is no folder .*nowhere"):
        midi.write(score, tmp_path / "nowhere" / "song.mid")
    with pytest.raises(FileError, match="cannot be written: is a folder"):
        midi.write(score, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_failed_write_leaves_everything_as_it_was(tmp_path, window, monkeypatch, step):
    path = tmp_path / "song.mid"
    path.write_bytes(GOOD)
    score = tokens_to_score(window)

    def full(*_):
        raise OSError(28, "No space left on device")

    if step == "replace":
        monkeypatch.setattr(os, "replace", full)
    else:
        monkeypatch.setattr(
            files, "open", lambda *args: type("Full", (io.FileIO,), {"write": full})(args[0], "w"), raising=False
        )
    with pytest.raises(FileError, match="song.mid: cannot be written: No space left on device"):
        midi.write(score, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["song.mid"]
    assert path.read_bytes() == GOOD


def test_write_takes_a_name_in_the_current_folder(tmp_path, window, monkeypatch):
    monkeypatch.chdir(tmp_path)
    midi.write(tokens_to_score(window), "song.mid")
    assert [track.name for track in midi.read("song.mid").tracks] == list(events.TRACKS)
