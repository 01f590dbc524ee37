"""Which of several draws is played."""

import numpy as np
import pytest

from musicvae_jax.events import CLOSED_HAT, KICK, RIDE, SNARE, token_of_pitch
from surrogate.model import choice


def draw(pitch, drum):
    parts = np.zeros((32, 2), np.int64)
    parts[::4, 0], parts[::4, 1] = token_of_pitch(pitch), drum
    return parts


def test_likeness_is_of_pitch_classes_and_drum_hits():
    alike = choice.likeness(np.stack([draw(40, KICK), draw(52, KICK), draw(41, KICK | SNARE), draw(41, 0)]))
    assert alike[0, 1] == pytest.approx(1), "an octave is no difference"
    assert alike[0, 2] == pytest.approx((0 + (1 + 0 + 1) / 3) / 2), "kicks, snares and the others count alike"
    assert alike[2, 3] == pytest.approx((1 + (0 + 0 + 1) / 3) / 2)
    np.testing.assert_allclose(alike, alike.T)


def test_chords_that_are_told_are_half_of_the_harmony():
    draws = np.stack([draw(40, KICK | SNARE | RIDE), draw(47, KICK | SNARE | RIDE), draw(40, KICK | SNARE | RIDE)])
    plain, told = choice.agreement(draws), choice.agreement(draws, np.repeat([[0], [0], [5]], 32, axis=1))
    assert plain[0] == pytest.approx(0.5**0.5, abs=0.01) and plain[1] == pytest.approx(0, abs=0.15)
    assert told[0] == pytest.approx(0.5**0.5, abs=0.01) and told[1] == told[2] == pytest.approx(0.25**0.5, abs=0.02)


def test_what_is_unlike_the_others_in_one_respect_is_unlike_them():
    drums = KICK | SNARE | CLOSED_HAT, KICK | SNARE | RIDE, KICK | SNARE | RIDE, SNARE, KICK | SNARE | CLOSED_HAT
    ratings = choice.agreement(np.stack([draw(40, own) for own in drums]))
    assert ratings[3] < min(ratings[[0, 1, 2, 4]]) / 2, "it has no kick, no cymbal"
    np.testing.assert_allclose(ratings[[0, 1, 2]], ratings[4])


def test_the_draw_most_like_the_others_comes_first_and_twins_last():
    draws = np.stack([draw(45, CLOSED_HAT), draw(40, KICK), draw(40, KICK), draw(40, KICK | SNARE), draw(47, RIDE)])
    chosen, ratings = choice.ranked(draws, 4)
    assert chosen[0] in (1, 2) and len(set(chosen)) == 4
    assert {1, 2} - set(chosen[:3]), "what is the same as a take before it waits"
    assert ratings[0] == max(ratings)
    everything, _ = choice.ranked(draws, 5)
    assert sorted(everything) == list(range(5))


def test_songs_without_a_kick_do_not_win_by_their_number():
    hats = [draw(40, CLOSED_HAT) for _ in range(4)]
    full = [draw(40, KICK | SNARE | CLOSED_HAT), draw(40, KICK | CLOSED_HAT), draw(40, KICK | SNARE)]
    assert choice.ranked(np.stack(hats + full), 1)[0][0] == 4


def test_one_draw_is_its_own_choice():
    chosen, ratings = choice.ranked(draw(40, KICK)[None], 1)
    assert list(chosen) == [0] and np.isfinite(ratings).all()


def test_takes_that_differ_in_their_chords():
    parts = np.zeros((4, 16, 2), np.uint16)
    parts[:, ::4, 0] = [[40] * 4, [40] * 4, [40, 40, 40, 41], [42] * 4]
    chords = np.zeros((4, 1, 2, 2), int)
    chords[1, 0, 1], chords[2], chords[3] = 5, 5, 7
    assert choice.ranked(parts, 3)[0].tolist() == [0, 2, 3]
    assert choice.ranked(parts, 2, chords_KxSxHx2=chords)[0].tolist() == [0, 2]
    chords[2] = 0
    assert choice.ranked(parts, 2, chords_KxSxHx2=chords)[0].tolist() == [0, 3]
    assert choice.ranked(parts, 3, chords_KxSxHx2=chords)[0].tolist() == [0, 1, 3]


def test_what_is_to_be_replaced_is_not_chosen_again():
    draws = np.stack([draw(40, KICK), draw(40, KICK), draw(40, KICK | SNARE), draw(47, RIDE)])
    assert choice.ranked(draws, 1)[0][0] in (0, 1)
    assert choice.ranked(draws, 4, before_Tx2=draw(40, KICK))[0].tolist()[:2] == [2, 3]
    assert choice.ranked(draws[:2], 1, before_Tx2=draw(40, KICK))[0][0] == 0


def test_log_odds_choose_among_those_most_like_the_others():
    draws = np.stack([draw(47, RIDE), draw(40, KICK), draw(40, KICK | CLOSED_HAT), draw(40, KICK | SNARE)])
    plain, likeness = choice.ranked(draws, 4)
    assert plain[-1] == 0
    odds = np.array([9.0, -4.0, 1.0, 2.0])
    chosen, ratings = choice.ranked(draws, 4, odds_K=odds)
    assert chosen[0] == 3 and chosen[-1] == 0
    assert list(ratings) == sorted(ratings, reverse=True)
    assert ratings[-1] == pytest.approx(likeness[-1] + choice.ODDS * odds.min())
