"""What a player's file holds stays in it, byte for byte, on its own channel and in its own order."""

import mido
import numpy as np
import pytest

from surrogate.accompaniment.accompanist import read_melody
from surrogate.accompaniment.options import Options
from surrogate.rendering import arrange
from tests import midi_files
from tests.midi_files import named, notes, program

ONSETS = range(0, 7680, 480)


def written(path, **choices):
    """The chunks of the file that an accompaniment of kicks and low notes makes of a song."""
    options = Options(**choices)
    melody = read_melody(path, options)
    parts_Tx2 = np.zeros((melody.bars * 16, 2), np.uint16)
    parts_Tx2[::8] = 20, 1
    out = path.with_name("out.mid")
    out.write_bytes(arrange.arrange(melody, parts_Tx2, options).content)
    return midi_files.played(out)


def channels(messages):
    return {message.channel for _, message in messages if message.type == "note_on"}


def controls(channel, *values):
    return [(0, mido.Message("control_change", channel=channel, control=7, value=value)) for value in values]


def test_the_players_chunks_are_as_they_were(tmp_path):
    sound = [
        (0, mido.Message("sysex", data=(67, 16))),
        (5, mido.Message("control_change", channel=3, control=0, value=1)),
    ]
    sound += [*program(73, channel=3, tick=6), (7, mido.Message("control_change", channel=3, control=98, value=4))]
    sound += [(8, mido.Message("aftertouch", channel=3, value=9)), (9, mido.Message("pitchwheel", channel=3, pitch=99))]
    setup = [*named("Setup"), (0, mido.MetaMessage("set_tempo", tempo=545455)), *controls(3, 70)]
    song = setup, named("Flute") + sound + notes(ONSETS, channel=3) + program(68, channel=3, tick=3840)
    path = midi_files.write(tmp_path / "song.mid", *song)
    *own, bass, drums = written(path)
    assert own == midi_files.played(path)
    assert channels(bass) == {1} and channels(drums) == {9}


@pytest.mark.parametrize("encoding", ["latin-1", "shift-jis"])
def test_words_and_names_come_back_byte_for_byte(encoding, tmp_path):
    word = {"latin-1": "r\xe9", "shift-jis": "\u30bd"}[encoding].encode(encoding).decode("latin-1")
    lyrics = [(tick, mido.MetaMessage("lyrics", text=word)) for tick in ONSETS]
    karaoke = named("Words") + [(tick, mido.MetaMessage("text", text="\\" + word)) for tick in ONSETS]
    path = midi_files.write(tmp_path / "song.mid", named(word) + notes(ONSETS) + lyrics, karaoke)
    assert written(path)[:2] == midi_files.played(path)


def test_other_instruments_are_left_out_and_take_their_messages_along(tmp_path):
    tune = named("Melody") + program(73) + controls(0, 90) + notes(ONSETS)
    others = (
        named("Piano") + program(4, channel=1) + controls(1, 20) + controls(0, 33) + notes(ONSETS, channel=1, pitch=48)
    )
    marker = [(960, mido.MetaMessage("marker", text="chorus"))]
    path = midi_files.write(tmp_path / "song.mid", tune, others + marker)
    first, second, bass, _ = written(path)
    assert first == midi_files.played(path)[0]
    assert second == [*controls(0, 33), *marker], "what concerns the melody's channel, or all"
    assert channels(bass) == {1}
    shared = named("Piano") + program(4) + notes(ONSETS, pitch=48)
    assert len(written(midi_files.write(tmp_path / "song.mid", tune, shared))) == 3, "the channel is the other's there"


def test_words_on_another_instruments_chunk_stay_where_the_melody_has_none(tmp_path):
    words = [(tick, mido.MetaMessage("lyrics", text="la")) for tick in ONSETS]
    tune, other = named("Melody") + notes(ONSETS), named("Piano") + notes(ONSETS, channel=1, pitch=40) + words
    assert written(midi_files.write(tmp_path / "song.mid", tune, other), track=1)[1] == words
    assert len(written(midi_files.write(tmp_path / "song.mid", tune + words, other), track=1)) == 3


def test_one_chunk_for_all_channels_keeps_the_melodys(tmp_path):
    both = notes(ONSETS, channel=4, pitch=72) + notes(ONSETS, channel=0, pitch=45) + program(70, channel=4) + program(1)
    [own, bass, _] = written(midi_files.write(tmp_path / "song.mid", both), track=2)
    assert channels(own) == {4} and [m.program for _, m in own if m.type == "program_change"] == [70]
    assert channels(bass) == {1}
    assert len(channels(written(tmp_path / "song.mid", track=2, keep="all")[0])) == 2


def test_a_bass_takes_nobodys_channel(tmp_path):
    melodic = [channel for channel in range(16) if channel != 9]
    song = [notes(ONSETS, channel=channel, pitch=40 + channel) for channel in melodic]
    path = midi_files.write(tmp_path / "song.mid", *song)
    with pytest.raises(ValueError, match="all channels, which leaves none for a bass"):
        written(path, keep="all")
    assert channels(written(path, keep="all", bass=False)[-1]) == {9}
    path = midi_files.write(tmp_path / "song.mid", *song[:11], *song[12:])
    *_, bass, _ = written(path, keep="all")
    assert channels(bass) == {12}


def test_a_singer_named_bass_is_no_bass(tmp_path):
    voices = ["Soprano", "Alto", "Tenor", "Bass"]
    choir = [named(name) + notes(ONSETS, channel=n, pitch=72 - 7 * n) for n, name in enumerate(voices)]
    *_, bass, _ = written(midi_files.write(tmp_path / "choir.mid", *choir), keep="all", track="Soprano")
    assert bass[0][1].name == "Bass" and channels(bass) == {4}
    band = midi_files.write(tmp_path / "band.mid", choir[0], choir[3])
    assert len(written(band, keep="all", track=1)) == 3, "beside one singer it is a bass"


def test_a_melody_on_the_drums_channel_is_taken_where_it_is_asked_for(tmp_path):
    path = midi_files.write(tmp_path / "song.mid", notes(ONSETS, channel=9))
    with pytest.raises(ValueError, match="only drums"):
        written(path)
    own, *_ = written(path, track=1)
    assert own == midi_files.played(path)[0]
