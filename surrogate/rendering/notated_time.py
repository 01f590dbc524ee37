"""The notes of a song in the time in which they are notated: straight, from bar to bar, in parts of a quarter note."""

import bisect
import itertools
import typing

import numpy as np

from surrogate.reading import swing

UNITS = 24
"""Of a quarter note; 16ths and triplets are whole numbers of them."""
SIXTEENTH, TRIPLET, FINE, FINE_TRIPLET = 6, 8, 3, 4
"""Parts of a beat on which notes begin, in units."""
_THIRDS = (TRIPLET, FINE_TRIPLET)
_EXACT = 0.6
"""Units that notes may be off what is notated."""
_LONGEST_GAP = 2 * UNITS
"""After a note of half as long or more, a gap is how it is played, not how it is notated."""


class NotatedBar(typing.NamedTuple):
    """begin, length: in units. signature: numerator and denominator of its meter."""

    begin: int
    length: int
    signature: tuple[int, int]

    @property
    def beat(self) -> int:
        """Units of its beats: dotted ones in 6/8, 9/8 and so on."""
        numerator, denominator = self.signature
        compound = denominator >= 8 and numerator % 3 == 0 and numerator > 3
        return 4 * UNITS * (3 if compound else 1) // (denominator if denominator != 2 else 4)

    @property
    def is_full(self) -> bool:
        """Whether it is as long as its meter says."""
        return self.length * self.signature[1] == 4 * UNITS * self.signature[0]

    @property
    def has_quarters(self) -> bool:
        """Whether its beats are quarter notes, which can be swung or divided by three."""
        return self.beat == UNITS


class Sounding(typing.NamedTuple):
    """What begins together on a staff: its time in units, and its MIDI pitches."""

    begin: int
    end: int
    pitches: tuple[int, ...]


