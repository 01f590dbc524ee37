"""How a player strays from what was planned: each note a little like the one before it."""

import itertools

import numpy as np


def deviations(spread_G, memory_G, step_N, group_N, rng: np.random.Generator) -> np.ndarray:
    """Draws a first-order autoregression for each group of notes, from note to note.

    Args:
        spread_G, memory_G: float [G], standard deviation, and correlation from one note of a group to the next.
        step_N, group_N: int [N], when each note is played and to which group it belongs; in any order.
        rng: one normal number a note is drawn.

    Returns:
        float64 [N].
    """
    drawn = rng.standard_normal(len(step_N))
    order = np.argsort(step_N, kind="stable")
    for group, (memory, spread) in enumerate(zip(memory_G, spread_G, strict=True)):
        own = order[group_N[order] == group]
        for before, note in itertools.pairwise(own):
            drawn[note] = memory * drawn[before] + np.sqrt(1 - memory**2) * drawn[note]
        drawn[own] *= spread
    return drawn
