"""The accompaniments that no model made, on cases made by hand."""

import numpy as np
import pytest

from musicvae_jax import events
from surrogate.corpus.dataset import DatasetError
from surrogate.evaluation import baselines

C, D, E, F, G, A, B = (pitch - 19 for pitch in (60, 62, 64, 65, 67, 69, 71))  # tokens
CHROMATIC = list(range(C, C + 12))


def melodies(n, *, seed=0):
    """Random trio windows, uint16 [n, 256, 3]."""
    rng = np.random.default_rng(seed)
    tokens = np.where(rng.random((n, 256, 3)) < 0.3, rng.choice(CHROMATIC, (n, 256, 3)), 0)
    return tokens.astype(np.uint16)


def test_another_song_comes_in_this_ones_key_and_length():
    one, other = melodies(2)
    short, long = (baselines.another_song(one[:steps], 2, (other[:64], -3)) for steps in (48, 160))
    moved = events.transpose(other[:64], -5)  # in C it is three below, and this one is two below C
    np.testing.assert_array_equal(short[:, 1:], moved[:48, 1:])
    np.testing.assert_array_equal(long[:, 1:], np.concatenate([moved, moved, moved[:32]])[:, 1:])
    np.testing.assert_array_equal(long[:, 0], one[:160, 0])


def test_the_rule_follows_the_melody(window):
    #  Bars: silence; C and E; G, B and D; A held over two bars; a rest.
    tokens = window([(16, C), (24, E), (32, G), (40, B), (44, D), (48, A), (80, 1)], [(0, 5)], [(3, 64)])[0]
    generated = baselines.rule(tokens)
    start, end, pitch = events.line_notes(generated[:, 1])
    assert (start == np.arange(64) * 4).all() and (end == start + 4).all()
    assert [p % 12 for p in pitch[:24:4]] == [0, 0, 7, 9, 9, 9]
    assert (pitch.reshape(16, 4) == pitch.reshape(16, 4)[:, :1]).all() and pitch.min() >= 28 and pitch.max() < 40
    kick, snare, hat = (np.flatnonzero(generated[:16, 2] & bit).tolist() for bit in (1, 2, 4))
    assert (kick, snare, hat) == ([0, 8], [4, 12], list(range(0, 16, 2)))
    assert (generated[:, 0] == tokens[:, 0]).all()
    assert (generated[:16, 2] == generated[-16:, 2]).all()


@pytest.mark.parametrize("shift", [0, 5, -4])
def test_the_rule_is_the_same_in_every_key(shift):
    tokens = melodies(1)[0, :80]
    pitch, moved = (
        events.held_pitches(baselines.rule(events.transpose(tokens, -key), key)[:, 1]) for key in (0, shift)
    )
    np.testing.assert_array_equal((pitch - shift) % 12, moved % 12)
    assert np.isin(pitch % 12, (0, 2, 4, 5, 7, 9, 11)).all() and moved.min() >= 28 and moved.max() < 40


def test_the_nearest_neighbour_is_found_in_any_key():
    training = melodies(30)
    picked, shift = np.array([4, 17, 23, 8]), np.array([0, 5, -4, 6])
    tokens = events.transpose(training[picked], shift)
    tokens[..., 1:] = 0
    found = baselines.nearest_neighbour(tokens, np.arange(4), training, np.arange(100, 130))
    pitch, expected = (events.held_pitches(x[..., 1]) % 12 for x in (found, events.transpose(training[picked], shift)))
    np.testing.assert_array_equal(pitch, expected)
    np.testing.assert_array_equal(found[..., 2], training[picked][..., 2])
    np.testing.assert_array_equal(found[..., 0], tokens[..., 0])


def test_a_neighbour_of_the_same_tune_is_none():
    training = melodies(5)
    found = baselines.nearest_neighbour(training[:1], np.array([7]), training, np.array([7, 7, 1, 2, 3]))
    assert not any((found[0, :, 2] == training[i, :, 2]).all() for i in (0, 1))
    with pytest.raises(DatasetError, match="no training window of another tune"):
        baselines.nearest_neighbour(training[:1], np.array([7]), training, np.full(5, 7))


def test_a_silent_melody_has_a_neighbour(window):
    assert baselines.nearest_neighbour(window(), np.array([0]), melodies(3), np.arange(1, 4)).shape == (1, 256, 3)
