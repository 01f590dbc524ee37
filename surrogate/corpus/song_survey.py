"""A score -> the whole song in it."""

import functools
import hashlib
import itertools

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import FIRST_PITCH, STEPS_PER_BAR
from surrogate.corpus.whole_song import BASS_LINE, LINES, MOST_MELODIES, WholeSong
from surrogate.reading import chords, chroma, stretches, tempos, track_names, tracks

LEAST_NOTES = 16
"""Of a melody."""
MOST_BARS = 1024
"""Of a song; one that claims more is damaged."""
LACKS = NO_MELODY, NO_BAR, TOO_LONG = "no melody", "no bar of 4/4", f"more than {MOST_BARS} bars"
"""Why there can be no whole song in a score."""


class SongSurvey:
    """The notes of a song on the steps of its bars of 4/4."""

    def __init__(self, score):
        """Places the notes of a symusic.Score in ticks."""
        self._score = score
        pitched = {index: tracks.notes(track) for index, track in enumerate(score.tracks) if not track.is_drum}
        notes = {index: each for index, each in pitched.items() if len(each[0])}
        hits = [track.notes.numpy() for track in score.tracks if track.is_drum and len(track.notes)]
        onset, drum = (
            np.concatenate([[], *(each[name] for each in hits)]).astype(np.int64) for name in ("time", "pitch")
        )
        self._end_tick = int(np.concatenate([onset + 1, *(end for _, end, _ in notes.values())]).max(initial=0))
        meters = [(meter.time, meter.numerator, meter.denominator) for meter in score.time_signatures]
        self._stretches = stretches.find(meters, self._end_tick, score.ticks_per_quarter)
        self._notes = {index: self._place(*each) for index, each in notes.items()}
        self._hits = self._place(onset, onset + 1, drum)

    @property
    def bars(self) -> int:
        """How many bars of 4/4 there are."""
        return int(self._stretches.bars.sum())

    def lacks(self) -> str | None:
        """What there is too little or too much of for a WholeSong: one of LACKS, or None."""
        if not self.bars:
            return NO_BAR
        if self.bars > MOST_BARS:
            return TOO_LONG
        return None if self._melodies else NO_MELODY

    def content(self) -> bytes:
        """8 bytes that are equal for songs with the same notes and drums on the grid.

        Tempo, dynamics, instruments, names and the order of tracks do not count.
        """
        digest = hashlib.blake2b(self._stretches.bars.tobytes(), digest_size=8)
        first, last, pitch = (np.concatenate(values) for values in zip(*self._notes.values(), strict=True))
        digest.update(np.sort((first << 20 | last - first) << 7 | pitch).tobytes())
        digest.update(self._drum_tokens.tobytes())
        return digest.digest()

    def song(self) -> WholeSong:
        """Makes the WholeSong, of a song that lacks nothing."""
        lines_LxT = np.zeros((LINES, self._steps), np.uint8)
        lines_LxT[: len(self._melodies)] = self._melodies
        if self._bass is not None:
            lines_LxT[BASS_LINE] = self._line(self._bass)
        chroma_Hx12, lowest_Hx12 = chroma.half_bars(list(self._notes.values()), self._steps)
        return WholeSong(
            lines=lines_LxT.reshape(LINES, self.bars, STEPS_PER_BAR).swapaxes(0, 1),
            drums=self._drum_tokens.reshape(self.bars, STEPS_PER_BAR),
            chroma=np.minimum(chroma_Hx12, 255).astype(np.uint8).reshape(self.bars, 2, 12),
            chord=chords.label(chroma_Hx12, lowest_Hx12).reshape(self.bars, 2, 3),
            stretch=np.repeat(np.arange(len(self._stretches.bars), dtype=np.uint16), self._stretches.bars),
            tempo=tempos.longest(self._score.tempos, self._end_tick),
        )

    def _place(self, start, end, pitch):
        kept, first, last = self._stretches.steps(start, end)
        return first, last, pitch[kept]

    @property
    def _steps(self) -> int:
        return self.bars * STEPS_PER_BAR

    def _line(self, index) -> np.ndarray:
        return events.line_tokens(*self._notes[index], self._steps)

    @functools.cached_property
    def _drum_tokens(self) -> np.ndarray:
        step, _, pitch = self._hits
        return events.drum_tokens(step, pitch, self._steps)

    @functools.cached_property
    def _bass(self) -> int | None:
        """The track of a bass that has most notes."""
        count = {index: len(pitch) for index, (_, _, pitch) in self._notes.items() if self._plays_bass(index)}
        return max(count, key=count.get, default=None)

    @functools.cached_property
    def _melodies(self) -> list[np.ndarray]:
        """The lines of the tracks that are most like a melody, the likeliest first."""
        if not self._notes:
            return []
        features_NxF = tracks.track_features(self._score, list(self._notes))
        names_N = [track_names.melody_score(self._score.tracks[index].name) for index in self._notes]
        score_of_track = dict(zip(self._notes, features_NxF @ list(tracks.WEIGHTS.values()) + names_N, strict=True))
        ranked = sorted(self._notes, key=score_of_track.get, reverse=True)
        lines = (self._line(index) for index in ranked if not self._plays_bass(index))
        long_enough = (line for line in lines if (line >= FIRST_PITCH).sum() >= LEAST_NOTES)
        return list(itertools.islice(long_enough, MOST_MELODIES))

    def _plays_bass(self, index) -> bool:
        return tracks.role(self._score.tracks[index]) == "bass"
