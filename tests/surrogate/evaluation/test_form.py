"""What is measured of form and of drumming, on songs made by hand."""

import numpy as np
import pytest

from musicvae_jax.events import CLOSED_HAT, CRASH, KICK, OPEN_HAT, RIDE, SNARE
from surrogate.evaluation import drum_kit, form

C, D, E, G = (pitch - 19 for pitch in (60, 62, 64, 67))  # tokens
SCALE, OTHER = [C, D, E, D, C, D, E, G], [G + 1, G + 3, G + 1, G + 5, G + 3, G + 8, G + 3, G + 1]
LOW_TOM, HIGH_TOM = 1 << 4, 1 << 6


def phrase(melody, bass, drums):
    """Four bars: a melody in half notes; bass and drums as {step: token}."""
    tokens = np.zeros((64, 3), np.uint16)
    tokens[::8, 0] = melody
    for column, track in ((1, bass), (2, drums)):
        for step, token in track.items():
            tokens[step, column] = token
    return tokens


def song(*phrases):
    return np.concatenate([phrase(*each) for each in phrases])


def test_bass_and_drums_are_compared_where_the_melody_returns():
    tokens = song(
        (SCALE, {0: C, 32: D}, {0: KICK, 8: SNARE}),
        (OTHER, {0: E}, {0: KICK | CRASH}),
        (SCALE, {0: C + 12, 32: E, 48: G}, {0: KICK, 8: SNARE, 16: LOW_TOM, 20: LOW_TOM}),
    )
    found = form.returns(tokens)
    assert found["bass"] == (0.5, pytest.approx((0 + 16 / 64) / 2))  # of the unlike, half a note E is in both
    assert found["bass_onsets"] == (pytest.approx(2 * 2 / 5), pytest.approx((2 / 3 + 2 / 4) / 2))
    assert found["drums"] == (2 / 4, pytest.approx((1 / 3 + 1 / 5) / 2))


def test_drums_of_a_kind_are_one():
    one, other = ({0: CLOSED_HAT | HIGH_TOM, 4: RIDE}, {0: OPEN_HAT | LOW_TOM, 4: CRASH | CLOSED_HAT})
    assert form.returns(song((SCALE, {0: C}, one), (SCALE, {0: C}, other)))["drums"][0] == 1
    struck = drum_kit.kinds_struck(np.array([0, KICK | LOW_TOM | HIGH_TOM, SNARE | RIDE]))
    np.testing.assert_array_equal(struck, [[0, 0, 0, 0], [1, 0, 0, 1], [0, 1, 1, 0]])


@pytest.mark.parametrize(
    "second",
    [
        (SCALE, {0: 1}, {0: KICK}),  # no bass
        ([C] + [0] * 7, {0: C}, {0: KICK}),  # hardly a melody
        ([*SCALE[:6], G, C], {0: C}, {0: KICK}),  # neither the same nor another
    ],
)
def test_phrases_that_say_nothing_are_left_out(second):
    found = form.returns(song((SCALE, {0: C}, {0: KICK}), second))
    assert set(found) == {"bass", "bass_onsets", "drums"} and np.isnan(list(found.values())).all()


def test_one_note_in_eight_may_differ():
    varied = [*SCALE[:7], C]
    alike, _ = form.returns(song((SCALE, {0: C}, {0: KICK}), (varied, {0: C}, {0: KICK})))["bass"]
    assert alike == 1


def test_a_fill_is_what_the_fourth_bar_has_of_its_own():
    drums = np.zeros((32, 16), np.uint16)
    drums[:, [0, 8]] = KICK
    assert form.fills(drums.ravel()) == (0, 2)
    drums[3, 12:] = HIGH_TOM  # four hits more
    drums[7, 8] = 0  # one less
    drums[1, 4] = SNARE  # one more, elsewhere
    total, windows = form.fills(drums.ravel())
    assert windows == 2 and total == pytest.approx((4 + 1) / 4 - 1 / 12)
    assert form.fills(drums.ravel()[:255]) == (0, 0)  # a song of less than 16 bars tells nothing


def test_two_hands_strike_two_drums():
    drums = np.zeros(32, np.uint16)
    drums[[0, 4, 8, 12]] = KICK | SNARE | CRASH, SNARE | CRASH | RIDE, KICK | LOW_TOM | HIGH_TOM | SNARE, 0b11
    assert drum_kit.unplayable(drums, 100) == (2, 2 / 100)


@pytest.mark.parametrize(("tempo", "violations"), [(140, 0), (141, 3)])
def test_fast_hats_are_no_16ths(tempo, violations):
    drums = np.zeros(16, np.uint16)
    drums[[0, 2, 4, 5, 6, 7, 8, 10, 11]] = CLOSED_HAT  # a run of five
    drums[12:16] = OPEN_HAT
    assert drum_kit.unplayable(drums, tempo)[0] == violations
