"""The pickup of a song whose file does not fill up its first bar: how many beats come before the first bar line.

Which bars of two beats make a pair is the same question, asked of a song in bars of four.

A melody tells where its bars begin by where it puts its long notes, peaks and last note, and where its harmony changes.
How much each tells in songs of popular music, by whole beats of 4/4, is learnt by surrogate.evaluation.fit_pickup from
songs whose bar lines are known. Traditional tunes, whose rhythms are plain, tell more: see tune_bars.
"""

import functools
import pathlib
import typing

import numpy as np

from musicvae_jax.events import BEATS_PER_BAR, STEPS_PER_BEAT
from surrogate.reading import bar_evidence, grid, tune_bars

PRIOR = 2.5
"""Log-odds of no pickup over each other before a note is heard: most files are right as they are."""
LEAST_NOTES = 12
_MOST_BEATS = 1 << 14  # a file that claims to be longer is damaged; what comes later is not heard

TABLE = pathlib.Path(__file__).with_name("tables") / "pickup.npz"

_CLASS_OF_STEPS = np.searchsorted([2, 3, 4, 5, 7, 9, 13, 17], np.arange(18), side="right")
_LENGTHS = int(_CLASS_OF_STEPS.max()) + 1
_GAPS = (1, 4, 8)
_MOST_BARS = 64  # that tell of harmony; more are no more sure
_LONG_WAIT = 63  # steps, the wait before the first note and after the last: longer than any class tells apart

CONTEXTS = (STEPS_PER_BEAT * _LENGTHS * (len(_GAPS) + 1) * _LENGTHS, STEPS_PER_BEAT * 4 * 16, STEPS_PER_BEAT * _LENGTHS)
"""How many contexts the notes of rhythm, contour and ending can have."""
_MOST_SYNCOPATED = 0.06  # of a tune's notes, those held over a beat from off the beats
_LEAST_TUNE_NOTES = 16


class SongEvidence(typing.NamedTuple):
    """What a melody tells of its bars, counting beats from the file's start, modulo a bar of four.

    notes: for rhythm, contour and ending, three int64 [n] each: context, beat, and how many notes are alike in both.
    change: float64 [4], how much more than elsewhere the harmony changes at a beat.
    """

    notes: list[tuple[np.ndarray, np.ndarray, np.ndarray]]
    change: np.ndarray


class PickupTable(typing.NamedTuple):
    """log_place: for each part of CONTEXTS float64 [contexts, 4], log p(beat of the bar | context), mean 0.

    weight: float64 [4], of rhythm, contour, ending and harmony.
    """

    log_place: list[np.ndarray]
    weight: np.ndarray


def upbeat(start_ticks, end_ticks, pitches, ticks_per_beat: int, signature, *, networks=None) -> float:
    """Find how many quarter notes of a file come before its first bar line, in the usual meters.

    A tune that begins at once, is not all equal notes and hardly syncopated is compared with others in its meter, by
    eighths; else a melody in 4/4 is heard as find hears it.

    Args:
        start_ticks, end_ticks, pitches, ticks_per_beat: as find takes them.
        signature: numerator and denominator.
        networks: of tune_bars, by the names of its METERS; the built-in ones when None.
    """
    start, end, pitch = _checked(start_ticks, end_ticks, pitches, ticks_per_beat, 1)
    signature = tuple(signature)
    begins_at_once = len(start) and start.min() < ticks_per_beat / STEPS_PER_BEAT
    has_rhythm = len(np.unique(np.diff(np.unique(start)))) > 1
    for name, meter in tune_bars.METERS.items():
        if signature in meter.signatures and begins_at_once and has_rhythm and len(start) >= _LEAST_TUNE_NOTES:
            factor, network = meter.signatures[signature], (networks or tune_bars.networks())[name]
            longer = [(ticks * factor).astype(np.int64) for ticks in (start, end)]
            evidence = tune_bars.evidence(*longer, pitch, ticks_per_beat, meter.units)
            units = bar_evidence.likeliest_pickup(tune_bars.log_odds(evidence, network), network.prior)
            steps = units * tune_bars.UNIT_STEPS
            if _syncopation(longer[0], ticks_per_beat, steps, meter.beat_steps) <= _MOST_SYNCOPATED:
                return steps / STEPS_PER_BEAT / factor
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
    odds = log_odds(song_evidence(start, end, pitch, ticks_per_beat), table or _table())
    return bar_evidence.likeliest_pickup(odds, PRIOR)


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
    odds = log_odds(song_evidence(start, end, pitch, ticks_per_beat), table or _table())
    return beats_per_bar * int(odds[::beats_per_bar].argmax())


def log_odds(evidence: SongEvidence, table: PickupTable) -> np.ndarray:
    """Log-odds of each pickup, so many beats, over none: float64 [4]."""
    score = pickup_features(evidence, table) @ table.weight
    return score - score[0]


def pickup_features(evidence: SongEvidence, table: PickupTable) -> np.ndarray:
    """What rhythm, contour, ending and harmony say for each pickup: float64 [4, 4]."""
    by_pickup = np.zeros((BEATS_PER_BAR, len(table.weight)))
    for pickup in range(BEATS_PER_BAR):
        for column, (log_place, (context, beat, count)) in enumerate(zip(table.log_place, evidence.notes, strict=True)):
            # A note like ten before it is not the evidence of ten: bars repeat. Hence the roots.
            alike = np.sqrt(count)
            log_chance = (log_place[context, (beat - pickup) % BEATS_PER_BAR] * alike).sum()
            by_pickup[pickup, column] = log_chance / np.sqrt(alike.sum())
    by_pickup[:, -1] = evidence.change
    return by_pickup


def song_evidence(start, end, pitch, ticks_per_beat: int) -> SongEvidence:
    """What a melody tells of its bars.

    Args:
        start, end: int64 [N], ticks, N 1 or more, end > start >= 0; in any order.
        pitch: int64 [N], MIDI pitches.
        ticks_per_beat: 1 or more.
    """
    start, end, pitch = bar_evidence.top_line(start, end, pitch, ticks_per_beat)
    beat, place = start // STEPS_PER_BEAT % BEATS_PER_BAR, start % STEPS_PER_BEAT
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
    counted = [_counted(*each) for each in ((rhythm, beat), (contour, beat), (ending, beat[-1:]))]
    change = bar_evidence.harmonic_change(
        start, end, pitch, unit_steps=STEPS_PER_BEAT, units=BEATS_PER_BAR, most_bars=_MOST_BARS
    )
    return SongEvidence(counted, change)


def _counted(context, beat):
    alike, count = np.unique(context * BEATS_PER_BAR + beat, return_counts=True)
    return alike // BEATS_PER_BAR, alike % BEATS_PER_BAR, count


def _syncopation(start, ticks_per_beat, pickup_steps, beat_steps) -> float:
    """The share of notes that begin off the beats and are held over the next one."""
    step = np.unique(grid.straight_steps(start, ticks_per_beat))
    place = (step - pickup_steps) % beat_steps
    return float(((place > 0) & (np.append(np.diff(step), 0) > beat_steps - place)).mean())


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
