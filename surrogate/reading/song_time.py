"""The time that a song is heard in: its file's own, less a lag, or beats that were found in free playing.

Heard time counts ticks, too, as many to a beat as the file has to a quarter note.
"""

import dataclasses
import typing

import numpy as np

from surrogate.reading import beat_finder, lag, tempos

_PERIODS = np.array([1, 2, 3, 4, 6, 8, 12])  # of a beat
_LEAST_AGREEMENT, _CHANCE = 0.2, 3.0
"""How far the notes of a song must agree, 0 to 1, where in its file's beats, or parts of them, they begin; and how
far at least times the root of their number, as by chance they do not."""
_LEAST_ONSETS = 24
_NEIGHBOURS, _MOST_WANDER = 16, 0.13
"""Notes in a row may agree by so much more than all do: where the file's beats are those that were played, they do not
wander from them, as one does who happens to play at the file's tempo.
"""
_LONG = 8  # beats over which a tempo is told


class FileTime(typing.NamedTuple):
    """The file's ticks, less a lag."""

    lag: int

    def heard(self, tick_N) -> np.ndarray:
        """Ticks of the file as they are heard, below 0 before the song is: int64 [N]."""
        return np.asarray(tick_N) - self.lag

    def in_file(self, heard_N) -> np.ndarray:
        """Ticks that are heard as the file's: int64 [N]."""
        return heard_N + self.lag


@dataclasses.dataclass(frozen=True)
class PlayedTime:
    """Beats that were found.

    beats: float64 [B], the file's ticks at which they are, rising. ticks_per_beat: heard ticks; the first beat is at 0.
    found: what was found.
    """

    beats: np.ndarray
    ticks_per_beat: int
    found: beat_finder.FoundBeats

    @property
    def tempos(self) -> tuple[float, float]:
        """The slowest and the fastest tempo over eight beats, beats a minute."""
        seconds = self.found.seconds
        long = min(_LONG, len(seconds) - 1)
        tempo = 60 * long / (seconds[long:] - seconds[:-long])
        return float(tempo.min()), float(tempo.max())

    def heard(self, tick_N) -> np.ndarray:
        """As FileTime.heard."""
        return np.rint(_along(tick_N, self.beats, self._heard_beats)).astype(np.int64)

    def in_file(self, heard_N) -> np.ndarray:
        """As FileTime.in_file."""
        return np.rint(_along(heard_N, self._heard_beats, self.beats)).astype(np.int64)

    @property
    def _heard_beats(self):
        return self.ticks_per_beat * np.arange(len(self.beats))


def find(
    score, onset, notes, *, others=(), beats: str | None = None, qpm: float | None = None, has_beats=True
) -> FileTime | PlayedTime:
    """Finds the time in which a melody is to be heard.

    Args:
        score: symusic.Score in ticks.
        onset: int64 [M], ticks of the onsets of all its tracks.
        notes: start and end in ticks, and pitch, of the melody: int64 [N] each.
        others: the same of other tracks, which are heard with it where beats are found.
        beats: "file": its own; "played": those that are found; None: these where the file's cannot be right.
        qpm: about how fast the melody was played, beats a minute, which means "played"; None: not known.
        has_beats: whether the file counts time in beats.
    """
    beat, last = score.ticks_per_quarter, int(notes[1].max())
    is_free = beats == "played" or qpm is not None or not has_beats
    if beats != "file" and (is_free or not follows(onset, beat)):
        ticks, seconds = tempos.tempo_map(score, last)
        tracks = [[values[start < last] for values in (start, end, pitch)] for start, end, pitch in (notes, *others)]
        played, *others = (
            (np.interp(start, ticks, seconds), np.interp(end, ticks, seconds), pitch)
            for start, end, pitch in tracks
            if len(start)
        )
        found = beat_finder.find(*played, others=others, qpm=qpm)
        if found is not None:
            return PlayedTime(_along(found.seconds, seconds, ticks), beat, found)
    return FileTime(lag.find(onset, beat, tempos.longest(score.tempos, last)))


def follows(onset_ticks, ticks_per_beat: int) -> bool:
    """Whether the notes of a song follow its file's beats, or are too few to tell.

    Notes that do begin at the same places in a beat, in halves, thirds or other parts of it, over and over; those that
    do not begin anywhere, or in places that wander.

    Args:
        onset_ticks: int64 [N], of all notes, in any order.
        ticks_per_beat: of a quarter note.
    """
    onset = np.unique(onset_ticks)
    if len(onset) < _LEAST_ONSETS:
        return True
    turns_PxN = np.exp(2j * np.pi * _PERIODS[:, None] * (onset % ticks_per_beat) / ticks_per_beat)
    agreement_P = np.abs(turns_PxN.mean(1))
    best = agreement_P.argmax()
    squares = np.abs(np.convolve(turns_PxN[best], np.full(_NEIGHBOURS, 1 / _NEIGHBOURS), "valid")) ** 2
    nearby = np.sqrt(max((_NEIGHBOURS * squares.mean() - 1) / (_NEIGHBOURS - 1), 0))  # less what chance alone brings
    needed = max(_LEAST_AGREEMENT, _CHANCE / np.sqrt(len(onset)), nearby - _MOST_WANDER)
    return bool(agreement_P[best] >= needed)


def _along(value, known, told):
    """Told values by known ones, both rising, linear in between and on beyond both ends."""
    after = np.clip(np.searchsorted(known, value, side="right"), 1, len(known) - 1)
    slope = (told[after] - told[after - 1]) / (known[after] - known[after - 1])
    return told[after - 1] + slope * (value - known[after - 1])
