"""Where the bars of a traditional tune begin that is heard from its first note on.

What speaks for a bar line is counted by eighths, modulo a bar: where rhythms, intervals, peaks, long notes and degrees
of the scale fall, where the tune begins and ends. A small network hears all that from each of the eighths at which a
bar could begin, and tells how likely it does; surrogate.evaluation.fit_tune_bars trains it.
"""

import functools
import pathlib
import typing

import numpy as np

from surrogate.reading import bar_evidence

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
    hidden_UxH = np.maximum(from_each_unit(evidence_RxU) @ network.hidden_DxH + network.hidden_H, 0)
    return (hidden_UxH @ network.odds_H).astype(np.float64)


def from_each_unit(evidence_xRxU):
    """Evidence as it is heard where a bar begins at each unit: [..., R, U] -> [..., U, R * U]."""
    units = evidence_xRxU.shape[-1]
    evidence_xRxUxU = evidence_xRxU[..., np.add.outer(np.arange(units), np.arange(units)) % units]
    evidence_xUxRxU = evidence_xRxUxU.swapaxes(-3, -2)
    return evidence_xUxRxU.reshape(*evidence_xUxRxU.shape[:-2], -1)


def evidence(start, end, pitch, ticks_per_beat: int, units: int) -> np.ndarray:
    """What a tune tells of its bars.

    Args:
        start, end: int64 [N], ticks, N 2 or more, end > start >= 0; in any order.
        pitch: int64 [N], MIDI pitches.
        ticks_per_beat: 1 or more, of two units.
        units: of a bar.

    Returns:
        float32 [R, units], by units from the tune's beginning, modulo a bar.
    """
    start, end, pitch = bar_evidence.top_line(start, end, pitch, ticks_per_beat)
    unit, is_on = start // UNIT_STEPS % units, start % UNIT_STEPS == 0
    waited = np.append(_LONG_WAIT, np.diff(start))
    wait = np.append(waited[1:], _LONG_WAIT)
    until = np.minimum(end, start + wait)
    rests = start + wait - until >= _LEAST_REST
    until = np.where(rests, until, start + wait)
    length = _length_class(until - start)
    longer = (wait > np.append(0, wait[:-1])) + 2 * (wait > np.append(wait[1:], 0))
    interval, following = np.diff(pitch, prepend=pitch[0]), np.diff(pitch, append=pitch[-1])
    contour = 3 * np.sign(interval) + np.sign(following) + 4
    degree = (pitch - pitch[-1]) % 12  # above the last note, mostly the tonic

    bars, is_new = _new_bars(start, pitch, units)
    told = is_new & is_on

    def counts(code, classes, which):
        counted = np.zeros((classes, units))
        np.add.at(counted, (code[which], unit[which]), 1)
        return counted / np.sqrt(is_new.sum())

    def outline(which):
        shape = np.stack([is_on, np.log2(1 + until - start), interval > 0, interval < 0, interval > _LEAP, longer == 3])
        rows = np.zeros((len(shape), units))
        rows[:, unit[which]] = shape[:, which]
        return np.concatenate([rows, np.minimum(_marked(degree[which], unit[which], 12, units), 1)])

    last, end_unit = unit[-1:], -(-end[-1:] // UNIT_STEPS)
    zero = np.zeros(1, np.int64)
    rows = [
        counts(length * _LENGTHS + _length_class(waited), _LENGTHS**2, told),
        counts(length, _LENGTHS, is_new & ~is_on),
        counts(rests.astype(np.int64), 2, told),
        counts(contour * 4 + longer, 36, told),
        counts(np.clip(interval, -_WIDEST, _WIDEST) + _WIDEST, 2 * _WIDEST + 1, told),
        counts(degree, 12, told),
        counts(degree, 12, told & (longer == 3)),
        bar_evidence.harmonic_change(start, end, pitch, unit_steps=UNIT_STEPS, units=units, most_bars=bars)[None],
        outline(start < UNIT_STEPS * units),
        _marked(zero, zero, 1, units),
        _marked(zero, last, 1, units),
        _marked(zero, end_unit % units, 1, units),
        _marked(np.minimum(end_unit - start[-1:] // UNIT_STEPS, units), last, units + 1, units),
        _marked(end_unit % units, zero, units, units),
    ]
    return np.concatenate(rows).astype(np.float32)


def _marked(row, unit, rows, units):
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