class NotatedTime:
    """bars: NotatedBars, the first up to the first bar line."""

    def __init__(self, melody):
        """Takes a surrogate.reading.melody.Melody."""
        self._beat, self._time, self._grid = melody.score.ticks_per_quarter, melody.time, melody.grid
        self._offsets = [*swing.step_offsets(melody.swing), 1.0]
        self._lines = melody.time.heard(melody.grid.bar_ticks)
        places = np.searchsorted([tick for tick, *_ in melody.meters], self._lines[:-1], side="right") - 1
        signatures = [melody.meters[max(place, 0)][1:] for place in places]
        units = np.maximum(np.floor(self._lines * UNITS / self._beat + 0.5).astype(int), 0)
        self.bars = [
            NotatedBar(int(begin), int(end - begin), signature)
            for begin, end, signature in zip(units, units[1:], signatures, strict=False)
        ]

    def units(self, tick_N) -> np.ndarray:
        """Where ticks of the song are notated, in units, not rounded: float64 [N]."""
        tick_N = self._time.heard(tick_N)
        bar_N = np.clip(np.searchsorted(self._lines, tick_N, side="right") - 1, 0, len(self.bars) - 1)
        begin_N = self._lines[bar_N]
        beat_N, place_N = np.divmod((tick_N - begin_N) / self._beat, 1)
        swung_N = np.array([bar.has_quarters for bar in self.bars])[bar_N]
        place_N = np.where(swung_N, np.interp(place_N, self._offsets, (0, 0.25, 0.5, 0.75, 1)), place_N)
        return (begin_N / self._beat + beat_N + place_N) * UNITS

    def on_grid(self, start, end, pitch) -> list[Sounding]:
        """What a band plays, each int [N], ticks: on the steps of the song's grid."""
        song_end = len(self._grid.ticks) - 1
        first = np.minimum(self._grid.nearest(start), song_end - 1)
        last = np.maximum(self._grid.nearest(end), first + 1)
        sixteenths = dict.fromkeys(self._beats(), SIXTEENTH)
        (begin, _), (until, _) = (
            self._rounded(self.units(self._grid.ticks[step]), sixteenths) for step in (first, last)
        )
        return self._together(begin, until, pitch)

    def struck(self, start, pitch) -> list[Sounding]:
        """What drums play, each int [N], ticks: every hit is written up to the next one or to the end of its beat."""
        hits, lines = self.on_grid(start, start, pitch), [bar.begin for bar in self.bars]
        ends = []
        for hit, following in itertools.zip_longest(hits, [each.begin for each in hits[1:]]):
            bar = self.bars[bisect.bisect_right(lines, hit.begin) - 1]
            beat_end = hit.begin + bar.beat - (hit.begin - bar.begin) % bar.beat
            ends.append(min(following or beat_end, beat_end, bar.begin + bar.length))
        return [hit._replace(end=end) for hit, end in zip(hits, ends, strict=True)]

    def quantised(self, start, end, pitch) -> list[Sounding]:
        """What the player plays, each int [N], ticks: on 16ths or triplets, finer where it is written so."""
        begin, until = self.units(start), self.units(end)
        is_written = all(_error(times, (FINE, FINE_TRIPLET)) <= _EXACT for times in (begin, until))
        if not is_written:
            until = _without_gaps(begin, until)
        finest = (SIXTEENTH, TRIPLET, FINE, FINE_TRIPLET) if is_written else (SIXTEENTH, TRIPLET)
        divisions = self._divisions(np.append(begin, until) if is_written else begin, finest)
        (begin, part), (until, _) = self._rounded(begin, divisions), self._rounded(until, divisions)
        begin = np.clip(begin, 0, self.bars[-1].begin + self.bars[-1].length - part)  # an onset just before the end
        return self._together(begin, np.maximum(until, begin + part), pitch)

    def _beats(self):
        """The first unit of each beat, and its bar."""
        return {first: bar for bar in self.bars for first in range(bar.begin, bar.begin + bar.length, UNITS)}

    def _divisions(self, times, parts):
        """The part of each beat, by its first unit, that fits all of the times in it."""
        chosen = {}
        for first, bar in self._beats().items():
            inside = times[(times >= first - _EXACT) & (times < first + UNITS - _EXACT)] - first
            errors = {part: _error(inside, (part,)) for part in parts if bar.has_quarters or part not in _THIRDS}
            fitting = [part for part, error in errors.items() if error <= _EXACT]
            # As played, a single note tells nothing of how its beat is divided.
            tells = bar.has_quarters and (inside > SIXTEENTH / 2).sum() > 1
            is_triplet = tells and 2 * errors[TRIPLET] < errors[SIXTEENTH]
            chosen[first] = fitting[0] if fitting else TRIPLET if is_triplet else SIXTEENTH
        return chosen

    def _rounded(self, times, divisions):
        """Times at the nearest parts of their beats, and these parts."""
        firsts = np.array(sorted(divisions))
        first = firsts[np.clip(np.searchsorted(firsts, times + _EXACT, side="right") - 1, 0, len(firsts) - 1)]
        parts = np.array([divisions[each] for each in first.tolist()])
        return (first + parts * np.floor((times - first) / parts + 0.5)).astype(int), parts

    def _together(self, begin, end, pitch):
        """One voice: notes that begin together are one, and last up to the next at most, within the song."""
        song_end = self.bars[-1].begin + self.bars[-1].length
        staff = {}
        for first, last, each in sorted(zip(begin.tolist(), end.tolist(), np.asarray(pitch).tolist(), strict=True)):
            until, pitches = staff.get(first, (0, ()))
            staff[first] = max(until, last), (*pitches, each)
        rows = zip(staff.items(), [*staff, song_end][1:], strict=True)
        return [
            Sounding(first, min(last, following), tuple(sorted({*pitches})))
            for (first, (last, pitches)), following in rows
        ]


def _error(times, parts) -> float:
    """How far the worst of times is off all multiples of the parts."""
    each = [np.abs(times - part * np.rint(times / part)) for part in parts]
    return float(np.min(each, axis=0).max(initial=0))


def _without_gaps(begin, end):
    """Ends of notes, up to the next where only the way of playing parts them."""
    onsets = np.unique(begin)
    following = np.append(onsets, np.inf)[np.searchsorted(onsets, begin, side="right")]
    gap = following - begin
    return np.where((gap <= _LONGEST_GAP) & (end - begin >= gap / 2), following, end)
