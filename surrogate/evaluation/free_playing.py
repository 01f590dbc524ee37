"""Melodies of songs as somebody would play them without a click, and how near the beats found in them are."""

import typing

import numpy as np

from musicvae_jax.events import BEATS_PER_BAR, STEPS_PER_BAR, STEPS_PER_BEAT, line_notes
from surrogate.corpus import song_pack
from surrogate.corpus.whole_song import BASS_LINE

TEMPOS = 60.0, 180.0
NEAR = 0.07
"""Seconds that a beat may be off."""
_LEAST_NOTES = 24
_LONGEST_REST = 2 * STEPS_PER_BAR
_LEAST_ON_EIGHTHS = 0.6
_DRIFT, _WAVES, _WAVELENGTHS = 0.03, 3, (12, 64)  # of the tempo; beats
_JITTER = 0.02  # seconds
_SLOWING, _SLOWING_BEATS = 1 / 3, 2 * BEATS_PER_BAR
_SCOOPS, _SCOOP, _SCOOPED = 0.2, (0.04, 0.09), 0.15  # of the notes; seconds; seconds that a note lasts at least


class Line(typing.NamedTuple):
    """A melody on steps from a bar line on: first and last step, and pitch, int64 [N] each."""

    first: np.ndarray
    last: np.ndarray
    pitch: np.ndarray


class FreePerformance(typing.NamedTuple):
    """start, end: float64 [N], seconds. pitch: int64 [N]. beats: float64 [B], seconds of the true ones."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    beats: np.ndarray


def lines(songs: song_pack.Songs, split: str, *, most: int | None = None, seed: int = 0) -> list[Line]:
    """Melodies of a pack that can be played alone.

    Those with fewer than 24 notes, and those with two fifths of their notes off the eighths, whose own bar lines are
    hardly right, are left out; rests longer than two bars lose whole bars.

    Args:
        songs: the pack.
        split: which of its songs.
        most: so many, drawn at random; None: all.
        seed: of the draw.
    """
    return [melody for melody, _ in with_bass(songs, split, most=most, seed=seed)]


def with_bass(songs: song_pack.Songs, split: str, *, most: int | None = None, seed: int = 0) -> list[tuple[Line, Line]]:
    """The same melodies, each with its song's bass: what a pianist's left hand may play."""
    found = []
    for index in np.random.default_rng(seed).permutation(songs.indices(split)):
        first, last, pitch = line_notes(songs[index].lines[:, 0].reshape(-1))
        if len(first) >= _LEAST_NOTES and (first % 2 == 0).mean() >= _LEAST_ON_EIGHTHS:
            rest = np.diff(first, prepend=0)
            bars = np.maximum(rest - np.append(0, np.full(len(rest) - 1, _LONGEST_REST)), 0) // STEPS_PER_BAR
            cut = bars * STEPS_PER_BAR
            bass = line_notes(songs[index].lines[:, BASS_LINE].reshape(-1))
            melody = Line(first - cut.cumsum(), last - cut.cumsum(), pitch)
            melody = melody._replace(last=np.minimum(melody.last, np.append(melody.first[1:], melody.last[-1])))
            found.append((melody, _cut(Line(*bass), first, cut)))
        if len(found) == most:
            break
    return found


def _cut(line, first, cut):
    """A line without as many steps as are cut before each of some others."""
    before = np.searchsorted(first, line.first, side="right")
    lost, following = np.append(0, cut.cumsum())[before], np.append(first, np.iinfo(np.int64).max)[before]
    kept = line.first < following - np.append(cut, 0)[before]
    begin = line.first - lost
    return Line(begin[kept], np.maximum(line.last - lost, begin + 1)[kept], line.pitch[kept])


def perform(line: Line, rng: np.random.Generator, *, qpm: float | None = None) -> FreePerformance:
    """Plays a melody freely: its tempo drifts by up to 3 %, its notes are 20 ms off, two last bars slow down.

    Args:
        line: what is played.
        rng: draws tempo, drift and jitter.
        qpm: beats a minute; None draws it from TEMPOS.
    """
    [performance] = perform_together([line], rng, qpm=qpm)
    return performance


def perform_together(parts: list[Line], rng: np.random.Generator, *, qpm: float | None = None) -> list[FreePerformance]:
    """Plays several lines, as two hands do, on the same beats, to the end of the first."""
    qpm = qpm or np.exp(rng.uniform(*np.log(TEMPOS)))
    last_beat = int(-(-parts[0].last.max() // STEPS_PER_BEAT))
    number = np.arange(last_beat)
    waves = [np.sin(2 * np.pi * (number / rng.uniform(*_WAVELENGTHS) + rng.random())) for _ in range(_WAVES)]
    wave = np.sum(waves, axis=0)
    drift = _DRIFT * wave / np.abs(wave).max()
    slowing = 1 + _SLOWING * np.clip((number - last_beat + _SLOWING_BEATS) / _SLOWING_BEATS, 0, 1)
    beats = np.append(0, np.cumsum(60 / qpm * np.exp(drift) * slowing)) + rng.uniform(0.1, 2)
    played = []
    for part in parts:
        inside = part.first < last_beat * STEPS_PER_BEAT
        steps = part.first[inside], part.last[inside]
        start, end = (np.interp(step / STEPS_PER_BEAT, np.arange(last_beat + 1), beats) for step in steps)
        start = np.maximum(start + rng.normal(0, _JITTER, len(start)), 0)
        played.append(FreePerformance(start, np.maximum(end, start + _JITTER), part.pitch[inside], beats))
    return played


def sung(played: FreePerformance, rng: np.random.Generator) -> FreePerformance:
    """A performance as a program writes it down that hears a singer: every fifth note begins a tone or less below."""
    is_long = played.end - played.start > _SCOOPED
    scoops = is_long & (rng.random(len(is_long)) < _SCOOPS)
    until = played.start[scoops] + rng.uniform(*_SCOOP, scoops.sum())
    start, end, pitch = played.start.copy(), played.end, played.pitch
    begins, below = start[scoops], pitch[scoops] - rng.integers(1, 3, scoops.sum())
    start[scoops] = until
    start, end, pitch = (np.concatenate(values) for values in ((start, begins), (end, until), (pitch, below)))
    order = np.argsort(start, kind="stable")
    return FreePerformance(start[order], end[order], pitch[order], played.beats)


def share_near(found, beats) -> float:
    """Of beats found while others are played, float64 [n], the share that is near one of these, float64 [B]."""
    inside = found[(found > beats[0] - NEAR) & (found < beats[-1] + NEAR)]
    return float((np.abs(inside[:, None] - beats).min(1) <= NEAR).mean()) if len(inside) else 0.0
