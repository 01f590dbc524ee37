"""Swing: where in the beat a song puts its off-beat eighths and 16ths.

The 16th-note grid is even. A song that swings plays its off-beat eighths late, at two thirds of the beat where its feel
is that of triplets; bass and drums at even places would limp beside it.
"""

import typing

import numpy as np

STRAIGHT = 0.5
# Within a span (a beat, or an eighth) that is divided in two: what counts as a late second half, and as what speaks
# against it. Dotted rhythms (0.75) are not swing: the grid has a step for them.
_LATE = (0.555, 0.71)
_MIDDLE = (0.40, 0.80)
_DOTTED_EARLY, _DOTTED_LATE = (0.20, 0.30), (0.71, 0.80)
_FIRST_THIRD = (0.29, 0.38)
_SPREAD = 0.05  # how far from the cluster's median a note still belongs to it
_LAG = 0.05  # a track whose beats come this late or early was played too freely to tell
_LEAST = 12  # notes in the cluster
_LEAST_SHARE = 0.8  # of the notes around the middle
_MOST_STRAIGHT = 0.08  # notes at the even place, as a share of the cluster
_MOST_DOTTED = 0.25
_MOST_THIRDS = 0.25


class Swing(typing.NamedTuple):
    """How a beat is divided.

    eighth: place of the second eighth within the beat. sixteenth: place of the second 16th within each eighth. Both in
    beats and eighths, 0.5 where straight.
    """

    eighth: float = STRAIGHT
    sixteenth: float = STRAIGHT


def detect(onset_ticks, ticks_per_beat: int) -> Swing:
    """Find the swing of a song: none unless there is solid evidence of one.

    Args:
        onset_ticks: int [N], onsets of all notes, beats at multiples of ticks_per_beat; in any order.
        ticks_per_beat: 1 or more.

    Raises:
        ValueError: ticks_per_beat is below 1, or the onsets are not one row of whole numbers.
    """
    onset_ticks = np.asarray(onset_ticks)
    if ticks_per_beat < 1:
        raise ValueError(f"ticks_per_beat must be 1 or more, not {ticks_per_beat}")
    if onset_ticks.ndim != 1 or (onset_ticks.size and onset_ticks.dtype.kind not in "iu"):
        raise ValueError(f"onset_ticks must be whole numbers [N], not {onset_ticks.dtype} {list(onset_ticks.shape)}")
    # A chord is one onset, and a doubled part is no more evidence than one.
    place = np.unique(onset_ticks.astype(np.int64)) % ticks_per_beat / ticks_per_beat
    near = (place + STRAIGHT) % 1 - STRAIGHT
    near = near[np.abs(near) < 0.15]
    lag = float(np.median(near)) if len(near) else 0.0
    if abs(lag) > _LAG:
        return Swing()
    place = (place - lag) % 1
    eighth = _second_half(place)
    if eighth != STRAIGHT:
        return Swing(eighth=eighth)
    halves = 2 * place[place < STRAIGHT], 2 * place[place >= STRAIGHT] - 1
    first, second = map(_second_half, halves)
    if STRAIGHT in (first, second) or abs(first - second) > _SPREAD or any(map(_has_triplets, halves)):
        return Swing()
    return Swing(sixteenth=(first + second) / 2)


def step_offsets(swing: Swing) -> np.ndarray:
    """Where the four 16th steps of a beat begin under a swing, in beats: float64 [4]."""
    eighth, sixteenth = swing
    return np.array([0.0, eighth * sixteenth, eighth, eighth + (1 - eighth) * sixteenth])


def _second_half(place) -> float:
    """Where the notes (float [N], within a span of 1) put the second half: 0.5, or later if they agree on it."""
    late = place[_within(place, _LATE)]
    if len(late) < _LEAST:
        return STRAIGHT
    center = float(np.median(late))
    cluster = late[np.abs(late - center) <= _SPREAD]
    straight = np.abs(place - STRAIGHT) < min(0.03, (center - STRAIGHT) / 2)
    dotted = _within(place, _DOTTED_EARLY) | _within(place, _DOTTED_LATE)
    solid = (
        len(cluster) >= max(_LEAST, _LEAST_SHARE * _within(place, _MIDDLE).sum())
        and straight.sum() <= _MOST_STRAIGHT * len(cluster)
        and dotted.sum() <= _MOST_DOTTED * len(cluster)
    )
    return float(cluster.mean()) if solid else STRAIGHT


def _has_triplets(place) -> bool:
    """Whether an eighth (places of notes within it, float [N]) is cut in three.

    A beat of three triplets has one late in its first eighth and one early in its second, and is no swing of 16ths.
    """
    return _within(place, _FIRST_THIRD).sum() > _MOST_THIRDS * _within(place, _LATE).sum()


def _within(place, bounds):
    return (place >= bounds[0]) & (place < bounds[1])
