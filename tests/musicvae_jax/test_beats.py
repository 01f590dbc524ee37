"""Bars as beats: patterns and first notes of lines, halves of drums, basses relative to chords."""

import numpy as np
import pytest

from musicvae_jax import beats
from musicvae_jax.events import CLOSED_HAT, CRASH, DRUM_CLASSES, FIRST_PITCH, KICK, NOTE_OFF, SNARE, token_of_pitch


def line(*tokens):
    bar = np.zeros((1, 16), np.int64)
    bar[0, : len(tokens)] = tokens
    return bar


def test_a_beat_is_its_first_note_and_what_follows_it_relative_to_that():
    c2, g2 = token_of_pitch(36), token_of_pitch(43)
    pattern, first = map(np.asarray, beats.line_beats(line(0, c2, g2, NOTE_OFF, NOTE_OFF, 0, 0, c2)))
    same = FIRST_PITCH + beats.REACH
    np.testing.assert_array_equal(pattern[0, :2], [[0, same, same + 7, NOTE_OFF], [NOTE_OFF, 0, 0, same]])
    np.testing.assert_array_equal(first[0], [c2, c2, 0, 0])
    assert (pattern[0, 2:] == 0).all()


def test_leaps_beyond_reach_are_clipped():
    low, high = token_of_pitch(30), token_of_pitch(90)
    pattern, _ = beats.line_beats(line(low, high))
    assert pattern[0, 0, 1] == beats.PATTERN_CLASSES - 1


@pytest.mark.parametrize("root", range(12))
def test_a_root_in_its_lowest_octave_comes_to_the_same_pitch(root):
    lowest = 28 + (root - 28) % 12
    bass, roots = line(token_of_pitch(lowest), 0, NOTE_OFF), np.array([[root, root]])
    relative = np.asarray(beats.relative_bass(bass, roots))
    assert relative[0, 0] == token_of_pitch(beats.ROOT)
    assert relative[0, 2] == NOTE_OFF and relative[0, 1] == 0
    np.testing.assert_array_equal(beats.absolute_bass(relative, roots), bass)


def test_each_half_bar_has_a_chord_of_its_own():
    d, g = token_of_pitch(38), token_of_pitch(31)
    bass = line(d, *[0] * 7, g)
    relative = np.asarray(beats.relative_bass(bass, np.array([[2, 7]])))
    assert relative[0, 0] == relative[0, 8] == token_of_pitch(beats.ROOT)


def test_silence_keeps_the_root_before_it():
    np.testing.assert_array_equal(beats.known_roots([-1, -1, 5, -1, 7, -1]), [5, 5, 5, 5, 7, 7])
    np.testing.assert_array_equal(beats.known_roots([[-1, -1], [3, -1]]), [[0, 0], [3, 3]])


def test_drums_are_halved_without_loss():
    masks = np.arange(DRUM_CLASSES - DRUM_CLASSES % 16).reshape(-1, 16)
    low, high = map(np.asarray, beats.drum_beats(masks))
    np.testing.assert_array_equal((low | high).reshape(masks.shape), masks)
    assert not (low & high).any()
    low, high = beats.drum_beats(line(KICK | CLOSED_HAT, SNARE | CRASH))
    assert (low[0, 0, 0], high[0, 0, 0], low[0, 0, 1], high[0, 0, 1]) == (KICK, CLOSED_HAT, SNARE, CRASH)
