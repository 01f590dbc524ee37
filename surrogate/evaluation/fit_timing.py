"""Learn how far off the grid drummers and bassists play who were not quantised, and how long basses hold notes."""

import json

import numpy as np

from musicvae_jax import events
from surrogate.rendering.timing import TimingTable

LEAST_NOTES = 64
MOST_ON_GRID, LEAST_NEAR, LEAST_SPREAD = 0.5, 0.93, 3.0
"""A part of which more notes stand on the grid to a millisecond was quantised; one of which fewer stand within a
quarter of a 16th of it followed no click, or plays triplets; one that strays by fewer milliseconds was shifted."""
_LEAST_HITS = 24  # of a drum in a song
_LONGEST = 4  # steps to the next note, of notes whose length counts


def fit(songs) -> TimingTable:
    """Learn from songs; a part counts where it was played and not quantised.

    Args:
        songs: performances.Performance.

    Raises:
        ValueError: no song has drums, or none a bass, that were played.
    """
    drums, basses, held = [[] for _ in events.DRUM_GROUPS], [], []
    for song in songs:
        late = _late(song, song.drums)
        if late is None:
            continue
        lag = np.median(late)
        group = events.DRUM_BIT_OF_PITCH[song.drums.pitch]
        for each, strays in enumerate(drums):
            strays += _stray(late[group == each])
        bass = _late(song, song.bass)
        if bass is not None:
            basses += _stray(bass - lag)
            held += _held(song)
    if not (any(drums) and basses and held):
        raise ValueError("no song has drums and a bass that were played and not quantised")
    every = [value for strays in drums for value in strays]
    of_drums = np.array([np.median(strays or every, axis=0) for strays in drums]).T
    return TimingTable(tuple(of_drums), tuple(np.median(basses, axis=0)[:, None]), float(np.median(held)))


def to_json(table: TimingTable) -> str:
    """Text for timing.from_json."""
    parts = {"drums": table.drums, "bass": table.bass}
    text = {
        part: {"spread": np.round(spread, 1).tolist(), "memory": np.round(memory, 2).tolist()}
        for part, (spread, memory) in parts.items()
    }
    return json.dumps(text | {"held": round(table.held, 2)})


def _late(song, notes):
    """By how many milliseconds notes come after their 16ths, float64 [N]; None where a part was not played so."""
    step = song.ticks_per_beat / 4
    place = notes.start / step
    late = place - np.rint(place)
    milliseconds = late * step / song.ticks_per_ms
    near_a_tick = np.abs(milliseconds) <= max(1.0, 1.01 / song.ticks_per_ms)
    if len(late) < LEAST_NOTES or near_a_tick.mean() > MOST_ON_GRID:
        return None
    strays = (np.abs(late) < 0.25).mean() >= LEAST_NEAR and milliseconds.std() >= LEAST_SPREAD
    return milliseconds if strays else None


def _stray(late):
    """Standard deviation, and correlation from note to note, in a list; none of too few notes."""
    if len(late) < _LEAST_HITS or late.std() == 0:
        return []
    own = late - late.mean()
    return [(own.std(), own[1:] @ own[:-1] / (own @ own))]


def _held(song):
    """The median share of the time to the next note that bass notes sound, in a list; none of too few notes."""
    start, end = song.bass.start, song.bass.end
    gap = np.diff(start)
    steps = np.rint(gap / (song.ticks_per_beat / 4))
    close = (steps >= 1) & (steps <= _LONGEST)
    if close.sum() < _LEAST_HITS:
        return []
    share = (end[:-1] - start[:-1])[close] / gap[close]
    legato = share > 0.75  # others were meant to be short, which the tokens tell
    return [float(np.minimum(share[legato], 1).mean())] if legato.sum() >= _LEAST_HITS else []
