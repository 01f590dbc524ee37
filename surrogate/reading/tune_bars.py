"""Where the bars of a traditional tune begin that is heard from its first note on.

What speaks for a bar line is counted by eighths, modulo a bar: where rhythms, intervals, peaks, long notes and degrees
of the scale fall, where the tune begins and ends. A small network hears all that from each of the eighths at which a
bar could begin, and tells how likely it does; surrogate.evaluation.fit_tune_bars trains it.
"""

import functools
import pathlib
import typing

import numpy as np

from surrogate.reading import bar_evidence, rotations

TABLE = pathlib.Path(__file__).with_name("tables") / "tune_bars.npz"
UNIT_STEPS = 2
"""16ths of an eighth, the unit in which bars are heard."""
_LENGTHS = 7
_CLASS_OF_STEPS = np.searchsorted([2, 3, 4, 5, 7, 9], np.arange(10), side="right")
_LONG_WAIT = 63  # steps before the first note and after the last: longer than any class tells apart
_LEAST_REST = 2  # steps; a shorter one is the player's touch
_WIDEST, _LEAP = 8, 2  # semitones


class Meter(typing.NamedTuple):
    """A meter of tunes. units: eighths of a bar. beat_steps: 16ths of a beat. signatures: that are such, each with the
    factor by which its notes are longer in this one."""

    units: int
    beat_steps: int
    signatures: dict[tuple[int, int], float]


METERS = {
    "2/4": Meter(4, 4, {(2, 4): 1}),
    "3/4": Meter(6, 4, {(3, 4): 1, (3, 8): 2, (3, 2): 0.5}),
    "4/4": Meter(8, 4, {(4, 4): 1, (2, 2): 1, (4, 2): 0.5}),
    "6/8": Meter(6, 6, {(6, 8): 1, (12, 8): 1, (6, 4): 0.5}),
}


class Network(typing.NamedTuple):
    """hidden_DxH, hidden_H, odds_H: its layers, from evidence heard from a unit to the log-odds of a bar line there.

    prior: log-odds that speak for no pickup besides.
    """

    hidden_DxH: np.ndarray
    hidden_H: np.ndarray
    odds_H: np.ndarray
    prior: float


def log_odds(evidence_RxU, network: Network) -> np.ndarray:
    """Log-odds of a pickup of so many units, but for the network's prior: float64 [units]."""
    hidden_UxH = np.maximum(rotations.from_each_place(evidence_RxU) @ network.hidden_DxH + network.hidden_H, 0)
    return (hidden_UxH @ network.odds_H).astype(np.float64)


def evidence(start, end, pitch, ticks_per_beat: int, units: int) -> np.ndarray:
    """What a tune tells of its bars.

    Args:
        start, end: int64 [N], ticks, N 1 or more, end > start >= 0; in any order.
        pitch: int64 [N], MIDI pitches.
        ticks_per_beat: 1 or more, of two units.
        units: of a bar.

    Returns:
        float32 [R, units], by units from the tune's beginning, modulo a bar.
    """
    start, end, pitch = bar_evidence.top_line(start, end, pitch, ticks_per_beat)
    notes = _heard(start, end, pitch, units)
    bars, is_new = _new_bars(start, pitch, units)
    change_U = bar_evidence.harmonic_change(start, end, pitch, unit_steps=UNIT_STEPS, units=units, most_bars=bars)
    first = _Heard(*(values[start < UNIT_STEPS * units] for values in notes))
    rows = [_counts(notes, is_new, units), change_U[None], _outline(first, units), _ends(start, end, units)]
    return np.concatenate(rows).astype(np.float32)


class _Heard(typing.NamedTuple):
    """Notes, [N] each: the eighth of the bar; whether they begin on one; classes of length and of the wait before;
    whether a rest follows; steps of length; 1 for longer than the note before and 2 than the one after; semitones from
    the one before; whether the line goes up and down before and after; semitones above the last note."""

    unit: np.ndarray
    is_on: np.ndarray
    length: np.ndarray
    waited: np.ndarray
    rests: np.ndarray
    steps: np.ndarray
    longer: np.ndarray
    interval: np.ndarray
    contour: np.ndarray
    degree: np.ndarray


