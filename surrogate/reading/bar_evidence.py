"""What tells where the bars of a melody begin, whatever kind of melody it is."""

import numpy as np

from surrogate.reading.grid import straight_steps


def top_line(start, end, pitch, ticks_per_beat: int):
    """The highest of the notes that start together: start and end (16th steps) and pitch, int64 [N] each, in order."""
    start, end = (straight_steps(ticks, ticks_per_beat) for ticks in (start, end))
    order = np.lexsort((-pitch, start))
    start, end, pitch = start[order], end[order], pitch[order]
    first = np.append(True, start[1:] != start[:-1])
    start, pitch = start[first], pitch[first]
    return start, np.maximum(end[first], start + 1), pitch


def likeliest_pickup(log_odds_U, prior: float) -> int:
    """The pickup that is likelier than all others together, none where there is no such.

    Args:
        log_odds_U: float64 [units], of a pickup of so many units. prior: log-odds that speak for none besides.
    """
    odds_U = log_odds_U + np.append(prior, np.zeros(len(log_odds_U) - 1))
    best = int(odds_U.argmax())
    return best if np.exp(odds_U - odds_U[best]).sum() < 2 else 0


def harmonic_change(start, end, pitch, *, unit_steps: int, units: int, most_bars: int):
    """How much more than elsewhere the harmony changes at each unit of the bar.

    Args:
        start, end, pitch: int64 [N], as top_line gives them.
        unit_steps: 16ths of a unit. units: of a bar.
        most_bars: that tell something of their own.

    Returns:
        float64 [units], the mean cosine distance of the pitch classes of the half bars before and after, less the mean
        of all; times the root of how often it was measured.
    """
    all_units, half = int(-(-end.max() // unit_steps)), units // 2
    sounding = np.zeros((unit_steps * all_units + 1, 12))
    np.add.at(sounding, (start, pitch % 12), 1)
    np.add.at(sounding, (end, pitch % 12), -1)
    steps = sounding.cumsum(0)[:-1].reshape(all_units, unit_steps, 12).sum(1)
    until = np.append(np.zeros((1, 12)), steps.cumsum(0), axis=0)
    unit = np.arange(half, max(all_units - half + 1, half))
    before, after = until[unit] - until[unit - half], until[unit + half] - until[unit]
    norm = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    both = norm > 0
    distance = 1 - (before * after).sum(1)[both] / norm[both]
    count = np.bincount(unit[both] % units, minlength=units)
    mean = np.bincount(unit[both] % units, distance, units) / np.maximum(count, 1)
    return (mean - mean.mean()) * np.sqrt(min(count.min(), most_bars))
