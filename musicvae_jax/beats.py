"""Bars as beats: what a beat of a line plays relative to its first note, which note that is, and what drums strike.

A bass is read relative to the chord: transposed so that the chord's root, in its lowest octave on a bass guitar, comes
to ROOT. Then one pattern stands for what a bassist plays over any chord.
"""

import jax.numpy as jnp
import numpy as np

from musicvae_jax.events import (
    BEATS_PER_BAR,
    CLOSED_HAT,
    CRASH,
    DRUM_CLASSES,
    FIRST_PITCH,
    LINE_CLASSES,
    LOWEST_BASS,
    OPEN_HAT,
    RIDE,
    STEPS_PER_BAR,
    STEPS_PER_BEAT,
)

ROOT = LOWEST_BASS + 12
"""MIDI pitch to which the root of each chord is brought."""
REACH = 24
"""Semitones above and below a beat's first note that its pattern can hold."""
PATTERN_CLASSES = FIRST_PITCH + 2 * REACH + 1
CYMBALS = CLOSED_HAT | OPEN_HAT | CRASH | RIDE
"""Mask of the drums that keep time or mark sections: hats, crash and ride; kick, snare and toms are the others."""
DRUM_HALVES = DRUM_CLASSES - 1 - CYMBALS, CYMBALS
NO_ROOT = -1
UNTOLD = LOWEST_BASS % 12
"""The root that stands for all where no chord is told: the bass is read an octave up, as it is."""
_STEPS_PER_HALF = STEPS_PER_BAR // 2


def known_roots(root_xH) -> np.ndarray:
    """Roots of half bars with those of silent ones filled in: each keeps the one before it, the first ones the next.

    Args:
        root_xH: int [..., H], pitch classes; NO_ROOT where no chord sounds.

    Returns:
        int64 [..., H], 0 to 11; C where no chord sounds at all.
    """
    root_xH = np.asarray(root_xH, np.int64)
    known = root_xH != NO_ROOT
    first = known.argmax(-1)[..., None]
    place = np.maximum.accumulate(np.where(known, np.arange(root_xH.shape[-1]), 0), axis=-1)
    return np.maximum(np.take_along_axis(root_xH, np.maximum(place, first), axis=-1), 0)


def root_height(root_x):
    """Semitones of a pitch class in its lowest octave on a bass guitar above that octave's first note, 0 to 11."""
    return (root_x - LOWEST_BASS) % 12


def semitones_to_root(root_SxH):
    """By how many semitones, 1 to 12, to transpose the bass of each step up: int [S, 2] of half bars -> int [S, 16]."""
    return _numpy_of(root_SxH).repeat(12 - root_height(root_SxH), _STEPS_PER_HALF, axis=-1)


def relative_bass(bass_SxT, root_SxH):
    """Bass tokens, int [S, 16], relative to the roots of their half bars, int [S, 2]."""
    return _moved(bass_SxT, semitones_to_root(root_SxH))


def absolute_bass(bass_SxT, root_SxH):
    """What relative_bass was made from; notes that would leave the vocabulary come back in by an octave."""
    return _moved(bass_SxT, -semitones_to_root(root_SxH))


def _moved(line_SxT, semitones_SxT):
    xp = _numpy_of(line_SxT)
    moved = line_SxT + semitones_SxT
    moved = xp.where(moved < FIRST_PITCH, moved + 12, xp.where(moved >= LINE_CLASSES, moved - 12, moved))
    return xp.where(line_SxT >= FIRST_PITCH, moved, line_SxT)


def line_beats(line_SxT):
    """Beats of bars of a line.

    Args:
        line_SxT: int [S, 16], tokens.

    Returns:
        Patterns int [S, 4, 4]: of each step NO_EVENT, NOTE_OFF, or FIRST_PITCH + REACH + semitones above the beat's
        first note, clipped. First notes int [S, 4]: the token; 0 where no note begins in the beat.
    """
    xp = _numpy_of(line_SxT)
    beats = line_SxT.reshape(len(line_SxT), BEATS_PER_BAR, STEPS_PER_BEAT)
    begins = beats >= FIRST_PITCH
    first = xp.take_along_axis(beats, begins.argmax(-1)[..., None], -1)[..., 0] * begins.any(-1)
    above = xp.clip(beats - first[..., None], -REACH, REACH)
    return xp.where(begins, FIRST_PITCH + REACH + above, beats), first


def line_of_beats(pattern_SxBxT, first_SxB):
    """What line_beats was made from, int [S, 16]; notes that would leave the vocabulary come back in by octaves."""
    xp = _numpy_of(pattern_SxBxT)
    notes = within(first_SxB[..., None] + pattern_SxBxT - (FIRST_PITCH + REACH), FIRST_PITCH, LINE_CLASSES - 1)
    return xp.where(pattern_SxBxT >= FIRST_PITCH, notes, pattern_SxBxT).reshape(len(first_SxB), STEPS_PER_BAR)


def within(notes_x, lowest, highest):
    """Notes, those below the lowest and above the highest brought back in by octaves."""
    xp = _numpy_of(notes_x)
    below, above = xp.maximum(lowest - notes_x, 0), xp.maximum(notes_x - highest, 0)
    return notes_x + 12 * (-(-below // 12)) - 12 * (-(-above // 12))


def drum_beats(drums_SxT):
    """Hits of kick, snare and toms, and of cymbals, beat by beat: int [S, 16] masks -> two of int [S, 4, 4]."""
    beats = drums_SxT.reshape(len(drums_SxT), BEATS_PER_BAR, STEPS_PER_BEAT)
    return beats & DRUM_HALVES[0], beats & DRUM_HALVES[1]


def _numpy_of(array):
    """NumPy for its arrays, which then need no device, and otherwise JAX's."""
    return np if isinstance(array, np.ndarray) else jnp
