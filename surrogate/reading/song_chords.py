"""The chords that a song is given, at its ticks, and what of them the models' half bars are told."""

import collections
import dataclasses
import itertools

import numpy as np

from musicvae_jax.events import STEPS_PER_BEAT
from surrogate.reading import chord_sheet, chord_symbols, keys
from surrogate.reading.chord_symbols import NO_CHORD, Chord
from surrogate.reading.chords import NONE, QUALITIES
from surrogate.reading.chroma import STEPS_PER_HALF_BAR
from surrogate.reading.grid import Grid

UNKNOWN = NONE - 1
"""The root, quality and bass of a half bar whose chord is left open."""
_BARS_A_LINE, _MOST_SHARES, _HOLDS = 4, 24, "."
"""Of a sheet that is written: bars a line, shares a beat, and what stands for a chord that goes on."""
_SHARP_KEYS = (2, 4, 6, 7, 9, 11)
"""Tonics of the major scales that are written with sharps."""
_PLACE = {name: place for place, name in enumerate(QUALITIES)} | {"": NONE}


@dataclasses.dataclass(frozen=True)
class SongChords:
    """Chords given for a song.

    changes: (tick, Chord), rising; each goes on to the next; None in place of a chord leaves open what it is.
    origin: where they are from, in words for the player. unread: what stands among them and is no chord, as '"Verse"'.
    """

    changes: tuple[tuple[int, Chord | None], ...]
    origin: str
    unread: tuple[str, ...] = ()

    def at(self, tick_N) -> list[Chord | None]:
        """The chord at each tick, None where it is open."""
        ticks = [tick for tick, _ in self.changes]
        places = np.searchsorted(ticks, tick_N, side="right") - 1
        return [None if place < 0 else self.changes[place][1] for place in places]

    def half_bars(self, grid: Grid, *, whole: bool = True) -> np.ndarray:
        """What the models are told.

        Args:
            grid: the song's steps.
            whole: whether a half bar that is left open gets the chord of the other half.

        Returns:
            int64 [bars, 2, 3], columns root, quality (the place in QUALITIES) and bass of the chord that sounds longest
            in each half bar; NONE where there is no chord, UNKNOWN where it is left open.
        """
        at_step = self.at(grid.ticks[:-1])
        halves = np.full((2 * grid.bars, 3), UNKNOWN, np.int64)
        for half in range(len(halves)):
            steps = range(half * STEPS_PER_HALF_BAR, (half + 1) * STEPS_PER_HALF_BAR)
            sounding = collections.Counter(at_step[step] for step in steps if grid.in_song[step])
            chord = max(sounding, key=sounding.get, default=None)
            if chord is not None:
                halves[half] = chord.root, _PLACE[chord.quality], chord.bass
        return whole_bars(halves) if whole else halves.reshape(-1, 2, 3)


def whole_bars(halves_Hx3) -> np.ndarray:
    """Half bars as bars, int [S, 2, 3], of which models hear all or nothing: an open half gets the other's chord."""
    bars_Sx2x3 = halves_Hx3.reshape(-1, 2, 3)
    return np.where(bars_Sx2x3 == UNKNOWN, bars_Sx2x3[:, ::-1], bars_Sx2x3)


def of_changes(changes, origin: str, unread=()) -> SongChords:
    """SongChords of changes in any order, of several at a tick the last."""
    return SongChords(_merged(changes), origin, tuple(unread))


def of_sheet(bars: tuple[chord_sheet.Bar, ...], grid: Grid) -> SongChords:
    """Lays a sheet's bars on those of a song, from the first bar line on: a pickup is left open.

    A sheet with fewer bars than the song begins again; what it has more is not used.

    Args:
        bars: as chord_sheet reads them.
        grid: the song's.
    """
    of_song, changes, latest = _whole_bars(grid), [], None
    for bar, (begin, end, beats) in zip(itertools.cycle(bars), of_song, strict=False):
        for share, chord in zip(_shares(len(bar), beats), bar, strict=True):
            latest = chord or latest
            changes.append((begin + round((end - begin) * share), latest))
        if not bar:
            changes.append((begin, None))
    return of_changes(changes, f"as given, {_used(len(bars), len(of_song))}")


