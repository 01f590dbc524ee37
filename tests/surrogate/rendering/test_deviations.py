"""How players stray from what was planned."""

import numpy as np

from surrogate.rendering.deviations import deviations

SPREAD, MEMORY = np.array([10.0, 5.0]), np.array([0.8, 0.0])


def strays(step, group):
    return deviations(SPREAD, MEMORY, np.array(step), np.array(group), np.random.default_rng(0))


def test_a_bar_is_played_as_before_whatever_the_others_are():
    steps, groups = np.tile(np.arange(0, 64, 2), 2), np.repeat([0, 1], 32)
    before = strays(steps, groups)
    kept = (steps < 16) | (steps >= 32)
    np.testing.assert_array_equal(strays(steps[kept], groups[kept]), before[kept])
    np.testing.assert_array_equal(strays(steps[groups == 1], groups[groups == 1]), before[groups == 1])
    other = strays([*steps[kept], 17, 23], [*groups[kept], 0, 0])
    np.testing.assert_array_equal(other[:-2], before[kept])
