"""Which 16th each note of a free performance is: the likeliest path through rhythm and tempo together.

A beam of hypotheses, each a place in a bar of four and a belief about where that place and the tempo are, a Kalman
filter's (Cemgil and Kappen 2003, Raphael 2002). What rhythms are likely, the table tells; the tempo wanders, and
comes back to what it was. Which 16ths are beats is better told by surrogate.reading.step_meter afterwards.
"""

import functools
import itertools
import pathlib
import typing

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR, STEPS_PER_BEAT

TABLE = pathlib.Path(__file__).with_name("tables") / "beats.npz"
TOGETHER = "together_"
"""Of the names of the table of two hands in the file."""
LONGEST = 64
"""Steps to the next note that a table tells apart."""
_SLOWEST, _FASTEST = 50.0, 210.0  # quarter notes a minute
_LIMITS, _IMPOSSIBLE = (240.0, 35.0), 1e6  # tempos that it can come to, and log-odds against others
_USUAL, _SPREAD = 110.0, 0.45  # what is played at before a note is heard, and the log's standard deviation
_TOLD_SPREAD = 0.08
_BIN = 0.04  # of log tempos that are one
_JITTER = 0.021  # seconds that a note is off its place
_WANDER = 0.01  # of the tempo, from beat to beat
_RETURN, _MEMORY = 64.0, 200.0  # steps after which the tempo is back, and after which the usual one is another
_WAIT = 1.2  # seconds; in each that pass without a note, a step more may have been lost count of
_MOST_MISCOUNT = 6
_LOG_JOINED, _LOG_APART = np.log([0.75, 0.25])  # of two notes of two hands that may be on one step
_LEAST_ODDS, _MOST = 18.0, 250  # hypotheses that are kept: log-odds to the best, and how many


class RhythmTable(typing.NamedTuple):
    """log_next: float [16, LONGEST + 2], log p(steps to the next note | 16th of the bar), the last for all longer ones.
    log_place: float [16], log p(16th of the bar)."""

    log_next: np.ndarray
    log_place: np.ndarray


class _Beam(typing.NamedTuple):
    """Hypotheses, [H] each: log-probability, 16th of the bar, steps since the first bar line, seconds of that step,
    seconds a step, the same as usual, and the covariance of the two before."""

    odds: np.ndarray
    place: np.ndarray
    step: np.ndarray
    time: np.ndarray
    period: np.ndarray
    usual: np.ndarray
    var_time: np.ndarray
    covariance: np.ndarray
    var_period: np.ndarray


def likeliest(seconds, table: RhythmTable, qpm: float | None = None, *, joins=None) -> np.ndarray:
    """The step of each note, counted from the bar line before the first.

    Args:
        seconds: float64 [N], when notes begin, rising; those of a chord are one.
        table: what rhythms are likely.
        qpm: about how fast it is, quarter notes a minute; None: not known.
        joins: bool [N], whether a note may be on the step of the one before, which another hand played; None: no.

    Returns:
        int64 [N], rising, but for those that join.
    """
    joins = np.zeros(len(seconds), bool) if joins is None else joins
    beam = _first(seconds[0], table, qpm)
    steps, parents = [beam.step], []
    for (last, now), may_join in zip(itertools.pairwise(seconds.tolist()), joins[1:].tolist(), strict=True):
        beam, parent = _after(beam, last, now, table, may_join)
        steps.append(beam.step)
        parents.append(parent)
    best, path = int(beam.odds.argmax()), []
    for step, parent in zip(reversed(steps), [*reversed(parents), None], strict=True):
        path.append(step[best])
        best = best if parent is None else parent[best]
    return np.array(path[::-1])


