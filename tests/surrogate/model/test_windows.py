"""A line cut into windows of 16 bars, and their bass and drums joined again."""

import numpy as np

from musicvae_jax.events import NO_EVENT, NOTE_OFF, WINDOW_STEPS, held_tokens
from surrogate.model import windows


def melody_line(bars, onsets):
    line = np.zeros(16 * bars, np.uint16)
    line[[16 * bar for bar in onsets]] = 40
    line[[16 * bar + 8 for bar in onsets]] = NOTE_OFF
    return line


def played(melody, parts):
    pieces, _ = windows.cut(melody)
    return windows.join(pieces, parts, len(melody))


def test_a_short_last_window_is_moved_back_and_only_its_end_is_used():
    parts = np.zeros((2, WINDOW_STEPS, 2), np.uint16)
    parts[0, :, 1], parts[1, :, 1] = 1, 2
    melody = melody_line(20, range(20))
    _, heard = windows.cut(melody)
    np.testing.assert_array_equal(heard, [melody[:256], melody[64:]])
    np.testing.assert_array_equal(played(melody, parts)[:, 1], [1] * 256 + [2] * 64)


def test_a_short_song_is_one_padded_window():
    melody = melody_line(3, range(3))
    _, heard = windows.cut(melody)
    np.testing.assert_array_equal(heard, [np.append(melody, np.full(208, NO_EVENT))])
    assert played(melody, np.full((1, WINDOW_STEPS, 2), 9, np.uint16)).shape == (48, 2)
    melody[40] = NO_EVENT  # the last note now sounds to the end of the song, and no longer
    _, heard = windows.cut(melody)
    np.testing.assert_array_equal(heard, [np.concatenate([melody, [NOTE_OFF], np.full(207, NO_EVENT)])])


def test_silence_before_the_melody_and_in_windows_without_it():
    song = played(melody_line(55, [3, 50]), np.full((2, WINDOW_STEPS, 2), 9, np.uint16))
    playing = np.zeros(55, bool)
    playing[3:19] = playing[35:51] = True  # of the windows that begin at bars 3, 19, 35 and 51
    np.testing.assert_array_equal((song[:, 1] > 0).reshape(55, 16).all(1), playing)
    np.testing.assert_array_equal((song[:, 1] > 0).reshape(55, 16).any(1), playing)
    assert not held_tokens(song[:, 0]).reshape(55, 16)[~playing].any(), "a bass note does not ring into silence"
    pieces, heard = windows.cut(np.zeros(32, np.uint16))
    assert not pieces and heard.shape == (0, WINDOW_STEPS)
    assert not windows.join(pieces, np.zeros((0, WINDOW_STEPS, 2), np.uint16), 32).any()


def test_bass_notes_do_not_ring_over_window_edges_but_over_cuts_within_one():
    parts = np.zeros((2, WINDOW_STEPS, 2), np.uint16)
    parts[0, 250, 0] = 20  # would ring on into bar 17
    parts[1, 190, 0] = 30  # begins before the part of the second window that is used, and rings into it
    song = played(melody_line(20, range(20)), parts)
    assert (song[250, 0], song[256, 0]) == (20, 30)
    parts[1, 190, 0] = NO_EVENT
    song = played(melody_line(20, range(20)), parts)
    assert (song[250, 0], song[256, 0]) == (20, NOTE_OFF)
