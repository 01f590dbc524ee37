"""The tempo of a song: told as one number, and when each of its ticks sounds."""

import collections

import numpy as np

from musicvae_jax.notes import DEFAULT_QPM

DEFAULT_MSPQ = 500_000  # microseconds a quarter note where a MIDI file gives no tempo


def longest(tempos, end_tick: int) -> float:
    """The tempo that lasts for most ticks up to end_tick.

    Args:
        tempos: symusic's list of them, in ticks.
        end_tick: the last tick that counts.

    Returns:
        Quarter notes a minute, to a hundredth.
    """
    changes = sorted((tempo for tempo in tempos if tempo.mspq), key=lambda tempo: tempo.time)
    tempo_of_tick = {0: DEFAULT_QPM} | {min(tempo.time, end_tick): tempo.qpm for tempo in changes}
    lasts = collections.Counter()
    for (tick, tempo), until in zip(tempo_of_tick.items(), [*tempo_of_tick, end_tick][1:], strict=True):
        lasts[round(tempo, 2)] += until - tick
    return max(lasts, key=lasts.get)


def in_words(slowest: float, fastest: float) -> str:
    """Two tempos as "92.5 to 120", or one where they are alike; "?" where there is none."""
    both = ["?" if np.isnan(qpm) else f"{qpm:.1f}".removesuffix(".0") for qpm in (slowest, fastest)]
    return " to ".join(dict.fromkeys(both))


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
