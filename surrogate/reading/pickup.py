"""The pickup of a song whose file does not fill up its first bar: how many beats come before the first bar line.

Which bars of two beats make a pair is the same question, asked of a song in bars of four.

A melody tells where its bars begin by where it puts its long notes, peaks and last note, and where its harmony changes.
How much each tells is learnt by surrogate.evaluation.fit_pickup from songs whose bar lines are known: from songs of
popular music in whole beats of 4/4, and from traditional tunes in eighths of the usual meters. The rhythm of the second
are plain; where a melody is syncopated, they tell nothing.
"""

import functools
import pathlib
import typing

import numpy as np

from musicvae_jax.events import BEATS_PER_BAR, STEPS_PER_BEAT
from surrogate.reading import grid

PRIOR = 2.5
"""Log-odds of no pickup over each other before a note is heard: most files are right as they are."""
LEAST_NOTES = 12
_MOST_BEATS = 1 << 14  # a file that claims to be longer is damaged; what comes later is not heard

TABLE = pathlib.Path(__file__).with_name("tables") / "pickup.npz"
TUNES_TABLE = TABLE.with_name("pickup_of_tunes.npz")

_CLASS_OF_STEPS = np.searchsorted([2, 3, 4, 5, 7, 9, 13, 17], np.arange(18), side="right")
_LENGTHS = int(_CLASS_OF_STEPS.max()) + 1
_GAPS = (1, 4, 8)
_MOST_BARS = 64  # that tell of harmony; more are no more sure
_LONG_WAIT = 63  # steps, the wait before the first note and after the last: longer than any class tells apart

CONTEXTS = (STEPS_PER_BEAT * _LENGTHS * (len(_GAPS) + 1) * _LENGTHS, STEPS_PER_BEAT * 4 * 16, STEPS_PER_BEAT * _LENGTHS)
"""How many contexts the notes of rhythm, contour and ending can have."""


class Division(typing.NamedTuple):
    """units: of a bar, where it can begin. steps: of a unit, 16ths. counts_repeats: whether bars alike count each."""

    units: int
    steps: int
    counts_repeats: bool = False


BEATS = Division(BEATS_PER_BAR, STEPS_PER_BEAT, counts_repeats=True)
TUNES = {
    "2/4": (Division(4, 2), 4, ((2, 4),)),
    "3/4": (Division(6, 2), 4, ((3, 4),)),
    "4/4": (Division(8, 2), 4, ((4, 4), (2, 2))),
    "6/8": (Division(6, 2), 6, ((6, 8), (12, 8))),
}
"""Of tunes' meters by name: how a bar is divided, how many 16ths a beat has, and which time signatures are such."""
_MOST_SYNCOPATED = 0.04  # of a tune's notes, those held over a beat from off the beats
_LEAST_TUNE_NOTES = 16


class BarEvidence(typing.NamedTuple):
    """What a melody tells of its bars, counting units of a Division from the file's start, modulo a bar.

    notes: for rhythm, contour and ending, three int64 [n] each: context, unit, and how many notes are alike in both.
    change: float64 [units], how much more than elsewhere the harmony changes at a unit.
    """

    notes: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    change: np.ndarray


class PickupTable(typing.NamedTuple):
    """log_place: for each part of CONTEXTS float64 [contexts, units], log p(unit of the bar | context), mean 0.

    weight: float64 [4], of rhythm, contour, ending and harmony. prior: log-odds of no pickup over each other before a
    note is heard.
    """

    log_place: list[np.ndarray]
    weight: np.ndarray
    prior: float = PRIOR


def upbeat(start_ticks, end_ticks, pitches, ticks_per_beat: int, signature, *, tables=None) -> float:
    """Find how many quarter notes of a file come before its first bar line, in the usual meters.

    A tune that begins at once and is hardly syncopated is compared with others in its meter, by eighths; else a melody
    in 4/4 is heard as find hears it.

    Args:
        start_ticks, end_ticks, pitches, ticks_per_beat: as find takes them.
        signature: numerator and denominator.
        tables: PickupTables by the names of TUNES, the built-in ones when None.
    """
    start, end, pitch = _checked(start_ticks, end_ticks, pitches, ticks_per_beat, 1)
    signature = tuple(signature)
    begins_at_once = len(start) and start.min() < ticks_per_beat / STEPS_PER_BEAT
    for name, (division, beat_steps, signatures) in TUNES.items():
        if signature in signatures and begins_at_once and len(start) >= _LEAST_TUNE_NOTES:
            table = (tables or _tables_of_tunes())[name]
            odds = log_odds(bar_evidence(start, end, pitch, ticks_per_beat, division), table)
            found = _likeliest(odds, table.prior)
            if _syncopation(start, ticks_per_beat, found * division.steps, beat_steps) <= _MOST_SYNCOPATED:
                return found * division.steps / STEPS_PER_BEAT
    bar_of_four = 4 * signature[0] == BEATS_PER_BAR * signature[1] and signature[1] != 8
    return float(find(start, end, pitch, ticks_per_beat)) if bar_of_four else 0.0


