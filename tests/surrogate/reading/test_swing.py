"""Swing is found where off-beats agree on a late place, and nowhere else."""

import numpy as np
import pytest

from surrogate.reading import swing
from surrogate.reading.swing import Swing

TICKS = 480
BEATS = np.arange(32)


def song(*places, ticks=TICKS, beats=BEATS):
    """Onsets at these places of every beat."""
    return np.round((beats[:, None] + places) * ticks).astype(np.int64).ravel()


def jittered(onsets, ticks=10, seed=0):
    return onsets + np.random.default_rng(seed).integers(-ticks, ticks + 1, len(onsets))


@pytest.mark.parametrize("place", [0.58, 0.62, 2 / 3])
def test_finds_late_eighths(place):
    feel = swing.detect(jittered(song(0, place)), TICKS)
    assert feel.eighth == pytest.approx(place, abs=0.01)
    assert feel.sixteenth == 0.5


def test_triplets_are_swing():
    assert swing.detect(song(0, 1 / 3, 2 / 3), TICKS).eighth == pytest.approx(2 / 3, abs=0.001)


@pytest.mark.parametrize("place", [0.58, 2 / 3])
def test_finds_late_sixteenths(place):
    feel = swing.detect(jittered(song(0, place / 2, 0.5, 0.5 + place / 2), 5), TICKS)
    assert feel.eighth == 0.5
    assert feel.sixteenth == pytest.approx(place, abs=0.02)


@pytest.mark.parametrize(
    "places",
    [
        (0,),
        (0, 0.5),
        (0, 0.25, 0.5, 0.75),
        (0, 0.75),
        (0, 0.25),
        (0, 0.5, 0.75),
        (0.25, 0.75),
        (0, 1 / 3, 0.5, 2 / 3),
        (0, 0.17, 1 / 3, 0.5, 2 / 3, 0.83),
        (0, 1 / 3, 0.5, 2 / 3, 0.83),
    ],
)
def test_even_and_dotted_rhythms_and_sextuplets_are_straight(places):
    assert swing.detect(jittered(song(*places), 8), TICKS) == Swing(0.5, 0.5)


def test_little_evidence_is_straight():
    onsets = np.append(song(0), song(2 / 3, beats=BEATS[:8]))
    assert swing.detect(onsets, TICKS) == Swing()
    assert swing.detect(np.zeros(0, np.int64), TICKS) == Swing()


def test_even_eighths_beside_late_ones_are_straight():
    onsets = np.append(song(0, 2 / 3), song(0.5, beats=BEATS[:8]))
    assert swing.detect(onsets, TICKS) == Swing()


def test_free_playing_is_straight():
    onsets = np.random.default_rng(0).integers(0, 64 * TICKS, 500)
    assert swing.detect(onsets, TICKS) == Swing()


def test_a_lag_of_the_player_is_not_swing():
    assert swing.detect(song(0.04, 0.54), TICKS) == Swing()
    assert swing.detect(song(0.08, 0.58), TICKS) == Swing()
    assert swing.detect(song(0.02, 0.02 + 2 / 3), TICKS).eighth == pytest.approx(2 / 3, abs=0.001)


def test_chords_and_order_do_not_count():
    onsets = song(0, 2 / 3, beats=BEATS[:16])
    shuffled = np.random.default_rng(0).permutation(np.tile(onsets, 3))
    assert swing.detect(shuffled, TICKS) == swing.detect(onsets, TICKS)
    few = song(0, 2 / 3, beats=BEATS[:4])
    assert swing.detect(np.tile(few, 9), TICKS) == Swing()


@pytest.mark.parametrize("ticks", [24, 96, 1920])
def test_every_resolution(ticks):
    assert swing.detect(song(0, 2 / 3, ticks=ticks), ticks).eighth == pytest.approx(2 / 3, abs=0.01)


def test_step_offsets():
    np.testing.assert_allclose(swing.step_offsets(Swing()), [0, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(swing.step_offsets(Swing(eighth=2 / 3)), [0, 1 / 3, 2 / 3, 5 / 6])
    np.testing.assert_allclose(swing.step_offsets(Swing(sixteenth=0.6)), [0, 0.3, 0.5, 0.8])


@pytest.mark.parametrize("onsets, ticks", [([0, 480], 0), ([[0, 480]], 480), ([0.5], 480)])
def test_refuses_what_are_no_onsets(onsets, ticks):
    with pytest.raises(ValueError, match="must be"):
        swing.detect(onsets, ticks)
