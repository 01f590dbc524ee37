"""The meters of a song as bars are written: which of a file's time signatures count, and from which bar line on."""

import re
import typing

_DENOMINATORS = (1, 2, 4, 8, 16, 32)
_MOST_QUARTERS = 16
_LATE = 16  # a part of a quarter note: a signature so little off a bar line belongs to it
DEFAULT = (4, 4)


class Meter(typing.NamedTuple):
    """A time signature, and how its bar is grouped: parts of numerator, as (2, 2, 3) of 7; () where not told."""

    numerator: int
    denominator: int
    groups: tuple[int, ...] = ()

    @property
    def signature(self) -> tuple[int, int]:
        """Numerator and denominator."""
        return self.numerator, self.denominator

    @property
    def quarters(self) -> float:
        """How many quarter notes its bar lasts."""
        return 4 * self.numerator / self.denominator

    def __str__(self) -> str:
        groups = "+".join(map(str, self.groups))
        return f"{self.numerator}/{self.denominator}" + (f":{groups}" if groups else "")


class Written(typing.NamedTuple):
    """The meters of a song: (tick, numerator, denominator) in order, the first at tick 0; and the quarter notes before
    the first bar line, where the file says so, or None."""

    meters: list[tuple[int, int, int]]
    pickup: float | None


def parse(text: str) -> Meter:
    """Reads a meter as "3/4" or, with its groups, "7/8:2+2+3".

    Raises:
        ValueError: it is none; says what is expected.
    """
    found = re.fullmatch(r"\s*(\d{1,2})/(\d{1,2})(?::(\d{1,2}(?:\+\d{1,2})*))?\s*", text)
    meter = found and Meter(int(found[1]), int(found[2]), tuple(map(int, found[3].split("+"))) if found[3] else ())
    if not meter or not is_sound(*meter.signature) or meter.quarters < 1:
        raise ValueError(f'must be a meter such as "3/4" or "7/8:2+2+3", not {text!r}')
    if meter.groups and (sum(meter.groups) != meter.numerator or not all(1 <= group <= 4 for group in meter.groups)):
        raise ValueError(f"must have groups of 1 to 4 that add up to {meter.numerator}, not {text!r}")
    return meter


def is_sound(numerator: int, denominator: int) -> bool:
    """Whether music is written in such a meter; others come of damage or of programs that misuse them."""
    return numerator > 0 and denominator in _DENOMINATORS and 4 * numerator / denominator <= _MOST_QUARTERS


def written(signatures, ticks_per_beat: int, end_tick: int) -> Written:
    """Reads the time signatures of a file as a musician would.

    Those that are none are left out, and those a few ticks beside a bar line are at it. A first bar shorter than those
    after it is a pickup, as notation programs write it. Two short bars that make up one of their neighbours', as around
    a repeat sign, are one. A bar shorter than a beat belongs to the one before it.

    Args:
        signatures: (tick, numerator, denominator), in order; of several at one tick the last counts.
        ticks_per_beat: of a quarter note.
        end_tick: the end of the last note; signatures from there on do not matter.
    """
    marks = {0: DEFAULT}
    for tick, *signature in signatures:
        if is_sound(*signature) and tick < end_tick:
            marks[_bar_line(marks, tick, ticks_per_beat)] = tuple(signature)
    marks = _joined_pairs(marks, ticks_per_beat, end_tick)
    pickup, second = None, min((tick for tick in marks if tick > 0), default=0)
    if 0 < second < bar_ticks(marks[second], ticks_per_beat):
        pickup = second / ticks_per_beat
        marks[0] = marks.pop(second)
    long_enough = {tick: mark for tick, mark in marks.items() if bar_ticks(mark, ticks_per_beat) >= ticks_per_beat}
    marks = {0: DEFAULT} | long_enough
    return Written([(tick, *marks[tick]) for tick in sorted(marks)], pickup)


def bar_ticks(signature, ticks_per_beat: int) -> int:
    """Ticks of a bar, one at least."""
    numerator, denominator = signature
    return max(4 * numerator * ticks_per_beat // denominator, 1)


def _bar_line(marks, tick, ticks_per_beat) -> int:
    """The bar line of the meters before a tick that it is a little beside, or the tick itself."""
    begin = max(mark for mark in marks if mark <= tick)
    length = bar_ticks(marks[begin], ticks_per_beat)
    line = begin + round((tick - begin) / length) * length
    return line if abs(tick - line) <= min(ticks_per_beat // _LATE, length // 4) else tick


def _joined_pairs(marks, ticks_per_beat, end_tick):
    """The marks with every pair of single bars that add up to a bar of their neighbours', 7/8 and 1/8, as that bar."""
    ticks = [*sorted(marks), end_tick]
    length = {tick: bar_ticks(mark, ticks_per_beat) for tick, mark in marks.items()}
    joined = dict(marks)
    for before, first, second, after in zip(ticks, ticks[1:], ticks[2:], ticks[3:], strict=False):
        are_single = second - first == length[first] and after - second <= length[second]
        whole = length[first] + length[second]
        for neighbour in (before, after):
            if are_single and first in joined and length.get(neighbour) == whole:
                joined[first] = marks[neighbour]
                joined.pop(second, None)
    return joined
