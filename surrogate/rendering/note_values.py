"""Times on a staff cut into notes and rests that can be written: at bar lines, half bars and beats, with ties."""

import typing
from collections.abc import Iterator

from surrogate.rendering.notated_time import SIXTEENTH, UNITS, NotatedBar, Sounding

_VALUES = {
    144: ("whole", 1), 96: ("whole", 0), 72: ("half", 1), 48: ("half", 0), 36: ("quarter", 1), 24: ("quarter", 0),
    18: ("eighth", 1), 12: ("eighth", 0), 9: ("16th", 1), 6: ("16th", 0), 3: ("32nd", 0),
}  # fmt: skip
"""Units -> note value and dots."""
_TRIPLETS = {24: ("quarter", 0), 16: ("quarter", 0), 8: ("eighth", 0), 4: ("16th", 0)}
"""The same of a beat that is divided by three."""


class Written(typing.NamedTuple):
    """A note, a chord or a rest, which has no pitches.

    begin, length: units. value, dots: as it is written. tied: from the one before, and to the next. triplet: whether it
    is of three in the time of two; opens, closes: whether a group of these begins or ends with it.
    """

    begin: int
    length: int
    pitches: tuple[int, ...]
    value: str
    dots: int
    tied: tuple[bool, bool]
    triplet: bool
    opens: bool = False
    closes: bool = False


def bar_of_staff(bar: NotatedBar, sounding: list[Sounding]) -> list[Written]:
    """What is written in a bar of what sounds on a staff; a rest alone where nothing does."""
    end, now, spans = bar.begin + bar.length, bar.begin, []
    for each in sounding:
        if each.begin >= end or each.end <= bar.begin:
            continue
        if each.begin > now:
            spans.append((now, each.begin, ()))
        now = min(each.end, end)
        spans.append((max(each.begin, bar.begin), now, each))
    if now < end:
        spans.append((now, end, ()))
    thirds = {_beat(bar, place) for span in spans for place in span[:2] if (place - bar.begin) % 3}
    written = [piece for span in spans for piece in _pieces(bar, thirds, *span)]
    groups = [None, *(_beat(bar, piece.begin) if piece.triplet else None for piece in written), None]
    return [
        piece._replace(opens=piece.triplet and before != group, closes=piece.triplet and group != after)
        for piece, before, group, after in zip(written, groups, groups[1:], groups[2:], strict=False)
    ]


def _beat(bar, place):
    return (place - bar.begin) // UNITS


def _pieces(bar, thirds, begin, end, each) -> Iterator[Written]:
    now = begin
    while now < end:
        is_third = _beat(bar, now) in thirds
        length = _length(bar, now, end - now, is_third)
        tied = (bool(each) and now > each.begin, bool(each) and now + length < each.end)
        value, dots = (_TRIPLETS if is_third else _VALUES).get(length, ("64th", 0))
        yield Written(now, length, each.pitches if each else (), value, dots, tied, is_third and length < UNITS)
        now += length


def _length(bar, now, rest, is_third) -> int:
    """Units of the longest note that can begin at a place: whole beats on a beat, else up to the next one."""
    if is_third:
        limit = min(rest, UNITS - (now - bar.begin) % UNITS)
        return max((length for length in _TRIPLETS if length <= limit), default=limit)
    in_beat = (now - bar.begin) % bar.beat
    if in_beat or rest < bar.beat:
        limit = min(rest, bar.beat - in_beat)
        return max((length for length in _VALUES if length <= limit), default=limit)
    beats, half = rest // bar.beat, (now - bar.begin) // bar.beat % 2
    if now > bar.begin and bar.signature[0] % 2 == 0:
        beats = min(beats, 2 - half)  # the middle of a bar is seen
    whole = [count * bar.beat for count in range(beats, 0, -1) if count * bar.beat in _VALUES]
    return whole[0] if whole else min(rest, SIXTEENTH)
