"""What a melody sounds like to the models, and how like its bars are."""

import numpy as np
import pytest

from musicvae_jax.events import NOTE_OFF, token_of_pitch
from surrogate.model import bar_features

SCALE = [60, 62, 64, 65]


def melody(*bars):
    """Bars of quarter notes, each bar four MIDI pitches, 0 for a rest."""
    tokens = np.zeros((len(bars), 16), np.int64)
    for bar, pitches in enumerate(bars):
        for beat, pitch in enumerate(pitches):
            tokens[bar, 4 * beat] = token_of_pitch(pitch) if pitch else NOTE_OFF
    return tokens.reshape(-1)


def steps_of(line):
    bars = len(line) // 16
    return bar_features.melody_features(line)[:, :256].reshape(bars, 16, 16)


def test_a_step_tells_what_is_held_and_what_begins():
    features = steps_of(melody([60, 0, 67, 67]))[0]
    assert features.shape == (16, 16)
    np.testing.assert_array_equal(features[:4, :12].argmax(1), 0)  # C is held for its beat
    assert not features[4:8, :12].any()  # and no longer
    np.testing.assert_array_equal(np.flatnonzero(features[:, 12]), [0, 8, 12])
    assert features[0, 13] == pytest.approx((60 - 66) / 12) and features[4, 13] == 0
    assert features[0, 14] == pytest.approx(3 / 5) and features[8, 14] == pytest.approx(2 / 5)  # 8 and 4 steps
    np.testing.assert_allclose(features[[0, 8], 14] + features[[0, 8], 15], 1)


def test_half_bars_tell_how_long_each_pitch_class_sounds():
    halves = bar_features.melody_features(melody([60, 67, 67, 67]))[:, 256:].reshape(1, 2, 12)
    assert (halves[0, 0, 0], halves[0, 0, 7], halves[0, 1, 7]) == (1, 1, 2)
    assert halves.sum() == 4


def test_bars_that_return_are_like_and_silence_a_little():
    line = melody(SCALE, [72, 71, 69, 67], [0] * 4, [0] * 4, SCALE, [72, 71, 69, 67], [67, 67, 67, 67], SCALE)
    cosine, phrase, returns, fours, eights = np.moveaxis(bar_features.likeness(line), -1, 0)
    assert cosine[0, 4] == pytest.approx(1) and cosine[1, 5] == pytest.approx(1)
    assert 0 < cosine[0, 1] < 0.9, "the same rhythm on other notes"
    assert cosine[2, 3] == pytest.approx(0.3) and cosine[0, 2] == 0
    around = [cosine[bar, bar + 4] for bar in range(4)]
    assert phrase[0, 4] == pytest.approx(np.mean(around)), "what is around counts"
    assert returns[1, 5] == (phrase[1, 5] > 0.85)
    assert (fours[0, 4], fours[0, 5], eights[0, 4], fours[3, 3]) == (1, 0, 0, 0)
    for values in (cosine, phrase):
        np.testing.assert_array_equal(np.diag(values), 0)
        np.testing.assert_allclose(values, values.T, atol=1e-6)


def test_transposition_changes_pitch_and_no_likeness():
    line = melody(SCALE, [67, 69, 71, 72])
    higher = np.where(line > 1, line + 3, line)
    features, moved = steps_of(line), steps_of(higher)
    np.testing.assert_array_equal(np.roll(features[..., :12], 3, axis=-1), moved[..., :12])
    np.testing.assert_allclose(bar_features.likeness(line), bar_features.likeness(higher), atol=1e-6)
