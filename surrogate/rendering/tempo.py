"""How fast a song is at a tick, by its tempo map."""

import numpy as np

from surrogate.reading.tempos import tempo_map


def ticks_per_ms(score, tick_N) -> np.ndarray:
    """How many ticks a millisecond lasts at ticks of a song, int [N], within it or at its end: float64 [N]."""
    tick_N = np.asarray(tick_N, np.int64)
    ticks, seconds = tempo_map(score, int(tick_N.max(initial=0)) + 1)
    of_span = np.diff(ticks) / (1000 * np.diff(seconds))
    return of_span[np.searchsorted(ticks, tick_N, side="right") - 1]
