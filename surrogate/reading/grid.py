"""Where the models' steps lie in a song: bars of any meter laid out as 16 steps each, beat by beat, bar lines kept.

The models know bars of four beats of four steps. A song's bar of four beats is one of theirs. A bar of three lacks
their third beat, so that of kick, snare, kick, snare a waltz's kick, snare, snare remain (docs/meters.md compares).
Bars of two are paired, bars of one taken four at a time; surrogate.reading.pickup tells from which bar on. A dotted
beat (6/8, 9/8, 12/8) is divided as a swung one is: its eighths are the steps 0, 1 and 2. What a bar lacks, because it
is a pickup or cut short by the next meter, has no steps in the song. Any other bar is quarters and a last beat cut
short, four to one of the models' bars, or, where it is known how it is grouped, groups of two and three beats.
"""

import dataclasses
import typing

import numpy as np

from musicvae_jax.events import BEATS_PER_BAR, STEPS_PER_BAR, STEPS_PER_BEAT
from surrogate.reading.meters import DEFAULT, bar_ticks

PLACES = {4: (0, 1, 2, 3), 3: (0, 1, 3), 2: (0, 1), 1: (0,)}
"""The beats of a song's bar -> those of the models' bar that they are."""
STRAIGHT_STEPS = (0.0, 0.25, 0.5, 0.75)
TRIPLET_STEPS = (0.0, 1 / 3, 2 / 3, 5 / 6)
"""Where the four steps of a beat begin, in beats."""


class Bar(typing.NamedTuple):
    """A bar of the song: its first tick and its end; the lengths of its beats in ticks, group by group, a group being
    one to four beats that stand in one of the models' bars; whether it is as long as its meter says.

    Beats can last beyond the end of a bar that is cut short, and not up to that of one with a remainder.
    """

    begin: int
    end: int
    groups: tuple[tuple[int, ...], ...]
    is_whole: bool


@dataclasses.dataclass(frozen=True)
class Grid:
    """The steps of a song.

    ticks: int64 [bars * 16 + 1], in the models' bars: the tick at which each step begins, and the end of the last. A
        step that begins where the next one does is not in the song: nothing is played there.
    bar_ticks: int64 [n + 1]: the song's own bar lines; the first is before tick 0 where the song begins with a pickup.
    """

    ticks: np.ndarray
    bar_ticks: np.ndarray

    @property
    def bars(self) -> int:
        """How many of the models' bars there are."""
        return len(self.ticks) // STEPS_PER_BAR

    @property
    def in_song(self) -> np.ndarray:
        """bool [bars * 16]: the steps that are in the song."""
        return np.diff(self.ticks) > 0

    def nearest(self, tick_N) -> np.ndarray:
        """The step of the song that begins nearest to each tick, halves up; bars * 16 is the end: int64 [N]."""
        steps = np.append(np.flatnonzero(self.in_song), len(self.ticks) - 1)
        begins = self.ticks[steps]
        return steps[np.searchsorted(begins[:-1] + begins[1:], 2 * np.asarray(tick_N), side="right")]


