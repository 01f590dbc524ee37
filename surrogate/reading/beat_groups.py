"""How bars of uneven meters are grouped, 7/8 as 2+2+3 or 3+2+2: the melody puts its long notes where groups begin."""

import itertools

import numpy as np

from surrogate.reading.meters import bar_ticks

_LEAST_BARS = 4  # of a meter; where there are fewer the bars are odd ones, beats with one left over
_MOST = 14  # units of a bar
_LONGEST = 4  # units; a longer note tells no more


def find(meters, start, end_tick, ticks_per_beat: int, *, pickup=0.0) -> dict[tuple[int, int], tuple[int, ...]]:
    """Finds the groups of every meter of a song that needs them.

    Args:
        meters: (tick, numerator, denominator), in order, the first at tick 0.
        start: int64 [N], the melody's onsets in ticks.
        end_tick: where the melody ends.
        ticks_per_beat: of a quarter note.
        pickup: quarter notes before the first bar line.

    Returns:
        Parts of the numerator by (numerator, denominator).
    """
    onset = np.unique(start)
    wait = np.append(np.diff(onset), ticks_per_beat)
    limits = [*(tick for tick, *_ in meters[1:]), end_tick]
    accents, bars = {}, {}
    for (begin, *meter), limit in zip(meters, limits, strict=True):
        meter = tuple(meter)
        if not groupings(*meter):
            continue
        length, origin = bar_ticks(meter, ticks_per_beat), begin or round(pickup * ticks_per_beat)
        inside = (onset >= begin) & (onset < limit)
        unit = length / meter[0]
        place = np.rint((onset[inside] - origin) / unit).astype(np.int64) % meter[0]
        weight = np.minimum(wait[inside] / unit, _LONGEST)
        accents[meter] = accents.get(meter, 0) + np.bincount(place, weight, meter[0])
        bars[meter] = bars.get(meter, 0) + (limit - begin) // length
    return {meter: _best(meter, accents[meter]) for meter in accents if bars[meter] >= _LEAST_BARS}


def groupings(numerator: int, denominator: int) -> list[tuple[int, ...]]:
    """The ways to group a bar in twos and threes, the most usual first; none for meters whose beats are even."""
    is_even = numerator < 5 or numerator % 4 == 0 or denominator == 8 and numerator % 3 == 0
    if is_even or denominator not in (4, 8) or numerator > _MOST:
        return []
    threes = numerator // 3 - (numerator % 3 == 1)
    parts = (3,) * threes + (2,) * ((numerator - 3 * threes) // 2)
    ways = sorted(set(itertools.permutations(parts)), reverse=denominator == 4)  # 5/4 is 3+2, but 5/8 2+3
    return [*ways, (2, 2, 2)] if numerator == 6 else ways


def _best(meter, accent) -> tuple[int, ...]:
    """The grouping whose beginnings, but the bar's, have the most of the accents, float64 [numerator]."""
    return max(groupings(*meter), key=lambda groups: accent[np.cumsum(groups)[:-1]].mean())
