"""The stretches of 4/4 of a song, laid end to end: where its notes lie in bars of 16 straight steps."""

import dataclasses

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR
from surrogate.reading.grid import straight_steps

_LONG_BEFORE = 1 << 40  # ticks, more than any file has


@dataclasses.dataclass(frozen=True)
class Stretches:
    """Stretches of bars of four quarter notes; changes of tempo do not part them, changes of meter do.

    ticks_per_beat: of a quarter note. begin: int64 [K], the tick at which each begins. bars: int64 [K], how many bars
    each has, at least one.
    """

    ticks_per_beat: int
    begin: np.ndarray
    bars: np.ndarray

    def steps(self, start_N, end_N):
        """Lay notes on the steps of all stretches, end to end.

        Args:
            start_N, end_N: int64 [N], in ticks.

        Returns:
            kept: bool [N], whether a note starts in a stretch; one played up to half a step early starts in time.
            first, last: int64 [number of kept], their steps; no note lasts beyond its stretch.
        """
        # Before the first stretch, one without bars, so that every note is after the beginning of one.
        begin_K, bars_K = np.append(-_LONG_BEFORE, self.begin), np.append(0, self.bars)
        of_note = np.searchsorted(8 * begin_K, 8 * start_N + self.ticks_per_beat, side="right") - 1
        begin, limit = begin_K[of_note], STEPS_PER_BAR * np.cumsum(bars_K)[of_note]
        offset = limit - STEPS_PER_BAR * bars_K[of_note]
        first = offset + straight_steps(start_N - begin, self.ticks_per_beat)
        last = offset + straight_steps(end_N - begin, self.ticks_per_beat)
        kept = first < limit
        return kept, first[kept], np.clip(last[kept], first[kept] + 1, limit[kept])


def find(meters, end_tick: int, ticks_per_beat: int) -> Stretches:
    """Find the stretches of 4/4 (or 2/2, or 8/8) up to the bar in which a song ends.

    Args:
        meters: (tick, numerator, denominator), in any order, of one tick the last counts; 4/4 before the first.
        end_tick: the end of the last note.
        ticks_per_beat: ticks of a quarter note.

    Returns:
        What there is: a bar that the next meter cuts short is left out.
    """
    meter_of_tick = {0: (4, 4)} | {tick: tuple(meter) for tick, *meter in sorted(meters, key=lambda each: each[0])}
    changes = []
    for tick, meter in meter_of_tick.items():
        if not changes or meter != changes[-1][1]:
            changes.append((tick, meter))
    found, limits = [], [*(tick for tick, _ in changes[1:]), end_tick]
    for (begin, (numerator, denominator)), limit in zip(changes, limits, strict=True):
        steps = straight_steps(min(limit, end_tick) - begin, ticks_per_beat)
        bars = steps // STEPS_PER_BAR if limit < end_tick else -(-steps // STEPS_PER_BAR)
        if numerator == denominator and bars > 0:
            found.append((begin, bars))
    begin, bars = np.array(found, np.int64).reshape(-1, 2).T
    return Stretches(ticks_per_beat, begin, bars)
