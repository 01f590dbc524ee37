"""In which order the bars of a written score are played: repeats, endings and jumps, as players read them."""

import dataclasses

FIRST = "da capo"
"""The jump to the first bar; another goes to the segno."""


@dataclasses.dataclass(frozen=True)
class Signs:
    """What a written bar says of the way.

    begins_repeat, times: whether a passage that is repeated begins here; how often one that ends here is played, 0 for
    none that ends. endings: the times in which the bar is played, none for all. jump: FIRST, "dal segno" or "", taken
    once, after the bar. segno, fine: whether it is one. coda: whether the sign stands here, first where it is left for,
    and then where it is.
    """

    begins_repeat: bool = False
    times: int = 0
    endings: frozenset[int] = frozenset()
    jump: str = ""
    segno: bool = False
    coda: bool = False
    fine: bool = False


def played(bars: list[Signs], most: int) -> list[int]:
    """Tells which bars are played, one after the other.

    After a jump no passage is repeated, and of endings the last is played.

    Args:
        bars: as they are written.
        most: bars that may be played; there may be one more, where the order has more.
    """
    codas = [place for place, bar in enumerate(bars) if bar.coda]
    order, place, begin, time, has_jumped = [], 0, 0, 1, False
    while place < len(bars) and len(order) <= most:
        bar = bars[place]
        if place != begin and (bar.begins_repeat or place and bars[place - 1].endings and not bar.endings):
            begin, time = place, 1
        last = _times(bars, place)
        wanted = last if has_jumped else min(time, last)
        if bar.endings and wanted not in bar.endings and wanted > min(bar.endings):
            place += 1
            continue
        order.append(place)
        if has_jumped and bar.fine:
            break
        if has_jumped and len(codas) > 1 and place == codas[0]:
            place = codas[-1]
        elif bar.times and not has_jumped and time < max(bar.times, last):
            place, time = begin, time + 1
        elif bar.jump and not has_jumped:
            has_jumped = True
            place = 0 if bar.jump == FIRST else next((at for at, each in enumerate(bars) if each.segno), 0)
        else:
            place += 1
            if bar.times:
                begin, time = place, time if place < len(bars) and bars[place].endings else 1
    return order


def _times(bars, place) -> int:
    """How often the endings that a bar is among are come to, 0 where it is among none."""
    first = last = place
    while first and bars[first - 1].endings:
        first -= 1
    while last < len(bars) and bars[last].endings:
        last += 1
    run = bars[first:last] if bars[place].endings else []
    return max((max(bar.times, *bar.endings) for bar in run), default=0)
