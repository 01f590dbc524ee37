"""Tunes played without a click, into files that say 120 a minute and nothing else."""

import numpy as np

from surrogate.evaluation.free_playing import FreePerformance, Line, perform
from surrogate.reading.melody import read_melody
from tests.melodies import write_midi
from tests.paths import EXAMPLES

TICKS_PER_SECOND = 960


def line(example: str) -> Line:
    """The melody of one of examples/ in 16ths."""
    melody = read_melody(EXAMPLES / f"{example}.mid", beats="file")
    notes = melody.track.notes.numpy()
    first, length = (
        np.rint(4 * notes[name] / melody.score.ticks_per_quarter).astype(int) for name in ("time", "duration")
    )
    return Line(first, first + np.maximum(length, 1), notes["pitch"].astype(int))


def play(example: str, qpm: float, seed: int = 0) -> FreePerformance:
    """One of examples/, played freely."""
    return perform(line(example), np.random.default_rng(seed), qpm=qpm)


def write(path, played: FreePerformance, **kind):
    """The file that a phone writes of it."""
    start, end = (np.rint(TICKS_PER_SECOND * seconds).astype(int) for seconds in (played.start, played.end))
    notes = [(a, max(b, a + 1), pitch, 80) for a, b, pitch in zip(start, end, played.pitch, strict=True)]
    return write_midi(path, [tuple(map(int, note)) for note in notes], **{"meter": None, **kind})
