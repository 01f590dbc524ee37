"""Which files are songs: those of a folder, and what is refused before it is read."""

import os

import pytest

from musicvae_jax import midi, midi_messages
from musicvae_jax.trio import trio_windows

READERS = midi.read, midi_messages.messages, trio_windows


def test_a_folders_songs_are_those_that_are_not_hidden(tmp_path):
    for name in ("b.mid", "deep/a.MIDI", "c.kar", "._b.mid", ".hidden.mid", ".git/d.mid", "__MACOSX/._e.mid", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.mid").mkdir()
    assert midi.files(tmp_path) == [tmp_path / name for name in ("b.mid", "c.kar", "deep/a.MIDI")]
    assert midi.files(tmp_path / ".git") == [tmp_path / ".git" / "d.mid"], "a folder that was named is meant"


@pytest.mark.timeout(20)  # a pipe that is opened waits for ever
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes that are files")
@pytest.mark.parametrize("read", READERS)
def test_what_is_no_regular_file_is_refused_unread(tmp_path, read):
    pipe = tmp_path / "pipe.mid"
    os.mkfifo(pipe)
    for path in (pipe, "/dev/zero"):
        with pytest.raises(midi.MidiError, match=f"^{path}: is no regular file"):
            read(path)


@pytest.mark.parametrize("read", READERS)
def test_what_is_too_large_for_a_song_is_refused_unread(tmp_path, read):
    path = tmp_path / "large.mid"
    path.write_bytes(b"MThd")
    os.truncate(path, midi_messages.MOST_BYTES)
    with pytest.raises(midi.MidiError) as caught:
        read(path)
    assert "too large" not in str(caught.value), "the largest"
    os.truncate(path, midi_messages.MOST_BYTES + 1)
    with pytest.raises(midi.MidiError, match="large.mid: is too large for a song: more than 32 MiB$"):
        read(path)