def of_labels(labels_Sx2xC, melody_T, grid: Grid, *, silence=NO_CHORD) -> tuple[tuple[int, Chord | None], ...]:
    """Changes of the chords of the models' half bars, where they are in the song, spelled as in the melody's key.

    Args:
        labels_Sx2xC: int [S, 2, C], columns root and quality (the place in QUALITIES), NONE for no chord.
        melody_T: int [T], its tokens.
        grid: the song's steps.
        silence: what stands where there is no chord.
    """
    sharps, names = -keys.semitones_to_c(melody_T) % 12 in _SHARP_KEYS, list(QUALITIES)
    begins, ends = grid.ticks[:-1:STEPS_PER_HALF_BAR], grid.ticks[STEPS_PER_HALF_BAR::STEPS_PER_HALF_BAR]
    each = zip(begins.tolist(), ends.tolist(), labels_Sx2xC[..., :2].reshape(-1, 2).tolist(), strict=True)
    return _merged(
        (begin, silence if root == NONE else chord_symbols.named(root, names[quality], sharps=sharps))
        for begin, end, (root, quality) in each
        if end > begin
    )


def as_sheet(changes, grid: Grid) -> str:
    """Chords as a sheet, four bars a line, from the first bar line on.

    Args:
        changes: (tick, Chord), rising.
        grid: the song's.
    """
    song = SongChords(tuple(changes), "")
    bars = [_bar_text(song, *bar) for bar in _whole_bars(grid)]
    lines = (bars[first : first + _BARS_A_LINE] for first in range(0, len(bars), _BARS_A_LINE))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _bar_text(song, begin, end, beats):
    """A bar of a sheet, in as few shares as it takes."""
    length, inside = end - begin, [tick - begin for tick, _ in song.changes if begin < tick < end]

    def are_kept(shares):
        on_beats = shares > beats or beats % shares == 0
        return on_beats and all(round(round(place * shares / length) * length / shares) == place for place in inside)

    shares = next(filter(are_kept, range(1, _MOST_SHARES * beats)), _MOST_SHARES * beats)
    chords = song.at([begin + length * (2 * share + 1) // (2 * shares) for share in range(shares)])
    return " ".join(
        _HOLDS if before == chord else chord.symbol for before, chord in zip([None, *chords], chords, strict=False)
    )


def _whole_bars(grid) -> list[tuple[int, int, int]]:
    """First tick, end and beats of each bar of a song from the first bar line on."""
    lines = grid.bar_ticks[grid.bar_ticks >= 0].tolist()
    steps = np.searchsorted(grid.ticks[:-1][grid.in_song], lines)
    beats = np.maximum(np.diff(steps) // STEPS_PER_BEAT, 1).tolist()
    return [(begin, end, count) for (begin, end), count in zip(itertools.pairwise(lines), beats, strict=True)]


def _shares(chords, beats):
    """Where each of a bar's chords begins, from 0 to 1: on beats if there are enough, the first ones longer."""
    if chords > beats:
        return [place / chords for place in range(chords)]
    lengths = [beats // chords + (place < beats % chords) for place in range(chords)] if chords else []
    return [sum(lengths[:place]) / beats for place in range(chords)]


def _merged(changes):
    """Changes without those to what sounds already; of several at a tick the last."""
    of_tick = dict(changes)
    groups = itertools.groupby(sorted(of_tick.items(), key=lambda change: change[0]), key=lambda change: change[1])
    return tuple(next(same) for _, same in groups)


def _used(given, needed):
    bars = f"{given} bar{'s' * (given != 1)}"
    if given < needed:
        return f"{bars} played {needed / given:.3g} times over"
    return bars if given == needed else f"{bars}, the last {given - needed} not used"
