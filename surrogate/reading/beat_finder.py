"""The beats of a melody that was played freely: when its player's foot would tap.

First its notes are laid on steps, as rhythm and tempo have it (onset_steps); then a network hears which steps are beats
(beat_network), Viterbi's algorithm mends what was miscounted, and a smooth curve through the notes says when beats are.
What else was played with it, as by a pianist's left hand, counts on through the melody's rests.
"""

import typing

import numpy as np

from surrogate.reading import beat_network, onset_steps
from surrogate.reading.likeliest_path import likeliest_path

LEAST_NOTES = 16
MOST_NOTES = 10_000
MOST_STEPS = 1 << 16
_TOGETHER = 0.045  # seconds; notes that begin within them are a chord
_ORNAMENT, _RUNS_INTO, _NEAR = 0.09, 0.03, 3  # seconds that are shorter, seconds between two notes, and semitones
_JOINING = 0.12  # seconds; notes of two hands that begin within them may be on one step
_OTHERS_WEIGHT = 0.5  # of what other tracks tell of where beats are; how long they are, the melody tells
_WEIGHT = 0.03  # of a step's evidence for where beats are, as neighbours tell the same
_SCALE_WEIGHT = 2.0  # of the mean evidence for how long beats are
_SHIFT_WEIGHT = 0.05  # of the sum over the root of the steps, so that one is as sure as one is right
_COUNTED = 0.85  # of songs, those whose 16ths are counted right
_MISCOUNT, _OF_REST, _LEAST_MISCOUNT = 16.0, 0.2, 2.0  # log-odds against a miscount; less for each step of rest
_USUAL, _SPREAD, _TOLD_SPREAD = 98.0, 0.25, 0.08  # quarter notes a minute, and the log's standard deviation
_STIFFNESS, _OUTLIER, _ROUNDS = 30.0, 0.05, 3  # of the curve; seconds off it that count half


class FoundBeats(typing.NamedTuple):
    """seconds: float64 [B], when each beat is, rising, the first at or before the first note, the last at or after the
    last. sure: 0 to 1, the chance that they are right."""

    seconds: np.ndarray
    sure: float

    @property
    def qpm(self) -> float:
        """Their usual tempo, beats a minute."""
        return float(60 / np.median(np.diff(self.seconds)))


