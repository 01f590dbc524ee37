"""Two hands on one track: which of its notes are the melody, as the upper hand plays it on top."""

import numpy as np

_PITCHES = 128
_TOGETHER = 8  # parts of a beat; notes that begin within one of them begin together
_APART = 10.0  # semitones between the means of two hands, at least
_LEAST_TOGETHER = 0.15  # of each hand's notes, those that begin while the other hand sounds
_ROUNDS = 20  # of which few are needed


def is_melody(start, end, pitch, ticks_per_beat: int, *, hands: int | None = None) -> np.ndarray:
    """Tells the melody from what is played below it.

    Where two hands play, the highest of the notes that begin together lie around two pitches: those nearer to the upper
    one are its hand's, and the melody's if nothing higher sounds. One line is no two hands', however far it leaps, as
    its notes do not sound together; nor are octaves.

    Args:
        start, end: int64 [N], ticks, in any order.
        pitch: int64 [N], MIDI pitches.
        ticks_per_beat: of a quarter note.
        hands: how many play, one or two; None: not known.

    Returns:
        bool [N], all where there are no two hands.
    """
    everything, reach = np.ones(len(start), bool), ticks_per_beat // _TOGETHER
    if hands == 1:
        return everything
    begins_PxN = _any_in(start, start, pitch, start - reach, start + reach)
    higher_PxN = np.arange(_PITCHES)[:, None] > pitch
    between, apart = _two_means(pitch[~(begins_PxN & higher_PxN).any(0)])
    is_upper = pitch > between
    if is_upper.all() or not is_upper.any():
        return everything
    sounds_PxN = _any_in(start, end, pitch, start + reach, start + reach)
    line = is_upper & ~(sounds_PxN & higher_PxN).any(0)
    if hands == 2:
        return line
    is_other_PxN = sounds_PxN & (np.arange(_PITCHES)[:, None] % 12 != pitch % 12)
    lower, upper = np.split(is_other_PxN, [int(np.floor(between)) + 1])
    together = lower.any(0)[is_upper].mean(), upper.any(0)[~is_upper].mean()
    return line if apart >= _APART and min(together) >= _LEAST_TOGETHER else everything


def _any_in(start, end, pitch, since, until) -> np.ndarray:
    """bool [128, N]: whether any note of each pitch begins until a tick and ends at another or later, of N of both."""
    found = np.zeros((_PITCHES, len(since)), bool)
    for each in np.unique(pitch):
        own = np.flatnonzero(pitch == each)
        own = own[np.argsort(start[own], kind="stable")]
        last = np.searchsorted(start[own], until, side="right") - 1
        found[each] = (last >= 0) & (np.maximum.accumulate(end[own])[np.maximum(last, 0)] >= since)
    return found


def _two_means(pitch):
    """The middle between the means of two clusters of pitches, and how far these are apart."""
    low, high = np.percentile(pitch, (15, 85))
    for _ in range(_ROUNDS):
        is_high = pitch > (low + high) / 2
        if is_high.all() or not is_high.any():
            return 0.0, 0.0
        low, high = pitch[~is_high].mean(), pitch[is_high].mean()
    return (low + high) / 2, high - low
