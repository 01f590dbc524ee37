"""When a tick of a song sounds, by its tempo map."""

import numpy as np

DEFAULT_MSPQ = 500_000  # microseconds a quarter note where a MIDI file gives no tempo


def tempo_map(score, end) -> tuple[np.ndarray, np.ndarray]:
    """Points between which time passes evenly; of several tempos at one tick the last counts.

    Args:
        score: symusic.Score in ticks; a tempo that lasts no time is none.
        end: the last tick.

    Returns:
        Ticks, int64 [K], rising from 0 to end, and the seconds from the song's start at each, float64 [K].
    """
    tempos = score.tempos.numpy()
    real = tempos["mspq"] > 0
    time, mspq = tempos["time"][real], tempos["mspq"][real]
    order = np.argsort(time, kind="stable")
    ticks = np.concatenate([[0], np.minimum(time[order], end), [end]]).astype(np.int64)
    mspq = np.concatenate([[DEFAULT_MSPQ], mspq[order]]).astype(np.int64)
    seconds = np.concatenate([[0], np.cumsum(np.diff(ticks) * mspq)]) / (1e6 * score.ticks_per_quarter)
    last = np.append(np.diff(ticks) > 0, True)  # of the tempos at one tick
    return ticks[last], seconds[last]


def ticks_per_ms(score, tick_N) -> np.ndarray:
    """How many ticks a millisecond lasts at ticks of a song, int [N], within it or at its end: float64 [N]."""
    tick_N = np.asarray(tick_N, np.int64)
    ticks, seconds = tempo_map(score, int(tick_N.max(initial=0)) + 1)
    of_span = np.diff(ticks) / (1000 * np.diff(seconds))
    return of_span[np.searchsorted(ticks, tick_N, side="right") - 1]