def find(start, end, pitch, *, others=(), qpm: float | None = None) -> FoundBeats | None:
    """Finds the beats of a melody, or None where it has too few notes, too many, or lasts for hours.

    Args:
        start, end: float64 [N], seconds, end > start; in any order.
        pitch: int64 [N], MIDI pitches.
        others: the same of each other track that was played with it, of one note or more; not heard where all have too
            many notes.
        qpm: about how many beats a minute there are; None: not known.
    """
    tracks = [_chords(*track) for track in ((start, end, pitch), *others)]
    if sum(len(track.start) for track in tracks) > MOST_NOTES:
        tracks = tracks[:1]
    if not LEAST_NOTES <= len(tracks[0].start) <= MOST_NOTES:
        return None
    onset, step, steps_of_tracks = _on_steps([track.start for track in tracks], qpm)
    if step[-1] > MOST_STEPS or len(step) < LEAST_NOTES:
        return None
    lines = (_line(onset, step, *track) for track in zip(steps_of_tracks, tracks, strict=True))
    melody_TxC, *others_TxC = (beat_network.log_chances(beat_network.features(*line)) for line in lines)
    period = float(np.median(np.diff(onset) / np.diff(step)))
    steps_a_beat, shift_T, sure = _meter(melody_TxC, others_TxC, step, period, qpm)
    miscounted = np.diff(shift_T[step])
    miscounted = (miscounted + steps_a_beat // 2) % steps_a_beat - steps_a_beat // 2
    beat = (step - shift_T[0] - np.append(0, miscounted.cumsum())) / steps_a_beat
    beats = smooth_beats(onset, np.maximum.accumulate(beat))
    return FoundBeats(beats, sure) if (np.diff(beats) > 0).all() else None


def smooth_beats(seconds, beat) -> np.ndarray:
    """The smooth curve through notes, whose tempo changes as little as may be.

    Args:
        seconds: float64 [N], when notes are. beat: float64 [N], at which beats and parts of them, rising.

    Returns:
        float64 [B], when each whole beat is, from the one at or before the first note to the one at or after the last.
    """
    beat = beat - np.floor(beat[0])
    count = max(int(np.ceil(beat[-1])) + 1, 3)
    before = np.minimum(beat.astype(np.int64), count - 2)
    share, weight = beat - before, np.ones(len(beat))
    stiff = _second_differences(count)
    for _ in range(_ROUNDS):
        diagonal, beside, right = stiff[0].copy(), stiff[1].copy(), np.zeros(count)
        np.add.at(diagonal, before, weight * (1 - share) ** 2)
        np.add.at(diagonal, before + 1, weight * share**2)
        np.add.at(beside, before, weight * share * (1 - share))
        np.add.at(right, before, weight * (1 - share) * seconds)
        np.add.at(right, before + 1, weight * share * seconds)
        found = _solved(diagonal, beside, stiff[2], right)
        off = seconds - (1 - share) * found[before] - share * found[before + 1]
        weight = 1 / (1 + (off / _OUTLIER) ** 2)
    return found


class _Chords(typing.NamedTuple):
    """Single notes and chords of a track: start, end, and pitch of the highest note, in order."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray


def _chords(start, end, pitch):
    order = np.lexsort((-pitch, start))
    start, end, pitch = _without_ornaments(start[order], end[order], pitch[order])
    first = [0]
    for number, second in enumerate(start.tolist()):
        if second - start[first[-1]] > _TOGETHER:
            first.append(number)
    return _Chords(start[first], end[first], pitch[first])


def _without_ornaments(start, end, pitch):
    """Notes of which none is short and runs into a longer one near it, as a singer's do: they are its beginning."""
    length = end - start
    leads = (length[:-1] < _ORNAMENT) & (length[1:] >= _ORNAMENT) & (np.abs(np.diff(pitch)) <= _NEAR)
    leads &= np.abs(start[1:] - end[:-1]) <= _RUNS_INTO
    begins, kept = np.append(start[:1], np.where(leads, start[:-1], start[1:])), np.append(~leads, True)
    return begins[kept], end[kept], pitch[kept]


def _on_steps(start_of_tracks, qpm):
    """Seconds and number of each step on which something begins, and the step of each chord of each track."""
    onset = np.concatenate(start_of_tracks)
    order = np.argsort(onset, kind="stable")
    track = np.repeat(np.arange(len(start_of_tracks)), [len(start) for start in start_of_tracks])[order]
    onset = onset[order]
    joins = np.append(False, (np.diff(onset) < _JOINING) & (np.diff(track) != 0))
    table = onset_steps.table(together=len(start_of_tracks) > 1)
    step_of_chord = onset_steps.likeliest(onset, table, qpm, joins=joins)
    step_of_chord -= step_of_chord[0]
    step, same = np.unique(step_of_chord, return_inverse=True)
    of_tracks = [step_of_chord[track == number] for number in range(len(start_of_tracks))]
    return np.bincount(same, onset) / np.bincount(same), step, of_tracks


def _line(onset, step, first, chords):
    """First and last step and pitch of the chords of a track, whose first steps are known."""
    first, own = np.unique(first, return_index=True)
    last = np.rint(np.interp(chords.end[own], onset, step)).astype(np.int64)
    last[-1] = step[-1] + 4
    return first, np.maximum(last, first + 1), chords.pitch[own]


def _meter(melody_TxC, others_TxC, step, period, qpm):
    """How many steps are a beat, how far each step's beats are from multiples of that: int64 [T]; how sure it is."""
    center, spread = (_USUAL, _SPREAD) if qpm is None else (qpm, _TOLD_SPREAD)
    number_T = np.arange(len(melody_TxC))
    cost_T = np.full(len(number_T), _MISCOUNT)
    cost_T[step[1:]] = np.maximum(_MISCOUNT - _OF_REST * np.diff(step), _LEAST_MISCOUNT)
    scales, odds, column = [], [], 0
    for places in beat_network.PLACES:
        beat, columns = places // 2, slice(column, column + places)
        column += places
        melody_TxP, *others_TxP = (
            _by_shift(chances_TxC[:, columns], number_T) for chances_TxC in (melody_TxC, *others_TxC)
        )
        evidence_TxP = melody_TxP + _OTHERS_WEIGHT * np.mean(others_TxP, axis=0) if others_TxP else melody_TxP
        shift_T = likeliest_path(evidence_TxP, cost_T / _WEIGHT)
        scales.append((beat, shift_T, evidence_TxP))
        tempo = np.log(60 / period / beat / center) / spread
        odds.append(_SCALE_WEIGHT * melody_TxP[number_T, shift_T].mean() - tempo**2 / 2)
    best = int(np.argmax(odds))
    beat, shift_T, evidence_TxP = scales[best]
    shifts = _SHIFT_WEIGHT * evidence_TxP.sum(0) / np.sqrt(len(number_T))
    sure = _COUNTED / np.exp(odds - odds[best]).sum() / np.exp(shifts - shifts[np.bincount(shift_T).argmax()]).sum()
    return beat, shift_T, float(min(sure, _COUNTED))


def _by_shift(chances_TxP, number_T):
    """Of log-probabilities of places in two beats, those that beats are so many steps after multiples: [T, P / 2]."""
    beat = chances_TxP.shape[1] // 2
    by_place = np.logaddexp(chances_TxP[:, :beat], chances_TxP[:, beat:])
    return by_place[number_T[:, None], (number_T[:, None] - np.arange(beat)) % beat]


def _second_differences(count):
    """The three diagonals of the curve's stiffness."""
    diagonal, beside, second = np.full(count, 6.0), np.full(count - 1, -4.0), np.ones(count - 2)
    diagonal[[0, -1]], beside[[0, -1]] = 1.0, -2.0
    if count > 3:
        diagonal[[1, -2]] = 5.0
    else:
        diagonal[1] = 4.0
    return _STIFFNESS * diagonal, _STIFFNESS * beside, _STIFFNESS * second


def _solved(diagonal, beside, second, right):
    """The solution of a symmetric system of five diagonals, by its LDL decomposition."""
    pivot, lower, lowest, value = [], [], [], []
    beside, second = [*beside, 0.0], [*second, 0.0, 0.0]
    for row, (center, known) in enumerate(zip(diagonal, right, strict=True)):
        above = lower[row - 1] if row else 0.0
        over = lowest[row - 2] if row > 1 else 0.0
        pivot.append(
            center - (above**2 * pivot[row - 1] if row else 0.0) - (over**2 * pivot[row - 2] if row > 1 else 0)
        )
        coupled = beside[row] - (lowest[row - 1] * above * pivot[row - 1] if row else 0.0)
        lower.append(coupled / pivot[row])
        lowest.append(second[row] / pivot[row])
        value.append(known - (above * value[row - 1] if row else 0.0) - (over * value[row - 2] if row > 1 else 0.0))
    solution = np.zeros(len(diagonal) + 2)
    for row in range(len(diagonal) - 1, -1, -1):
        solution[row] = value[row] / pivot[row] - lower[row] * solution[row + 1] - lowest[row] * solution[row + 2]
    return solution[:-2]