def find(start_ticks, end_ticks, pitches, ticks_per_beat: int, beats_per_bar=BEATS_PER_BAR, *, table=None) -> int:
    """Find how many beats of a file come before its first bar line.

    Pickups are found in bars of four beats alone, and to whole beats. A file that begins with a beat of rest was laid
    out on purpose: it has none.

    Args:
        start_ticks, end_ticks: int [N], of the melody's notes, from the file's start, end > start >= 0; in any order.
        pitches: int [N], MIDI pitches.
        ticks_per_beat: 1 or more.
        beats_per_bar: 1 or more.
        table: a PickupTable, the built-in one when None.

    Returns:
        Beats; bar lines lie at this many, and every beats_per_bar from there on. 0 where the file's own bar lines agree
        or little is known.

    Raises:
        ValueError: arguments out of range, or arrays of different lengths.
    """
    start, end, pitch = _checked(start_ticks, end_ticks, pitches, ticks_per_beat, beats_per_bar)
    last = _MOST_BEATS * ticks_per_beat
    start, end, pitch = start[start < last], np.minimum(end, last)[start < last], pitch[start < last]
    if beats_per_bar != BEATS_PER_BAR or len(start) < LEAST_NOTES or start.min() >= ticks_per_beat:
        return 0
    return _likeliest(log_odds(bar_evidence(start, end, pitch, ticks_per_beat), table or _table()), PRIOR)


def grouping(start_ticks, end_ticks, pitches, ticks_per_beat: int, beats_per_bar: int, *, table=None) -> int:
    """Find how many beats of a song in bars of one or two beats come before the first of its groups of four beats.

    A song in 2/4 that begins with a bar for its pickup has its pairs from the second bar on: 2. Of fewer than 12 notes
    little is known: 0.

    Args:
        start_ticks, end_ticks, pitches, ticks_per_beat, table: as find takes them; a beat may be dotted.
        beats_per_bar: 1 or 2; of others there are no groups: 0.

    Raises:
        ValueError: as find raises it.
    """
    start, end, pitch = _checked(start_ticks, end_ticks, pitches, ticks_per_beat, beats_per_bar)
    if BEATS_PER_BAR % beats_per_bar or len(start) < LEAST_NOTES:
        return 0
    odds = log_odds(bar_evidence(start, end, pitch, ticks_per_beat), table or _table())
    return beats_per_bar * int(odds[::beats_per_bar].argmax())


def log_odds(evidence: BarEvidence, table: PickupTable) -> np.ndarray:
    """Log-odds of each pickup, so many units, over none: float64 [units]."""
    score = pickup_features(evidence, table) @ table.weight
    return score - score[0]


def pickup_features(evidence: BarEvidence, table: PickupTable) -> np.ndarray:
    """What rhythm, contour, ending and harmony say for each pickup: float64 [units, 4]."""
    units = len(evidence.change)
    by_pickup = np.zeros((units, len(table.weight)))
    for pickup in range(units):
        for column, (log_place, (context, beat, count)) in enumerate(zip(table.log_place, evidence.notes, strict=True)):
            # A note like ten before it is not the evidence of ten: bars repeat. Hence the roots.
            alike = np.sqrt(count)
            log_chance = (log_place[context, (beat - pickup) % units] * alike).sum()
            by_pickup[pickup, column] = log_chance / np.sqrt(alike.sum())
    by_pickup[:, -1] = evidence.change
    return by_pickup


def bar_evidence(start, end, pitch, ticks_per_beat: int, division=BEATS) -> BarEvidence:
    """What a melody tells of its bars.

    Args:
        start, end: int64 [N], ticks, N 1 or more, end > start >= 0; in any order.
        pitch: int64 [N], MIDI pitches.
        ticks_per_beat: 1 or more.
        division: where bars can begin.
    """
    start, end, pitch = _top_line(start, end, pitch, ticks_per_beat)
    unit, place = start // division.steps % division.units, start % division.steps
    until = np.minimum(end, np.append(start[1:], end[-1]))
    waited = np.append(_LONG_WAIT, np.diff(start))
    wait = np.append(waited[1:], _LONG_WAIT)
    length = _length_class(until - start)
    rhythm = place * _LENGTHS + length
    rhythm = rhythm * (len(_GAPS) + 1) + np.searchsorted(_GAPS, start + wait - until, side="right")
    rhythm = rhythm * _LENGTHS + _length_class(waited)

    longer = (wait > np.append(0, wait[:-1])) + 2 * (wait > np.append(wait[1:], 0))
    before, after = np.append(pitch[0], pitch[:-1]), np.append(pitch[1:], pitch[-1])
    contour = (pitch > before) + 2 * (pitch > after) + 4 * (pitch < before) + 8 * (pitch < after)
    contour = (place * 4 + longer) * 16 + contour

    ending = (place * _LENGTHS + length)[-1:]
    bars, is_new = _new_bars(start, pitch, division)
    notes = [(rhythm[is_new], unit[is_new]), (contour[is_new], unit[is_new]), (ending, unit[-1:])]
    counted = [_counted(context, of_context, division.units) for context, of_context in notes]
    return BarEvidence(counted, _harmonic_change(start, end, pitch, division, bars))