def _heard(start, end, pitch, units):
    waited = np.append(_LONG_WAIT, np.diff(start))
    wait = np.append(waited[1:], _LONG_WAIT)
    until = np.minimum(end, start + wait)
    rests = start + wait - until >= _LEAST_REST
    steps = np.where(rests, until - start, wait)
    interval, following = np.diff(pitch, prepend=pitch[0]), np.diff(pitch, append=pitch[-1])
    return _Heard(
        unit=start // UNIT_STEPS % units,
        is_on=start % UNIT_STEPS == 0,
        length=_length_class(steps),
        waited=_length_class(waited),
        rests=rests.astype(np.int64),
        steps=steps,
        longer=(wait > np.append(0, wait[:-1])) + 2 * (wait > np.append(wait[1:], 0)),
        interval=interval,
        contour=3 * np.sign(interval) + np.sign(following) + 4,
        degree=(pitch - pitch[-1]) % 12,
    )


def _counts(notes, is_new, units):
    """How many notes of each kind begin at each unit, over the root of how many there are."""
    told = is_new & notes.is_on
    kinds = [
        (notes.length * _LENGTHS + notes.waited, _LENGTHS**2, told),
        (notes.length, _LENGTHS, is_new & ~notes.is_on),
        (notes.rests, 2, told),
        (notes.contour * 4 + notes.longer, 36, told),
        (np.clip(notes.interval, -_WIDEST, _WIDEST) + _WIDEST, 2 * _WIDEST + 1, told),
        (notes.degree, 12, told),
        (notes.degree, 12, told & (notes.longer == 3)),
    ]
    counts = [_marked(kind[which], notes.unit[which], many, units) for kind, many, which in kinds]
    return np.concatenate(counts) / np.sqrt(is_new.sum())


def _outline(first, units):
    """The notes of the first bar."""
    rises, falls, leaps = first.interval > 0, first.interval < 0, first.interval > _LEAP
    shape = np.zeros((6, units))
    shape[:, first.unit] = first.is_on, np.log2(1 + first.steps), rises, falls, leaps, first.longer == 3
    return np.concatenate([shape, np.minimum(_marked(first.degree, first.unit, 12, units), 1)])


def _ends(start, end, units):
    """Where the tune begins, where its last note begins and ends, how long that is, and the two ends together."""
    last, after = start[-1:] // UNIT_STEPS, -(-end[-1:] // UNIT_STEPS)
    zero = np.zeros(1, np.int64)
    marks = [
        (zero, zero, 1),
        (zero, last, 1),
        (zero, after, 1),
        (np.minimum(after - last, units), last, units + 1),
        (after % units, zero, units),
    ]
    return np.concatenate([_marked(row, unit % units, rows, units) for row, unit, rows in marks])


def _marked(row, unit, rows, units):
    """How often each row and unit is named: float64 [rows, units]."""
    marks = np.zeros((rows, units))
    np.add.at(marks, (row, unit), 1)
    return marks


def _length_class(steps):
    return _CLASS_OF_STEPS[np.minimum(steps, len(_CLASS_OF_STEPS) - 1)]


def _new_bars(start, pitch, units):
    """How many bars tell something of their own, and which notes are in them, bool [N].

    A tune that is played three times over is no more evidence than one, wherever its bars begin.
    """
    size = units * UNIT_STEPS
    notes_of_bar, first_alike = {}, {}
    for step, sounding in zip(start.tolist(), pitch.tolist(), strict=True):
        notes_of_bar.setdefault(step // size, []).append((step % size, sounding))
    for bar, notes in notes_of_bar.items():
        first_alike.setdefault(tuple(notes), bar)
    return len(first_alike), np.isin(start // size, list(first_alike.values()))


@functools.cache
def networks() -> dict[str, Network]:
    """The built-in ones, by the names of METERS."""
    found = {}
    with np.load(TABLE) as file:
        for name in METERS:
            layers = [file[f"{name} {layer}"].astype(np.float32) for layer in Network._fields[:-1]]
            found[name] = Network(*layers, float(file[f"{name} prior"]))
    return found
