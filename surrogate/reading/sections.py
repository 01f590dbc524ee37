"""The sections of a song by what returns in its melody: phrases of 8 bars or of 4 that have a letter each."""

import itertools
import typing

import numpy as np

from musicvae_jax import events

PHRASE_BARS = 8, 4
ALIKE = 0.7
"""F1 of two phrases' notes, by place in the phrase and pitch class, from which on they are one letter."""
_MOVED = 0.05
"""So much more of the song must return for phrases that do not begin with the first bar."""


class Section(typing.NamedTuple):
    """Bars of a song, from the one numbered first up to end, counted from 0, that have a letter."""

    letter: str
    first: int
    end: int


def find(melody) -> tuple[Section, ...]:
    """Finds the sections of a song.

    Phrases are as long, and begin as many bars after the first, as lets most bars return. Those that are alike have one
    letter, in order of their first; neighbours with the same letter are one section. Less than half a phrase at the end
    belongs to the one before.

    Args:
        melody: surrogate.reading.melody.Melody.

    Returns:
        Sections that cover all bars of the song, a pickup's counted.
    """
    bars = _bars(melody)
    has_pickup = melody.pickup > 0 and len(bars) > 1
    begin = int(has_pickup)  # a pickup belongs to the phrase that it leads to
    alike = {length: _alike(bars, length) for length in PHRASE_BARS}
    plans = [range(begin + start, len(bars), length) for length in PHRASE_BARS for start in range(length)]
    plan = max(plans, key=lambda plan: _returning(alike[plan.step], plan, bars) - _MOVED * (plan.start > begin))
    starts = [first for first in plan if len(bars) - first >= plan.step / 2 or first == plan.start]
    phrases = list(itertools.pairwise([*([0] if plan.start > begin else []), *starts, len(bars)]))
    phrases[0] = 0, phrases[0][1]
    letters, kinds = [], []
    for first, end in phrases:
        own = _phrase(bars, max(first, begin), end)
        kind = next((place for place, other in enumerate(kinds) if _likeness(own, other) >= ALIKE), len(kinds))
        if kind == len(kinds):
            kinds.append(own)
        letters.append(_letter(kind))
    sections = []
    for letter, same in itertools.groupby(zip(letters, phrases, strict=True), key=lambda each: each[0]):
        spans = [span for _, span in same]
        sections.append(Section(letter, spans[0][0], spans[-1][1]))
    return tuple(sections)


def _bars(melody) -> list[set[tuple[int, int]]]:
    """The notes that begin in each bar of the song: tick within the bar, and pitch class."""
    grid = melody.grid
    start, _, pitch = events.line_notes(melody.tokens)
    tick = grid.ticks[start]
    bar = np.searchsorted(grid.bar_ticks, tick, side="right") - 1
    bars = [set() for _ in grid.bar_ticks[:-1]]
    for each, place, note in zip(bar.tolist(), (tick - grid.bar_ticks[bar]).tolist(), pitch.tolist(), strict=True):
        bars[each].add((place, note % 12))
    return bars


def _phrase(bars, first, end):
    return {(number, *note) for number, bar in enumerate(bars[first:end]) for note in bar}


def _alike(bars, length) -> np.ndarray:
    """The likeness of the phrases, of so many bars, that begin with each bar and are whole: float64 [P, P]."""
    notes = {note: place for place, note in enumerate(set().union(*bars))}
    has_SxN = np.zeros((len(bars), len(notes)), np.float32)
    for bar, own in zip(has_SxN, bars, strict=True):
        bar[[notes[note] for note in own]] = 1
    phrases = max(len(bars) - length + 1, 0)
    of_bars_SxS, count_S = has_SxN @ has_SxN.T, has_SxN.sum(1)
    common = sum(of_bars_SxS[k : k + phrases, k : k + phrases] for k in range(length))
    count = sum(count_S[k : k + phrases] for k in range(length))
    return 2 * common / np.maximum(count[:, None] + count, 1)


def _returning(alike_PxP, plan, bars) -> float:
    """How much of a song's bars returns in whole phrases: the likeness of each with notes to the one most like it."""
    own = np.array([first for first in plan if first < len(alike_PxP)], np.int64)
    among = alike_PxP[np.ix_(own, own)] * (1 - np.eye(len(own)))
    nearest = among.max(1, initial=0)
    return plan.step * nearest[nearest >= ALIKE].sum() / len(bars)


def _likeness(one, other) -> float:
    """F1 of two sets of notes; of two empty ones 1."""
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 1.0


def _letter(number) -> str:
    """A to Z, then A2 and so on."""
    letter, round_ = chr(ord("A") + number % 26), number // 26
    return letter if not round_ else f"{letter}{round_ + 1}"
