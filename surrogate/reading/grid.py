"""Where the models' steps lie in a song: bars of any meter laid out as 16 steps each, beat by beat, bar lines kept.

The models know bars of four beats of four steps. A song's bar of four beats is one of theirs. A bar of three lacks
their third beat, so that of kick, snare, kick, snare a waltz's kick, snare, snare remain (docs/meters.md compares).
Bars of two are paired, bars of one taken four at a time; surrogate.reading.pickup tells from which bar on. A dotted
beat (6/8, 9/8, 12/8) is divided as a swung one is: its eighths are the steps 0, 1 and 2. What a bar lacks, because it
is a pickup or cut short by the next meter, has no steps in the song.
"""

import dataclasses
import typing

import numpy as np

from musicvae_jax.events import BEATS_PER_BAR, STEPS_PER_BAR, STEPS_PER_BEAT

PLACES = {4: (0, 1, 2, 3), 3: (0, 1, 3), 2: (0, 1), 1: (0,)}
"""The beats of a song's bar -> those of the models' bar that they are."""
STRAIGHT_STEPS = (0.0, 0.25, 0.5, 0.75)
TRIPLET_STEPS = (0.0, 1 / 3, 2 / 3, 5 / 6)
"""Where the four steps of a beat begin, in beats."""


class MeterError(ValueError):
    """A meter that cannot be laid out; str() tells which, as "5/4"."""


class Bar(typing.NamedTuple):
    """A bar of the song: its first tick and its end, which may come early; its beats, and how many ticks one lasts."""

    begin: int
    end: int
    beats: int
    beat_ticks: int
    dotted: bool


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


def lay_out(meters, end_tick, ticks_per_beat, *, pickup=0.0, first_beat=0, swung=STRAIGHT_STEPS) -> Grid:
    """Lay out a song up to the end of the bar in which end_tick falls.

    Args:
        meters: (tick, numerator, denominator), in order; 4/4 before the first.
        end_tick: int, the end of the last note, more than 0.
        ticks_per_beat: ticks of a quarter note, 4 or more.
        pickup: quarter notes before the first bar line, less than a bar.
        first_beat: of the models' bar, 0 to 3: where a song in bars of one or two beats begins, without a pickup.
        swung: where the four steps of a beat that is not dotted begin, from 0 up to 1.

    Raises:
        MeterError: a bar is not one to four quarter notes or dotted quarter notes long.
    """
    bars = list(_bars(meters, end_tick, ticks_per_beat, round(pickup * ticks_per_beat)))
    tick_of_step, next_beat, kind_before = {}, first_beat, None
    for bar in bars:
        kind = bar.beats, bar.dotted
        if bar.begin > 0 and kind != kind_before or bar.beats > BEATS_PER_BAR // 2:
            next_beat = -(-next_beat // BEATS_PER_BAR) * BEATS_PER_BAR
        if bar.begin < 0:  # a pickup leads into the next of the models' bars, so it stands last in its own
            next_beat += BEATS_PER_BAR - PLACES[bar.beats][-1] - 1
        begins = bar.begin + bar.beat_ticks * np.arange(bar.beats)[:, None]
        within = np.floor(bar.beat_ticks * np.array(TRIPLET_STEPS if bar.dotted else swung) + 0.5)
        for place, of_beat in zip(PLACES[bar.beats], begins + within, strict=True):
            for step, tick in enumerate(of_beat, STEPS_PER_BEAT * (next_beat + place)):
                if 0 <= tick < bar.end:
                    tick_of_step[step] = tick
        next_beat += PLACES[bar.beats][-1] + 1
        is_whole = bar.end - bar.begin == bar.beats * bar.beat_ticks
        kind_before = kind if is_whole else None
    ticks = np.full(STEPS_PER_BAR * -(-next_beat // BEATS_PER_BAR) + 1, bars[-1].end)
    ticks[list(tick_of_step)] = list(tick_of_step.values())
    ticks = np.minimum.accumulate(ticks[::-1])[::-1]  # an absent step begins where the next one in the song does
    return Grid(ticks, np.array([*(bar.begin for bar in bars), bars[-1].end]))


def straight_steps(tick_N, ticks_per_beat) -> np.ndarray:
    """The nearest 16th-note step of straight 4/4 from tick 0 on to each tick of int [N], halves up: int [N]."""
    return (2 * STEPS_PER_BEAT * tick_N + ticks_per_beat) // (2 * ticks_per_beat)


def beats_of(numerator, denominator, ticks_per_beat) -> tuple[int, int, bool]:
    """How a bar of a meter is divided into beats.

    Args:
        numerator, denominator: of the time signature.
        ticks_per_beat: ticks of a quarter note.

    Returns:
        Beats of a bar, ticks a beat lasts, and whether it is dotted.

    Raises:
        MeterError: the bar is not one to four quarter notes or dotted quarter notes long.
    """
    eighths = 8 * numerator / denominator
    dotted = denominator == 8 and numerator % 3 == 0
    beats = numerator // 3 if dotted else eighths / 2
    if beats not in PLACES:
        raise MeterError(f"{numerator}/{denominator}")
    return int(beats), ticks_per_beat * 3 // 2 if dotted else ticks_per_beat, dotted


def _bars(meters, end_tick, ticks_per_beat, pickup):
    """Every Bar that begins before end_tick."""
    sections = {0: (4, 4)} | {tick: meter for tick, *meter in meters if tick < end_tick}
    limits = [*sorted(sections)[1:], None]
    for (begin, meter), limit in zip(sorted(sections.items()), limits, strict=True):
        beats, beat_ticks, dotted = beats_of(*meter, ticks_per_beat)
        length = beats * beat_ticks
        if begin == 0 and pickup:
            begin = pickup - length
        while begin < (end_tick if limit is None else limit):
            end = begin + length if limit is None else min(begin + length, limit)
            yield Bar(begin, end, beats, beat_ticks, dotted)
            begin += length
