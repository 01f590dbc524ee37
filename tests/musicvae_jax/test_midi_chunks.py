"""Files chunk by chunk: what is read is written again, and what is mended keeps its time."""

import mido
import pytest

from musicvae_jax import midi, midi_chunks, midi_messages
from tests import midi_files
from tests.melodies import quarters, write_midi
from tests.midi_files import notes, program
from tests.paths import EXAMPLES


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.mid")), ids=lambda path: path.stem)
def test_what_is_read_is_written_again(path):
    chunks, counts_frames = midi_chunks.read(path)
    assert chunks.content() == path.read_bytes() and not counts_frames


def test_every_kind_of_message_comes_back(tmp_path):
    told = [
        mido.MetaMessage("text", text="@T\xe9"), mido.Message("sysex", data=(67, 16, 76)), *(m for _, m in program(9)),
        mido.Message("control_change", control=0, value=3), mido.Message("aftertouch", value=30),
        mido.Message("polytouch", note=60, value=1), mido.Message("pitchwheel", pitch=-7),
        mido.MetaMessage("sequencer_specific", data=(1, 2, 200)),
    ]  # fmt: skip
    path = midi_files.write(tmp_path / "a.mid", [(240 * n, message) for n, message in enumerate(told)], notes([0, 480]))
    copy = tmp_path / "b.mid"
    copy.write_bytes(midi_chunks.read(path)[0].content())
    assert midi_files.played(copy) == midi_files.played(path)


def test_running_status_and_bytes_above_127():
    body = bytes([0, 0x90, 60, 80, 96, 60, 0, 0, 62, 0xFF, 96, 62, 0, 0, 0xFF, 0x2F, 0])
    raw = b"MThd" + bytes([0, 0, 0, 6, 0, 0, 0, 1, 0, 96]) + b"MTrk" + len(body).to_bytes(4, "big") + body
    [messages] = midi_chunks.read(raw)[0].chunks
    assert [message.data for message in messages[:3]] == [b"\x90<P", b"\x90<\x00", b"\x90>\x7f"]
    assert [message.tick for message in messages] == [0, 96, 96, 192, 192]


def test_texts_of_another_encoding_can_be_read_and_stay_as_they_are(tmp_path):
    song = mido.MidiFile(charset="latin-1")
    texts = [mido.MetaMessage("track_name", name="Gesäng"), mido.MetaMessage("lyrics", text="Mañ")]
    song.add_track().extend([*texts, mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=480)])
    song.save(tmp_path / "song.mid")
    chunks, _ = midi_chunks.read(tmp_path / "song.mid")
    score = midi.read(chunks.in_utf_8().content())
    assert {track.name for track in score.tracks} == {"Gesäng"}
    assert [lyric.text for track in score.tracks for lyric in track.lyrics] == ["Mañ"]
    assert "Mañ".encode("latin-1") in chunks.content()
    assert chunks.in_utf_8().in_utf_8() == chunks.in_utf_8()


def test_pieces_are_in_the_order_of_a_scores_tracks(tmp_path):
    chunk = [*program(50, channel=3), *notes([0, 480], channel=3), *program(10, channel=3, tick=960)]
    chunk += [*notes([960, 1440, 1920], channel=3), *notes([0], channel=9), *notes([0], channel=0)]
    path = midi_files.write(tmp_path / "a.mid", [], chunk, notes([0], channel=5))
    pieces = midi_chunks.read(path)[0].pieces()
    assert pieces == [(1, 0, 0), (1, 3, 10), (1, 3, 50), (1, 9, 0), (2, 5, 0)]
    assert [(track.program, len(track.notes)) for track in midi.read(path).tracks] == [
        (0, 1), (10, 3), (50, 2), (0, 1), (0, 1)
    ]  # fmt: skip


@pytest.mark.parametrize("resolution", [1, 2, 3])
def test_coarse_ticks_are_scaled_exactly(resolution, tmp_path):
    chunks, _ = midi_chunks.read(write_midi(tmp_path / "a.mid", quarters(4, resolution), resolution=resolution))
    fine, _ = midi_chunks.read(write_midi(tmp_path / "b.mid", quarters(4, 480)))
    assert chunks == fine


@pytest.mark.parametrize(("frames", "a_frame"), [(24, 4), (25, 40), (29, 100), (30, 80)])
@pytest.mark.parametrize("tempo", [None, 600_000])
def test_frames_become_beats(frames, a_frame, tempo, tmp_path):
    a_second = a_frame * (30 / 1.001 if frames == 29 else frames)
    beat = (tempo or 500_000) / 1e6
    onsets = [round(number * beat * a_second) for number in range(16)]
    marks = [(0, mido.MetaMessage("set_tempo", tempo=tempo))] if tempo else []
    path = midi_files.write(tmp_path / "a.mid", marks + notes(onsets, length=1))
    raw = bytearray(path.read_bytes())
    raw[12:14] = 256 - frames, a_frame
    with pytest.raises(midi.MidiError, match="SMPTE"):
        midi_messages.checked_bytes(bytes(raw))
    chunks, counts_frames = midi_chunks.read(bytes(raw))
    assert counts_frames and chunks.ticks_per_beat == 480
    ticks = [message.tick for _, message in chunks.notes(0)]
    assert ticks == pytest.approx([480 * number for number in range(16)], abs=0.5 * 480 / beat / a_second + 1)


def test_a_last_note_that_nothing_ends_ends_with_its_chunk(tmp_path):
    stuck = [(480, mido.Message("note_on", note=64, velocity=70))]
    path = midi_files.write(tmp_path / "a.mid", notes([0]) + stuck, notes([0, 480, 960], channel=1))
    assert [(note.time, note.duration) for note in midi.read(midi_chunks.read(path)[0].content()).tracks[0].notes] == [
        (0, 400), (480, 480)
    ]  # fmt: skip
    late_end = [(9600, mido.MetaMessage("text", text="end"))]
    path = midi_files.write(tmp_path / "a.mid", notes([0]) + stuck + late_end)
    assert midi.read(midi_chunks.read(path)[0].content()).tracks[0].notes[1].duration == 1920


def test_rmi_is_a_midi_file_in_folders(tmp_path):
    path = write_midi(tmp_path / "a.mid", quarters(2))
    raw = path.read_bytes()
    wrapped = b"RIFF" + (len(raw) + 12).to_bytes(4, "little") + b"RMIDdata" + len(raw).to_bytes(4, "little") + raw
    (tmp_path / "b.rmi").write_bytes(wrapped)
    assert midi.files(tmp_path) == [path, tmp_path / "b.rmi"]
    assert midi_chunks.read(tmp_path / "b.rmi") == midi_chunks.read(path)
