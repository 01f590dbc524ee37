"""Bringing songs to C: known melodies, every key, and songs without any."""

import numpy as np
import pytest

from musicvae_jax import events
from surrogate.reading import keys

C_MAJOR_TUNE = [60, 62, 64, 65, 67, 69, 71, 72]


def line(pitches, steps=256):
    tokens = np.zeros(steps, np.uint16)
    tokens[: 4 * len(pitches) : 4] = np.array(pitches) - events.MIN_PITCH + events.FIRST_PITCH
    return tokens


@pytest.mark.parametrize("up", range(-11, 12))
def test_any_key_comes_to_c_by_the_smallest_shift(up):
    shift = keys.semitones_to_c(line([pitch + up for pitch in C_MAJOR_TUNE]))
    assert (up + shift) % 12 == 0 and -5 <= shift <= 6


def test_a_minor_is_c():
    assert keys.semitones_to_c(line([69, 71, 72, 74, 76, 77, 79, 81])) == 0


@pytest.mark.parametrize(("f", "f_sharp", "shift"), [(1, 8, -2), (8, 1, 0)])
def test_long_notes_count_more(f, f_sharp, shift):
    pitches = np.repeat([62, 64, 67, 69, 71, 65, 66], [4, 4, 4, 4, 4, f, f_sharp])
    assert keys.semitones_to_c(pitches - events.MIN_PITCH + events.FIRST_PITCH) == shift


def test_silence_stays_where_it_is():
    assert keys.semitones_to_c(np.zeros((2, 256), np.uint16)) == 0


def test_a_song_is_brought_as_one():
    tokens = np.zeros((2, 256, 3), np.uint16)
    tokens[0, :, 0] = line([pitch + 2 for pitch in C_MAJOR_TUNE])
    tokens[1, :, 1], tokens[1, 0, 2] = line([38]), 5
    moved = keys.to_c(tokens)
    np.testing.assert_array_equal(moved, events.transpose(tokens, -2))
    assert moved[1, 0, 2] == 5


@pytest.mark.parametrize(
    ("up", "name"),
    [(0, "C major / A minor"), (2, "D major / B minor"), (6, "F# major / D# minor"), (-2, "Bb major / G minor")],
)
def test_a_shift_names_the_scale_it_came_from(up, name):
    assert keys.scale_name(keys.semitones_to_c(line([pitch + up for pitch in C_MAJOR_TUNE]))) == name


@pytest.mark.parametrize("shift", keys.SHIFTS)
def test_both_names_of_a_scale_have_its_notes(shift):
    major, minor = (name.split()[0] for name in keys.scale_name(shift).split(" / "))
    tonic = {letter: pitch for letter, pitch in zip("CDEFGAB", C_MAJOR_TUNE, strict=False)}
    pitch = {name: tonic[name[0]] + name.count("#") - name.count("b") for name in (major, minor)}
    assert (pitch[major] + shift) % 12 == 0 and (pitch[minor] + shift) % 12 == 9
