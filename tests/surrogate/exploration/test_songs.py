"""Songs to explore with are what accompany reads: MIDI files, and scores."""

import numpy as np
import pytest

from musicvae_jax.events import DRUMS, FIRST_PITCH, MELODY
from musicvae_jax.files import FileError
from surrogate.exploration import songs
from tests.notation_files import attributes, musicxml, notes, tempo, write

TUNE = "C5 D5 E5 G5 E5 D5 C5 G4 "


def test_a_score_is_read_from_its_first_full_bar_on(tmp_path):
    bars = [notes(TUNE[:11]), notes(TUNE[12:23])] * 3
    score = musicxml([attributes() + tempo(90) + bars[0], *bars[1:]])
    song = songs.read(write(tmp_path / "tune.musicxml", score))
    assert (song.name, song.tempo, len(song.tokens)) == ("tune", 90, 6 * 16)
    pitch = song.tokens[::4, MELODY] - FIRST_PITCH + 21
    assert pitch.tolist() == [72, 74, 76, 79, 76, 74, 72, 67] * 3
    assert not song.tokens[:, DRUMS].any()


def test_abc_with_a_pickup_and_repeats_is_read_as_it_is_played(tmp_path):
    abc = "X:1\nM:4/4\nL:1/4\nK:C\nG|:cdeg|edcG|cdeg|c4:|\n"
    song = songs.read(write(tmp_path / "tune.abc", abc))
    first, again = song.tokens.reshape(2, -1, 3)
    np.testing.assert_array_equal(first, again)


def test_what_cannot_be_explored_is_told(tmp_path):
    waltz = write(tmp_path / "waltz.abc", f"X:1\nM:3/4\nL:1/4\nK:C\n{'cde|' * 8}\n")
    with pytest.raises(FileError, match=r"waltz.abc: cannot be explored: no bar of 4/4"):
        songs.read(waltz)
    with pytest.raises(FileError, match=r"none.abc: there is no such file"):
        songs.read(tmp_path / "none.abc")
