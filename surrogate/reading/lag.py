"""How late a take was recorded: a constant lag behind its file's beats, as a sound card or grace notes leave one."""

import numpy as np

_MOST_SECONDS, _MOST_BEATS = 0.1, 0.22
_LEAST_SECONDS = 0.015
_LOOSE_SECONDS = 0.02  # how far from its place a player's note falls
_ON_16THS = np.array([1.0, 0.35, 0.8, 0.35])  # how usual it is that a note begins on each 16th of a beat
_LEAST_GAIN = 0.1
_LEAST_NOTES = 16


def find(onset_ticks, ticks_per_beat: int, qpm: float) -> int:
    """Finds the lag that brings most notes to the beats.

    Args:
        onset_ticks: int64 [N], of all notes, in any order.
        ticks_per_beat: of a quarter note.
        qpm: tempo, quarter notes a minute.

    Returns:
        Ticks, 0 where notes are early, or come to the beats hardly better.
    """
    onset = np.unique(onset_ticks)
    beats_a_second = qpm / 60
    most = round(min(_MOST_SECONDS * beats_a_second, _MOST_BEATS) * ticks_per_beat)
    if len(onset) < _LEAST_NOTES or most < 1:
        return 0
    lag_L = np.unique(np.linspace(0, most, 33).astype(np.int64))
    step_LxN = 4 * (onset - lag_L[:, None]) / ticks_per_beat
    nearest_LxN = np.rint(step_LxN)
    off_LxN = (step_LxN - nearest_LxN) / 4 / (_LOOSE_SECONDS * beats_a_second)
    on_beats_L = (_ON_16THS[nearest_LxN.astype(np.int64) % 4] * np.exp(-(off_LxN**2) / 2)).mean(1)
    best = on_beats_L.argmax()
    if on_beats_L[best] < on_beats_L[0] + _LEAST_GAIN:
        return 0
    close = np.abs(off_LxN[best]) < 2.5
    left_over = np.median(off_LxN[best][close]) * _LOOSE_SECONDS * beats_a_second * ticks_per_beat
    lag = int(lag_L[best] + np.rint(left_over))
    return lag if lag >= _LEAST_SECONDS * beats_a_second * ticks_per_beat else 0
