"""How a player strays from what was planned: each note a little like the one before it."""

import itertools

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR


def deviations(spread_G, memory_G, step_N, group_N, rng: np.random.Generator) -> np.ndarray:
    """Draws a first-order autoregression for each group of notes, from note to note of a bar.

    What is drawn of a bar does not depend on the notes of others, so that bars can be played anew one by one.

    Args:
        spread_G, memory_G: float [G], standard deviation, and correlation from one note of a group to the next.
        step_N, group_N: int [N], when each note is played and to which group it belongs; in any order.
        rng: for each step and group one normal number is drawn.

    Returns:
        float64 [N].
    """
    step_N = np.asarray(step_N, np.int64)
    drawn = rng.standard_normal((step_N.max(initial=-1) + 1, len(spread_G)))[step_N, group_N]
    order = np.argsort(step_N, kind="stable")
    for group, (memory, spread) in enumerate(zip(memory_G, spread_G, strict=True)):
        own = order[group_N[order] == group]
        for before, note in itertools.pairwise(own):
            if step_N[before] // STEPS_PER_BAR == step_N[note] // STEPS_PER_BAR:
                drawn[note] = memory * drawn[before] + np.sqrt(1 - memory**2) * drawn[note]
        drawn[own] *= spread
    return drawn
