"""What a file tells of its key beside the melody: key signatures, and what its tracks sound together."""

import numpy as np
import symusic

from musicvae_jax import events
from musicvae_jax.events import STEPS_PER_BAR
from surrogate.reading import chords, chroma, key_evidence, key_finder, keys, tracks
from surrogate.reading.chords import NONE
from surrogate.reading.key_evidence import Signature
from surrogate.reading.key_finder import FoundKeys
from surrogate.reading.keys import Key
from surrogate.reading.melody import Melody

MOST_SHARPS = 7
_AGREES = 0.05
"""By how little of a melody's time another scale may fit better: of 84 scores in C of OpenEWLD 94 % agree, and of the
others, read as a fifth or two from their key, 51 % and 3 %."""
_LEAST_BESIDE = 0.25
"""How much must sound of pitch classes that the melody lacks in a half bar, beside each step of it, to be heard."""


def find_keys(melody: Melody, chords_SxHx2=None, *, asked: str | None = None) -> FoundKeys:
    """Finds the keys of a song from its melody, its key signatures and its chords.

    Args:
        melody: as it was read.
        chords_SxHx2: int [S, 2, 3], the chords that are known (surrogate.reading.key_finder), or None; where none
            are, they are heard in what the file's tracks sound, if that is more than the melody.
        asked: the key that the player tells (surrogate.reading.keys.Key.parse), which has the last word.
    """
    if asked is not None:
        return key_finder.told(Key.parse(asked))
    if chords_SxHx2 is None:
        chords_SxHx2 = heard_chords(melody)
    elif (is_open := chords_SxHx2[..., :1] == NONE).any() and (heard_SxHx3 := heard_chords(melody)) is not None:
        chords_SxHx2 = np.where(is_open, heard_SxHx3, chords_SxHx2)
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


def heard_chords(melody: Melody) -> np.ndarray | None:
    """The chords of what all pitched tracks sound, as surrogate.reading.chords.label tells them.

    Returns:
        int8 [S, 2, 3], or None where hardly more than the melody sounds.
    """
    pitched = [track for track in melody.score.tracks if not track.is_drum and len(track.notes)]
    if not pitched:  # the melody is played on the channel of drums
        return None
    chroma_Hx12, lowest_Hx12 = chroma.half_bars([_placed(melody, track) for track in pitched], len(melody.tokens))
    line_Hx12, _ = chroma.half_bars([events.line_notes(melody.tokens)], len(melody.tokens))
    if chroma_Hx12[line_Hx12 == 0].sum() < _LEAST_BESIDE * line_Hx12.sum():
        return None
    return chords.label(chroma_Hx12, lowest_Hx12).reshape(-1, 2, 3)


def _placed(melody, track):
    start, end, pitch = tracks.notes(track)
    inside = start < melody.grid.ticks[-1]
    first = np.minimum(melody.grid.nearest(start[inside]), len(melody.tokens) - 1)
    last = np.minimum(np.maximum(first + 1, melody.grid.nearest(end[inside])), len(melody.tokens))
    return first, last, pitch[inside]
