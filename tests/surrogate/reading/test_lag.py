"""A take that is late by one and the same amount is heard as if it was not."""

import numpy as np
import pytest

from surrogate.reading import lag
from surrogate.reading.melody import read_melody
from tests.melodies import write_midi

TEMPO = 110


def take(late_ms, jitter_ms=0.0, tempo=TEMPO, seed=0):
    """Onsets in ticks of 480 a quarter of 32 bars of eighths, quarters and a few 16ths."""
    rng = np.random.default_rng(seed)
    beats = [bar * 4 + place for bar in range(32) for place in ((0, 1, 1.5, 2, 3), (0, 1, 2, 2.25, 2.5, 3.5))[bar % 2]]
    seconds = np.array(beats) * 60 / tempo + (late_ms + rng.normal(0, jitter_ms, len(beats))) / 1000
    return np.maximum(np.rint(seconds * tempo / 60 * 480).astype(int), 0)


@pytest.mark.parametrize("late_ms", [20, 40, 70, 100])
@pytest.mark.parametrize("tempo", [80, 110, 140])
def test_a_constant_lag_is_found(late_ms, tempo):
    most = 0.22 * 60_000 / tempo
    found = lag.find(take(late_ms, tempo=tempo), 480, tempo) / 480 * 60_000 / tempo
    assert found == pytest.approx(min(late_ms, most), abs=8)


@pytest.mark.parametrize("seed", range(5))
def test_a_late_and_loose_take(seed):
    found = lag.find(take(70, 25, seed=seed), 480, TEMPO) / 480 * 60_000 / TEMPO
    assert found == pytest.approx(70, abs=12)


@pytest.mark.parametrize("jitter_ms", [0, 10, 25])
def test_a_take_on_time_has_none(jitter_ms):
    assert lag.find(take(0, jitter_ms), 480, TEMPO) == 0


def test_swing_and_triplets_are_no_lag():
    swung = np.array([beat * 480 + place for beat in range(64) for place in (0, 320)])
    triplets = np.array([beat * 480 + place for beat in range(64) for place in (0, 160, 320)])
    assert lag.find(swung, 480, TEMPO) == lag.find(triplets, 480, TEMPO) == 0


def test_bass_and_drums_come_as_late_as_the_melody(tmp_path):
    late = round(0.07 * TEMPO / 60 * 480)
    tempos = {}
    for name, delay in (("on_time", 0), ("late", late)):
        notes = [(tick + delay, tick + delay + 200, 60 + n % 7, 80) for n, tick in enumerate(take(0))]
        tempos[name] = read_melody(write_midi(tmp_path / f"{name}.mid", notes))
    on_time, behind = tempos["on_time"], tempos["late"]
    assert on_time.time.lag == 0 and abs(behind.time.lag - late) <= 5
    np.testing.assert_array_equal(behind.tokens, on_time.tokens)
    np.testing.assert_array_equal(behind.grid.ticks, on_time.grid.ticks + behind.time.lag)
    np.testing.assert_array_equal(behind.grid.bar_ticks, on_time.grid.bar_ticks + behind.time.lag)