def _first(second, table, qpm):
    center, spread = (_USUAL, _SPREAD) if qpm is None else (qpm, _TOLD_SPREAD)
    slowest, fastest = (_SLOWEST, _FASTEST) if qpm is None else (0.8 * qpm, 1.25 * qpm)
    tempo = np.exp(np.arange(np.log(slowest), np.log(fastest), _BIN))
    odds = -(((np.log(tempo) - np.log(center)) / spread) ** 2) / 2
    place = np.tile(np.arange(STEPS_PER_BAR), len(tempo))
    period = np.repeat(60 / STEPS_PER_BEAT / tempo, STEPS_PER_BAR)
    zero = np.zeros(len(place))
    return _Beam(
        np.repeat(odds, STEPS_PER_BAR) + table.log_place[place],
        place,
        place,
        zero + second,
        period,
        period,
        zero + _JITTER**2,
        zero,
        (_BIN / 2 * period) ** 2,
    )


def _after(beam, last, now, table, may_join):
    """The hypotheses after one more note, and which of those before each is from."""
    off = beam.period - beam.usual
    waited = np.zeros(len(off))
    for _ in range(2):  # steps that have passed, the tempo's return taken into account
        waited = (now - beam.time - off * _RETURN * (1 - np.exp(-np.maximum(waited, 0) / _RETURN))) / beam.usual
    miscount = min(1 + int((now - last) / _WAIT), _MOST_MISCOUNT)
    passed_KxH = np.rint(waited).astype(np.int64) + np.arange(-miscount, miscount + 1)[:, None]
    which, parent = np.nonzero(passed_KxH >= (0 if may_join else 1))
    passed = passed_KxH[which, parent]
    lone = np.setdiff1d(np.arange(len(off)), parent)  # notes closer than half a step are a step apart
    passed, parent = np.append(passed, np.ones(len(lone), np.int64)), np.append(parent, lone)

    old = _Beam(*(values[parent] for values in beam))
    kept, moved = np.exp(-passed / _RETURN), _RETURN * (1 - np.exp(-passed / _RETURN))
    noise = (_WANDER * old.period) ** 2 / STEPS_PER_BEAT
    late = _RETURN / 2 * (1 - kept**2)
    var_time = old.var_time + moved * (2 * old.covariance + moved * old.var_period)
    var_time += noise * _RETURN**2 * (passed - 2 * moved + late)
    covariance = kept * (old.covariance + moved * old.var_period) + noise * moved**2 / 2
    var_period = kept**2 * old.var_period + noise * late
    expected = old.time + passed * old.usual + moved * (old.period - old.usual)
    spread = var_time + _JITTER**2
    surprise = now - expected
    log_next = table.log_next[old.place, np.minimum(passed, LONGEST + 1)]
    odds = old.odds + (np.where(passed == 0, _LOG_JOINED, log_next + _LOG_APART) if may_join else log_next)
    odds = odds - (surprise**2 / spread + np.log(spread)) / 2

    gain = surprise / spread
    period = old.usual + kept * (old.period - old.usual) + covariance * gain
    possible = np.clip(period, *(60 / STEPS_PER_BEAT / limit for limit in _LIMITS))
    odds, period = np.where(period == possible, odds, odds - _IMPOSSIBLE), possible
    place = (old.place + passed) % STEPS_PER_BAR
    usual = old.usual + (1 - np.exp(-passed / _MEMORY)) * (period - old.usual)
    new = _Beam(
        odds,
        place,
        old.step + passed,
        expected + var_time * gain,
        period,
        usual,
        var_time - var_time**2 / spread,
        covariance - var_time * covariance / spread,
        var_period - covariance**2 / spread,
    )
    chosen = _best(odds, STEPS_PER_BAR * np.rint(np.log(period) / _BIN).astype(np.int64) + place)
    return _Beam(*(values[chosen] for values in new)), parent[chosen]


def _best(odds, kind):
    """Which hypotheses are kept: the best of each kind, none far behind the best of all."""
    order = np.argsort(-odds, kind="stable")
    order = order[: np.searchsorted(-odds[order], _LEAST_ODDS - odds.max())]
    _, first = np.unique(kind[order], return_index=True)
    return order[np.sort(first)[:_MOST]]


@functools.cache
def table(*, together: bool = False) -> RhythmTable:
    """The built-in table, of melodies, or of all that two hands play together."""
    with np.load(TABLE) as file:
        names = (TOGETHER + field if together else field for field in RhythmTable._fields)
        return RhythmTable(*(file[name].astype(np.float64) for name in names))
