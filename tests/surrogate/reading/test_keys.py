"""Bringing songs to C: known melodies, every key, and songs without any."""

import numpy as np
import pytest

from musicvae_jax import events
from surrogate.reading import keys
from surrogate.reading.keys import Key

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
    ("text", "name"),
    [
        ("G minor", "G minor"), ("Gm", "G minor"), ("g", "G minor"), ("G", "G major"), ("F# major", "F# major"),
        ("Bb", "Bb major"), ("bb", "Bb minor"), (" E flat ", "Eb major"), ("ab", "G# minor"), ("C♯ min", "C# minor"),
        ("D:maj", "D major"), ("g major", "G major"), ("CM", "C major"), ("Cb", "B major"), ("E#m", "F minor"),
    ],
)  # fmt: skip
def test_a_key_as_it_is_written(text, name):
    assert Key.parse(text).name == name


@pytest.mark.parametrize("text", ["", "H", "G dorian", "G minor 7", "minor", "Gmm", "1"])
def test_what_is_no_key_is_told_in_one_line(text):
    with pytest.raises(ValueError, match=f"^{text!r} is no key; give one such as .*$"):
        Key.parse(text)


@pytest.mark.parametrize("minor", [False, True])
@pytest.mark.parametrize("tonic", range(12))
def test_every_key_has_a_name_and_a_way_to_c(tonic, minor):
    key = Key(tonic, minor)
    assert Key.parse(key.name) == key
    assert key.semitones_to_c in keys.SHIFTS
    assert (tonic + key.semitones_to_c) % 12 == (9 if minor else 0)


def test_signatures_have_keys():
    assert [Key.of_signature(sharps).name for sharps in (-3, 0, 1, 6)] == ["Eb major", "C major", "G major", "F# major"]
    assert [Key.of_signature(sharps, True).name for sharps in (-3, 0, 1)] == ["C minor", "A minor", "E minor"]
