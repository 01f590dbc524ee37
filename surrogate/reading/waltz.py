"""Whether a song whose file names no meter, or 4/4, is a waltz: what comes again after three beats, and after four.

How much each kind of return tells is learnt by benchmarks/waltzes.py from tunes and songs whose meter is known.
"""

import functools
import pathlib

import numpy as np

TABLE = pathlib.Path(__file__).with_name("tables") / "waltz.npz"
UNTOLD, TOLD = 0.0, 3.0
"""Log-odds of 3/4 that it takes where the file names no meter, and where it says 4/4."""
LEAST_NOTES = 24
_LAGS = 2 * np.array([2, 3, 4, 6, 8, 9, 12, 16])  # eighths
_LONGEST = 8  # eighths; a longer note tells no more
_MOST = 1 << 15  # eighths; what comes later is not heard


def log_odds(start, pitch, ticks_per_beat: int) -> float:
    """Log-odds of 3/4 over 4/4 or 2/4 of a melody, below 0 where little is known.

    Args:
        start: int64 [N], ticks, in any order. pitch: int64 [N], MIDI pitches.
        ticks_per_beat: of a quarter note.
    """
    onset = np.unique(start)
    if len(onset) < LEAST_NOTES or len(np.unique(np.diff(onset))) == 1:  # equal steps throughout have no rhythm
        return -np.inf
    weight, bias = _weights()
    return float(returns(start, pitch, ticks_per_beat) @ weight + bias)


def returns(start, pitch, ticks_per_beat: int) -> np.ndarray:
    """How much onsets, long notes, peaks and pitch classes come again after 2 to 16 quarter notes: float64 [32].

    The first three are autocorrelations; the last is the share of notes, among those that have one so much later, that
    have the same one.
    """
    order = np.lexsort((-pitch, start))
    step = (2 * start[order] + ticks_per_beat // 2) // ticks_per_beat
    step, first = np.unique(step - step[0], return_index=True)
    step, pitch = step[step < _MOST], pitch[order][first][step < _MOST]
    steps = int(step[-1]) + 1
    onset, length, peak, pitch_class = (np.zeros(shape) for shape in (steps, steps, steps, (steps, 12)))
    onset[step], length[step] = 1, np.minimum(np.append(np.diff(step), 4), _LONGEST)
    peak[step] = (pitch > np.append(pitch[0], pitch[:-1])) & (pitch >= np.append(pitch[1:], pitch[-1]))
    pitch_class[step, pitch % 12] = 1
    found = [_autocorrelation(values, lag) for values in (onset, length, peak) for lag in _LAGS]
    for lag in _LAGS:
        both = (onset[:-lag] * onset[lag:]).sum()
        found.append((pitch_class[:-lag] * pitch_class[lag:]).sum() / max(both, 1))
    return np.array(found)


def _autocorrelation(values, lag) -> float:
    if lag >= len(values) - _LONGEST:
        return 0.0
    values = values - values.mean()
    power = (values**2).sum() * (len(values) - lag) / len(values)
    return float((values[:-lag] * values[lag:]).sum() / (power + 1e-9))


@functools.cache
def _weights():
    with np.load(TABLE) as file:
        return file["weight"], float(file["bias"])
