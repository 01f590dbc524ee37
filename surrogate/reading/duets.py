"""Singers who take turns: the tracks that go on with the melody where the one that was chosen rests."""

import numpy as np

from musicvae_jax.events import BEATS_PER_BAR
from surrogate.reading import parts, track_names, tracks

_LEAST_BARS = 4  # that a partner sings alone
_LEAST_ALONE = 0.8  # of a partner's notes; chords are no singer
_FAMILY = 8  # programs; the partner's is of the same
_CLOSE = 12  # semitones between their middle pitches


def partners(score, index: int) -> list[int]:
    """Finds who sings in turns with a melody.

    Args:
        score: symusic.Score in ticks.
        index: which of its tracks the melody is.

    Returns:
        Other tracks of instruments like it that play one line, hardly ever while the melody does, and four bars or more
        in which it rests.
    """
    melody = score.tracks[index]
    bar = BEATS_PER_BAR * score.ticks_per_quarter
    start, end, pitch = tracks.notes(melody)
    own_bars = np.concatenate([start // bar, (end - 1) // bar])
    lines, found = [(start, end)], []
    for other, track in enumerate(score.tracks):
        if other == index or not _are_alike(melody, track):
            continue
        start, end, other_pitch = tracks.notes(track)
        if not len(start) or abs(np.median(other_pitch) - np.median(pitch)) > _CLOSE:
            continue
        alone_bars = len(np.setdiff1d(start // bar, own_bars))
        is_line = tracks.alone(start, end, score.ticks_per_quarter) >= _LEAST_ALONE
        together = [*lines, (start, end)]
        if is_line and alone_bars >= _LEAST_BARS and parts.take_turns(together, score.ticks_per_quarter):
            lines, found = together, [*found, other]
    return found


def _are_alike(melody, track) -> bool:
    are_named_alike = (track_names.melody_score(melody.name) > 0) == (track_names.melody_score(track.name) > 0)
    are_drums = melody.is_drum or track.is_drum
    return are_named_alike and not are_drums and track.program // _FAMILY == melody.program // _FAMILY
