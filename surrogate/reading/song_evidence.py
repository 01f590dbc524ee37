"""What a file tells of its key beside the melody: key signatures, and what its tracks sound together."""

import numpy as np
import symusic

from musicvae_jax.events import STEPS_PER_BAR
from surrogate.reading import chords, chroma, key_evidence, key_finder, keys, tracks
from surrogate.reading.key_evidence import Signature
from surrogate.reading.key_finder import FoundKeys
from surrogate.reading.keys import Key
from surrogate.reading.melody import Melody

MOST_SHARPS = 7
_AGREES = 0.05
"""By how little of a melody's time another scale may fit better: of 84 scores in C of OpenEWLD 94 % agree, and of the
others, read as a fifth or two from their key, 51 % and 3 %."""
_LEAST_VOICES = 1.5
"""How many notes must sound together in tracks without a bass, on average, for them to be heard as chords."""


def find_keys(melody: Melody, chords_SxHx2=None, *, asked: str | None = None) -> FoundKeys:
    """Finds the keys of a song from its melody, its key signatures and its chords.

    Args:
        melody: as it was read.
        chords_SxHx2: int [S, 2, 2 or more], the chords that are known (surrogate.reading.key_finder); None hears them
            in the file's other tracks, if they play any.
        asked: the key that the player tells (surrogate.reading.keys.Key.parse), which has the last word.
    """
    if asked is not None:
        return key_finder.told(Key.parse(asked))
    if chords_SxHx2 is None and _has_chords(melody):
        chords_SxHx2 = heard_chords(melody)
    return key_finder.find(melody.tokens, signatures(melody), chords_SxHx2)


def signatures(melody: Melody) -> list[Signature]:
    """The key signatures of a song up to the melody's end, in order; C's are written where a score's notes agree."""
    marks = [mark for mark in signature_marks(melody.score) if mark.time < melody.grid.ticks[-1]]
    written = melody.song.notation is not None and _agrees_with_c(melody.tokens)
    bars = [int(melody.grid.nearest(mark.time)) // STEPS_PER_BAR for mark in marks]
    return [Signature(bar, mark.key, mark.tonality == 1, written) for bar, mark in zip(bars, marks, strict=True)]


def _agrees_with_c(melody_T) -> bool:
    """Whether hardly more of a melody lies in another major scale than in C's."""
    steps_12 = key_evidence.counts_of_notes(melody_T).sum(0)
    in_scale_12 = np.array([steps_12[np.roll(keys.C_MAJOR, tonic)].sum() for tonic in range(12)])
    return bool(in_scale_12[0] >= in_scale_12.max() - _AGREES * steps_12.sum())


def signature_marks(score) -> list[symusic.KeySignature]:
    """The key signatures of a symusic.Score, in order; what is no key is left out."""
    marks = [mark for mark in score.key_signatures if abs(mark.key) <= MOST_SHARPS and mark.tonality in (0, 1)]
    return sorted(marks, key=lambda mark: mark.time)


def heard_chords(melody: Melody) -> np.ndarray:
    """The chords of what all pitched tracks sound, as surrogate.reading.chords.label tells them: int8 [S, 2, 3]."""
    placed = [_placed(melody, track) for track in melody.score.tracks if not track.is_drum and len(track.notes)]
    return chords.label(*chroma.half_bars(placed, len(melody.tokens))).reshape(-1, 2, 3)


def _placed(melody, track):
    start, end, pitch = tracks.notes(track)
    inside = start < melody.grid.ticks[-1]
    first = np.minimum(melody.grid.nearest(start[inside]), len(melody.tokens) - 1)
    last = np.minimum(np.maximum(first + 1, melody.grid.nearest(end[inside])), len(melody.tokens))
    return first, last, pitch[inside]


def _has_chords(melody):
    """Whether tracks beside the melody play a bass or chords."""
    others = [track for index, track in enumerate(melody.score.tracks) if index != melody.index]
    if any(tracks.role(track) == "bass" and len(track.notes) for track in others):
        return True
    notes = [_placed(melody, track) for track in others if not track.is_drum]
    if not any(len(first) for first, *_ in notes):
        return False
    first, last = (np.concatenate(each) for each in list(zip(*notes, strict=True))[:2])
    change = np.bincount(first, minlength=len(melody.tokens) + 1) - np.bincount(last, minlength=len(melody.tokens) + 1)
    voices = change.cumsum()
    return voices[voices > 0].mean() >= _LEAST_VOICES