def lay_out(
    meters,
    end_tick,
    ticks_per_beat,
    *,
    pickup=0.0,
    first_beat=0,
    swung=STRAIGHT_STEPS,
    groups=None,
) -> Grid:
    """Lay out a song up to the end of the bar in which end_tick falls.

    Args:
        meters: (tick, numerator, denominator), in order; 4/4 before the first. The bars are a beat long or more.
        end_tick: int, the end of the last note, more than 0.
        ticks_per_beat: ticks of a quarter note, 4 or more.
        pickup: quarter notes before the first bar line, less than a bar.
        first_beat: of the models' bar, 0 to 3: where a song in bars of one or two beats begins, without a pickup.
        swung: where the four steps of a beat that is not dotted begin, from 0 up to 1.
        groups: of a meter's bar (surrogate.reading.meters.Meter), by numerator and denominator; None: of none.
    """
    bars = list(_bars(meters, end_tick, ticks_per_beat, round(pickup * ticks_per_beat), groups))
    tick_of_step, beat = {}, first_beat
    for beat, begin, length, bar_end in _placed_beats(bars, first_beat):
        steps = length * np.array(TRIPLET_STEPS) if length > ticks_per_beat else ticks_per_beat * np.array(swung)
        for step, tick in enumerate(begin + np.floor(steps + 0.5).astype(np.int64), STEPS_PER_BEAT * beat):
            if 0 <= tick < min(bar_end, begin + length):
                tick_of_step[step] = tick
    ticks = np.full(STEPS_PER_BAR * (beat // BEATS_PER_BAR + 1) + 1, bars[-1].end)
    ticks[list(tick_of_step)] = list(tick_of_step.values())
    ticks = np.minimum.accumulate(ticks[::-1])[::-1]  # an absent step begins where the next one in the song does
    return Grid(ticks, np.array([*(bar.begin for bar in bars), bars[-1].end]))


def straight_steps(tick_N, ticks_per_beat) -> np.ndarray:
    """The nearest 16th-note step of straight 4/4 from tick 0 on to each tick of int [N], halves up: int [N]."""
    return (2 * STEPS_PER_BEAT * tick_N + ticks_per_beat) // (2 * ticks_per_beat)


def beats_of(numerator, denominator, ticks_per_beat, groups=()) -> tuple[tuple[int, ...], ...]:
    """How a bar of a meter is divided into beats.

    Args:
        numerator, denominator: of the time signature.
        ticks_per_beat: ticks of a quarter note.
        groups: parts of the numerator, as (2, 2, 3) of 7. Of eighths and shorter notes each is a beat (four are two),
            of longer ones a group of quarter notes.

    Returns:
        The beats' lengths in ticks, group by group: where groups are not given, dotted quarters of 6/8, 9/8 and so on,
        otherwise quarters, and what is left. Less than a beat after four of them is no beat, but a remainder.
    """
    if groups and denominator <= 4:
        return tuple((ticks_per_beat,) * (group * 4 // denominator) for group in groups)
    if groups:
        units = [part for group in groups for part in ((2, 2) if group == 4 else (group,))]
    elif denominator == 8 and numerator % 3 == 0:
        units = [3] * (numerator // 3)
    else:
        quarters, rest = divmod(4 * numerator, denominator)
        is_beat = rest > 0 and (quarters == 0 or quarters % BEATS_PER_BAR > 0)
        return _in_fours([ticks_per_beat] * quarters + [rest * ticks_per_beat // denominator] * is_beat)
    return _in_fours(np.diff(np.cumsum([0, *units]) * 4 * ticks_per_beat // denominator).tolist())


def _in_fours(beats):
    return tuple(tuple(beats[first : first + BEATS_PER_BAR]) for first in range(0, len(beats), BEATS_PER_BAR))


def _placed_beats(bars, first_beat):
    """Yields, of every beat of bars, which of the models' beats it is, its first tick, its length, its bar's end."""
    next_beat, groups_before = first_beat, None
    for bar in bars:
        begin = bar.begin
        is_new = bar.begin > 0 and bar.groups != groups_before or len(bar.groups) > 1
        for number, group in enumerate(bar.groups, start=1):
            if begin + sum(group) <= 0:  # before a pickup
                begin += sum(group)
                continue
            if len(group) > BEATS_PER_BAR // 2 or is_new and number == 1:
                next_beat = -(-next_beat // BEATS_PER_BAR) * BEATS_PER_BAR
            if begin < 0 and number == len(bar.groups):
                # A pickup leads into the next of the models' bars, so it stands last in its own.
                next_beat += BEATS_PER_BAR - PLACES[len(group)][-1] - 1
            for place, length in zip(PLACES[len(group)], group, strict=True):
                yield next_beat + place, begin, length, bar.end
                begin += length
            next_beat += PLACES[len(group)][-1] + 1
        groups_before = bar.groups if bar.is_whole else None


def _bars(meters, end_tick, ticks_per_beat, pickup, groups):
    """Every Bar that begins before end_tick."""
    sections = {0: DEFAULT} | {tick: tuple(meter) for tick, *meter in meters if tick < end_tick}
    limits = [*sorted(sections)[1:], None]
    for (begin, meter), limit in zip(sorted(sections.items()), limits, strict=True):
        beats = beats_of(*meter, ticks_per_beat, (groups or {}).get(meter, ()))
        length = bar_ticks(meter, ticks_per_beat)
        if begin == 0 and pickup:
            begin = pickup - length
        while begin < (end_tick if limit is None else limit):
            end = begin + length
            if limit is not None and limit < end + ticks_per_beat:  # less than a beat is no bar
                end = limit
            yield Bar(begin, end, beats, end == begin + length)
            begin = end
