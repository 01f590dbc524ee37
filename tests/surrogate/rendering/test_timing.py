"""Notes a little off the grid: as far as measured, never in another 16th, and not at all when not wanted."""

import numpy as np
import pytest

from musicvae_jax.events import DRUM_PITCHES
from surrogate.rendering import timing

TICKS = np.arange(0, 120 * 1601, 120)  # 480 a quarter note
FAST = 0.96  # ticks a millisecond at 120 a minute


def drums(human, *, seed=0, ticks=TICKS, fast=FAST):
    step = np.arange(len(ticks) - 1)
    pitch = np.resize(DRUM_PITCHES, len(step))
    rng = np.random.default_rng(seed)
    return step, timing.drum_onsets(ticks, step, pitch, np.full(len(step), fast), rng, human=human)


def test_zero_is_the_grid():
    step, onset = drums(0)
    np.testing.assert_array_equal(onset, TICKS[step])
    start = np.arange(0, 1600, 4)
    begin, end = timing.bass_notes(TICKS, start, start + 4, np.full(400, FAST), np.random.default_rng(0), human=0)
    np.testing.assert_array_equal(begin, TICKS[start])
    np.testing.assert_array_equal(end, TICKS[start + 4])


def test_drummers_stray_by_the_milliseconds_of_the_table():
    step, onset = drums(1)
    spread, _ = timing.table().drums
    late = (onset - TICKS[step]) / FAST
    for group, wanted in enumerate(spread):
        assert late[group :: len(spread)].std() == pytest.approx(wanted, rel=0.2)
    assert np.diff(drums(2)[1] - TICKS[step]).std() > 1.8 * np.diff(onset - TICKS[step]).std()


def test_the_same_seed_the_same_player():
    np.testing.assert_array_equal(drums(1)[1], drums(1)[1])
    assert (drums(1)[1] != drums(1, seed=1)[1]).any()


def test_no_hit_leaves_its_16th():
    swung = np.sort(np.concatenate([TICKS[::2], TICKS[:-1:2] + 160]))[:-1]
    for ticks in (TICKS, swung):
        step, onset = drums(4, ticks=ticks, fast=20.0)
        assert onset[0] >= 0 and (np.diff(onset) > 0).all()
        assert (np.abs(onset - ticks[step])[1:] <= 0.4 * 160).all()


def test_a_bass_lets_go_before_the_next_note():
    start = np.arange(0, 1600, 4)
    begin, end = timing.bass_notes(TICKS, start, start + 4, np.full(400, FAST), np.random.default_rng(0), human=1)
    held = (end - begin)[:-1] / np.diff(begin)
    np.testing.assert_allclose(held, timing.table().held, atol=0.002)
    begin, end = timing.bass_notes(TICKS, start, start + 2, np.full(400, FAST), np.random.default_rng(0), human=1)
    np.testing.assert_array_equal(end[1:], TICKS[start[1:] + 2])  # written shorter: as written


def test_a_song_without_hits_or_notes():
    none = np.zeros(0, np.int64)
    rng = np.random.default_rng(0)
    assert len(timing.drum_onsets(TICKS, none, none, none, rng, human=1)) == 0
    begin, end = timing.bass_notes(TICKS, none, none, none, rng, human=1)
    assert len(begin) == len(end) == 0
