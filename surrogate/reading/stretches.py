"""The stretches of 4/4 of a song, laid end to end: where its notes lie in bars of 16 straight steps."""

import dataclasses

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR, STEPS_PER_BEAT
from surrogate.reading.grid import straight_steps


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
        end_step = STEPS_PER_BAR * np.cumsum(self.bars)
        of_note = (
            np.searchsorted(
                2 * STEPS_PER_BEAT * self.begin, 2 * STEPS_PER_BEAT * start_N + self.ticks_per_beat, "right"
            )
            - 1
        )
        kept = of_note >= 0
        begin, limit = self.begin[of_note], end_step[of_note]
        offset = limit - STEPS_PER_BAR * self.bars[of_note]
        first = offset + straight_steps(start_N - begin, self.ticks_per_beat)
        last = offset + straight_steps(end_N - begin, self.ticks_per_beat)
        kept &= first < limit
        return kept, first[kept], np.clip(last, first + 1, np.maximum(limit, first + 1))[kept]


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
    found = []
    for (begin, (numerator, denominator)), limit in zip(
        changes, [*(tick for tick, _ in changes[1:]), None], strict=True
    ):
        is_cut = limit is not None and limit < end_tick
        steps = straight_steps((limit if is_cut else end_tick) - begin, ticks_per_beat)
        bars = steps // STEPS_PER_BAR if is_cut else -(-steps // STEPS_PER_BAR)
        if numerator == denominator and bars > 0:
            found.append((begin, bars))
    begin, bars = np.array(found, np.int64).reshape(-1, 2).T
    return Stretches(ticks_per_beat, begin, bars)
