"""Drums as a drummer sees them: kinds of drum, and what two hands cannot play."""

import numpy as np

from musicvae_jax.beats import CYMBALS
from musicvae_jax.events import CLOSED_HAT, KICK, SNARE, STEPS_PER_BAR, TOMS

KINDS = {"kicks": KICK, "snares": SNARE, "cymbals": CYMBALS, "toms": TOMS}
"""Drums that stand for each other, as masks."""
HANDS = 2
FASTEST_HATS = 140
"""Beats a minute up to which one hand plays 16ths on the hat."""


def kinds_struck(drums_xT) -> np.ndarray:
    """Which of KINDS are struck at each step: masks int [..., T] -> bool [..., T, 4]."""
    return (np.asarray(drums_xT)[..., None] & list(KINDS.values())) > 0


def unplayable(drums_T, tempo: float) -> tuple[int, float]:
    """Steps that no drummer plays: with more drums than hands, or a third closed hat in 16ths above FASTEST_HATS.

    Args:
        drums_T: masks of a song, int [T].
        tempo: in beats a minute.

    Returns:
        How many, and hundreds of bars: their ratio is in 100 bars.
    """
    violates_T = np.bitwise_count(drums_T & ~np.uint16(KICK)) > HANDS
    if tempo > FASTEST_HATS:
        hat_T = (drums_T & CLOSED_HAT) > 0
        violates_T[2:] |= hat_T[2:] & hat_T[1:-1] & hat_T[:-2]
    return int(violates_T.sum()), len(drums_T) / STEPS_PER_BAR / 100