def _new_bars(start, pitch, division):
    """How many bars tell something of their own, and which notes are in them, bool [N].

    A tune that is played three times over is no more evidence than one, wherever its bars begin.
    """
    if division.counts_repeats:
        return _MOST_BARS, np.ones(len(start), bool)
    size = division.units * division.steps
    notes_of_bar, first_alike = {}, {}
    for step, sounding in zip(start.tolist(), pitch.tolist(), strict=True):
        notes_of_bar.setdefault(step // size, []).append((step % size, sounding))
    for bar, notes in notes_of_bar.items():
        first_alike.setdefault(tuple(notes), bar)
    return len(first_alike), np.isin(start // size, list(first_alike.values()))


def _counted(context, unit, units):
    alike, count = np.unique(context * units + unit, return_counts=True)
    return alike // units, alike % units, count


def _likeliest(odds, prior) -> int:
    """The pickup that is likelier than all others together, none where there is no such."""
    odds = odds + np.append(prior, np.zeros(len(odds) - 1))
    best = int(odds.argmax())
    return best if np.exp(odds - odds[best]).sum() < 2 else 0


def _syncopation(start, ticks_per_beat, pickup_steps, beat_steps) -> float:
    """The share of notes that begin off the beats and are held over the next one."""
    step = np.unique(grid.straight_steps(start, ticks_per_beat))
    place = (step - pickup_steps) % beat_steps
    return float(((place > 0) & (np.append(np.diff(step), 0) > beat_steps - place)).mean())


def _harmonic_change(start, end, pitch, division, bars):
    """Cosine distance of the pitch classes of the half bars before and after, mean by unit of the bar, less the mean.

    Each tells as much as the root of how often it was measured, as the notes do.
    """
    all_units, half, units = int(-(-end.max() // division.steps)), division.units // 2, division.units
    sounding = np.zeros((division.steps * all_units + 1, 12))
    np.add.at(sounding, (start, pitch % 12), 1)
    np.add.at(sounding, (end, pitch % 12), -1)
    steps = sounding.cumsum(0)[:-1].reshape(all_units, division.steps, 12).sum(1)
    until = np.append(np.zeros((1, 12)), steps.cumsum(0), axis=0)
    unit = np.arange(half, max(all_units - half + 1, half))
    before, after = until[unit] - until[unit - half], until[unit + half] - until[unit]
    norm = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    both = norm > 0
    distance = 1 - (before * after).sum(1)[both] / norm[both]
    count = np.bincount(unit[both] % units, minlength=units)
    mean = np.bincount(unit[both] % units, distance, units) / np.maximum(count, 1)
    return (mean - mean.mean()) * np.sqrt(min(count.min(), bars))


def _top_line(start, end, pitch, ticks_per_beat):
    """Start and end (16th steps) and pitch, each int64 [N], of the highest of the notes that start together."""
    start, end = (grid.straight_steps(ticks, ticks_per_beat) for ticks in (start, end))
    order = np.lexsort((-pitch, start))
    start, end, pitch = start[order], end[order], pitch[order]
    first = np.append(True, start[1:] != start[:-1])
    start, pitch = start[first], pitch[first]
    return start, np.maximum(end[first], start + 1), pitch


def _length_class(steps):
    return _CLASS_OF_STEPS[np.minimum(steps, len(_CLASS_OF_STEPS) - 1)]


def _checked(start, end, pitch, ticks_per_beat, beats_per_bar):
    if ticks_per_beat < 1 or beats_per_bar < 1:
        raise ValueError(f"ticks_per_beat and beats_per_bar must be 1 or more, not {ticks_per_beat}, {beats_per_bar}")
    start, end, pitch = (np.asarray(values, np.int64) for values in (start, end, pitch))
    if not (start.ndim == 1 and start.shape == end.shape == pitch.shape):
        raise ValueError(f"start, end and pitch must be [N] each, not {start.shape}, {end.shape}, {pitch.shape}")
    if (start < 0).any() or (end <= start).any():
        raise ValueError("notes must start at tick 0 or later and end after they start")
    return start, end, pitch


@functools.cache
def _table() -> PickupTable:
    with np.load(TABLE) as file:
        log_place = [file[f"log_place_{part}"].astype(np.float64) for part in range(len(CONTEXTS))]
        return PickupTable(log_place, file["weight"])


@functools.cache
def _tables_of_tunes() -> dict[str, PickupTable]:
    tables = {}
    with np.load(TUNES_TABLE) as file:
        for name in TUNES:
            parts = [file[f"{name} {part}"].astype(np.float64) for part in range(len(CONTEXTS))]
            tables[name] = PickupTable(parts, file[f"{name} weight"], float(file[f"{name} prior"]))
    return tables
