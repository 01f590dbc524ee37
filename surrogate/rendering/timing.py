"""Onsets a few milliseconds off the grid, and bass notes let go before the next: as people play to a click.

What drummers and bassists do was measured by surrogate.evaluation.fit_timing, in songs that were not quantised.
"""

import functools
import json
import pathlib
import typing

import numpy as np

from musicvae_jax import events
from surrogate.rendering.deviations import deviations

TABLE = pathlib.Path(__file__).with_name("tables") / "timing.json"
MOST_STEPS = 0.4
"""So much of a 16th may a note come early or late, so that it stays the same 16th."""


class TimingTable(typing.NamedTuple):
    """How players keep time; G drum groups (of events.DRUM_GROUPS).

    drums: spread, float64 [G], in milliseconds, and memory, its correlation from one hit to the next. bass: the same,
    [1] each. held: how much of the time to the next bass note a note sounds that is written to last until then.
    """

    drums: tuple[np.ndarray, np.ndarray]
    bass: tuple[np.ndarray, np.ndarray]
    held: float


def drum_onsets(tick_of_step, step, pitch, ticks_per_ms, rng: np.random.Generator, *, human: float) -> np.ndarray:
    """When drums are struck.

    Args:
        tick_of_step: int [T + 1], where the steps of the song begin, and the end of the last.
        step: int [N], steps at which drums are struck.
        pitch: int [N], General MIDI drum pitches, of one of events.DRUM_GROUPS.
        ticks_per_ms: float [N], how fast the song is there.
        rng: draws the player's deviations.
        human: what deviations are multiplied by; 0 leaves all on the grid.

    Returns:
        Ticks, int64 [N].
    """
    group = events.DRUM_BIT_OF_PITCH[np.asarray(pitch, np.int64)].astype(np.int64)
    return _onsets(tick_of_step, step, group, ticks_per_ms, rng, human, table().drums)


def bass_notes(tick_of_step, start, stop, ticks_per_ms, rng: np.random.Generator, *, human: float):
    """When notes of a bass begin and end; one that is written up to the next is let go a little before it.

    Args:
        start, stop: int [N], steps from which and up to which notes are written, one note after the other.
        tick_of_step, ticks_per_ms, rng, human: as drum_onsets takes them.

    Returns:
        Ticks of beginnings and of ends, int64 [N] each.
    """
    own = table()
    begin = _onsets(tick_of_step, start, np.zeros(len(start), np.int64), ticks_per_ms, rng, human, own.bass)
    end = np.asarray(tick_of_step, np.int64)[stop]
    if len(begin):
        following = np.append(begin[1:], tick_of_step[-1])
        is_held = np.append(stop[:-1] == start[1:], False)
        share = 1 - (1 - own.held) * min(human, 1.0)
        end = np.where(is_held, begin + np.rint(share * (following - begin)).astype(np.int64), end)
        end = np.minimum(end, following)
    return begin, np.maximum(end, begin + 1)


def _onsets(tick_of_step, step, group, ticks_per_ms, rng, human, part):
    tick_of_step, step = np.asarray(tick_of_step, np.int64), np.asarray(step, np.int64)
    late = human * deviations(*part, step, group, rng) * ticks_per_ms
    most = MOST_STEPS * np.minimum(tick_of_step[step + 1] - tick_of_step[step], _before(tick_of_step)[step])
    return np.maximum(tick_of_step[step] + np.rint(np.clip(late, -most, most)).astype(np.int64), 0)


def _before(tick_of_step):
    """How many ticks before each step the last step that is in the song begins, int64 [T + 1]; 0 before the first."""
    begins = np.unique(tick_of_step)
    lasts = np.diff(begins, prepend=begins[0])
    return lasts[np.searchsorted(begins, tick_of_step)]


@functools.cache
def table() -> TimingTable:
    """The built-in table."""
    return from_json(TABLE.read_text())


def from_json(text: str) -> TimingTable:
    """The table that surrogate.evaluation.fit_timing.to_json made text of."""
    values = json.loads(text)
    drums, bass = (tuple(np.array(values[part][name]) for name in ("spread", "memory")) for part in ("drums", "bass"))
    return TimingTable(drums, bass, values["held"])
