"""Velocities that breathe: accents by place in the bar, louder and softer sections with the melody, a player's spread.

What drummers and bassists do was measured by surrogate.evaluation.fit_velocity, in songs whose velocities vary.
"""

import functools
import json
import pathlib
import typing

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import STEPS_PER_BAR
from surrogate.rendering.deviations import deviations

REACH = 24.0
"""How far above its mean velocity a melody is as loud as it gets: loudness 1."""
TABLE = pathlib.Path(__file__).with_name("tables") / "velocity.json"

_SMOOTHING = np.array([1.0, 2.0, 3.0, 2.0, 1.0])  # bars


class PartVelocity(typing.NamedTuple):
    """How one part is played, in units of MIDI velocity; G drum groups (of events.DRUM_GROUPS), 1 for the bass.

    level: mean. accent: float64 [G, 16], by 16th of the bar, on top of it. section: on top in a bar of loudness 1.
    spread, memory: float64 [G], standard deviation of what is left, and its correlation from one note to the next.
    """

    level: float
    accent: np.ndarray
    section: float
    spread: np.ndarray
    memory: np.ndarray


class VelocityTable(typing.NamedTuple):
    """density: how much velocity of the melody one more note of it in a bar is worth."""

    density: float
    drums: PartVelocity
    bass: PartVelocity


def drums(step, pitch, loud_of_bar, rng: np.random.Generator, *, table: VelocityTable | None = None) -> np.ndarray:
    """Velocities for drum hits.

    Args:
        step: int [N], onsets in 16ths from the song's start; in any order.
        pitch: int [N], General MIDI drum pitches, of one of events.DRUM_GROUPS.
        loud_of_bar: float [bars], from -1 to 1, as loudness gives it.
        rng: draws the player's spread.
        table: the built-in one when None.

    Returns:
        int64 [N], 1 to 127.

    Raises:
        ValueError: the arrays do not fit each other, the bars or the drum groups.
    """
    pitch = np.asarray(pitch, np.int64)
    if pitch.size and not 0 <= pitch.min() <= pitch.max() <= 127:
        raise ValueError("pitch must be from 0 to 127")
    group = events.DRUM_BIT_OF_PITCH[pitch].astype(np.int64)
    if (group == events.NO_DRUM).any():
        raise ValueError(f"no drum group has pitch {pitch[group == events.NO_DRUM][0]}")
    return _velocities((table or built_in_table()).drums, step, group, loud_of_bar, rng)


def bass(step, loud_of_bar, rng: np.random.Generator, *, table: VelocityTable | None = None) -> np.ndarray:
    """Velocities for the notes of a bass, which do not depend on their pitch.

    Args:
        step, loud_of_bar, rng, table: as drums takes them.

    Returns:
        int64 [N], 1 to 127.

    Raises:
        ValueError: the arrays do not fit each other or the bars.
    """
    step = np.asarray(step, np.int64)
    return _velocities((table or built_in_table()).bass, step, np.zeros(step.shape, np.int64), loud_of_bar, rng)


def loudness(melody_start_steps, melody_velocities, bars: int, *, table: VelocityTable | None = None) -> np.ndarray:
    """How loud each bar of a melody is against the rest of it, smoothed over five bars.

    A bar without melody is as loud as those around it. A melody of one velocity hardly moves.

    Args:
        melody_start_steps: int [N], onsets in 16ths from the song's start; those beyond the bars do not count.
        melody_velocities: int [N].
        bars: 0 or more.
        table: the built-in one when None.

    Returns:
        float64 [bars], from -1 to 1, 0 for a melody without notes.

    Raises:
        ValueError: the arrays do not fit each other.
    """
    velocity, density, known = movement(melody_start_steps, melody_velocities, bars)
    if not known.any():
        return np.zeros(bars)
    loud = np.clip((velocity + (table or built_in_table()).density * density) / REACH, -1, 1)
    return np.interp(np.arange(bars), np.flatnonzero(known), loud[known])


def movement(start_step, velocity, bars: int):
    """How velocity and density of a melody move from bar to bar.

    Args:
        start_step, velocity: int [N] each, as loudness takes them.
        bars: 0 or more.

    Returns:
        Velocity and notes a bar, each less its mean, smoothed: float64 [bars] each; where there is melody: bool [bars].

    Raises:
        ValueError: the arrays do not fit each other.
    """
    start_step, velocity = np.asarray(start_step, np.int64), np.asarray(velocity, np.float64)
    if start_step.ndim != 1 or start_step.shape != velocity.shape or (start_step < 0).any() or bars < 0:
        raise ValueError("steps and velocities must be [N] each, steps and bars 0 or more")
    heard = start_step < bars * STEPS_PER_BAR
    bar = start_step[heard] // STEPS_PER_BAR
    notes = np.bincount(bar, minlength=bars)
    total = np.bincount(bar, velocity[heard], minlength=bars)
    known = notes > 0
    if not known.any():
        return np.zeros(bars), np.zeros(bars), known
    velocity = smooth(total, notes) - total.sum() / notes.sum()
    return velocity, smooth(notes * known, known) - notes[known].mean(), known


def smooth(total, count) -> np.ndarray:
    """Mean over five bars, the nearer the more, of values whose totals and counts [bars] are given: float64 [bars]."""
    if not len(total):
        return np.zeros(0)
    around = len(_SMOOTHING) // 2
    total, count = (np.convolve(values, _SMOOTHING)[around:-around] for values in (total, count))
    return total / np.maximum(count, 1e-9)


def _velocities(part: PartVelocity, step, group, loud_of_bar, rng):
    step, loud_of_bar = np.asarray(step, np.int64), np.asarray(loud_of_bar, np.float64)
    if step.ndim != 1 or step.shape != group.shape or loud_of_bar.ndim != 1:
        raise ValueError(f"step and pitch must be [N] each, loudness [bars], not {step.shape}, {loud_of_bar.shape}")
    if not (np.abs(loud_of_bar) <= 1).all():
        raise ValueError("loudness must be from -1 to 1")
    if step.size and not 0 <= step.min() <= step.max() < len(loud_of_bar) * STEPS_PER_BAR:
        raise ValueError(f"steps must be within the {len(loud_of_bar)} bars whose loudness is given")
    planned = part.level + part.accent[group, step % STEPS_PER_BAR] + part.section * loud_of_bar[step // STEPS_PER_BAR]
    played = planned + deviations(part.spread, part.memory, step, group, rng)
    return np.clip(np.rint(played), 1, 127).astype(np.int64)


@functools.cache
def built_in_table() -> VelocityTable:
    """The built-in table."""
    return from_json(TABLE.read_text())


def from_json(text: str) -> VelocityTable:
    """The table that surrogate.evaluation.fit_velocity.to_json made text of."""
    table = json.loads(text)
    arrays = ("accent", "spread", "memory")
    parts = (
        PartVelocity(**{name: np.array(value) if name in arrays else value for name, value in table[part].items()})
        for part in ("drums", "bass")
    )
    return VelocityTable(table["density"], *parts)
