"""How a bass fits a melody: pitch classes, the key, and Harte's tonal distance.

The functions with real and generated windows are columns of surrogate.evaluation.metrics, in its form.
"""

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR, held_pitches
from surrogate.reading.keys import C_MAJOR

_ANGLE_12 = np.arange(12) * np.pi
TONAL_SPACE_12x6 = np.stack(
    [
        radius * coordinate(_ANGLE_12 * step)
        for radius, step in ((1.0, 7 / 6), (1.0, 3 / 2), (0.5, 2 / 3))
        for coordinate in (np.sin, np.cos)
    ],
    axis=-1,
)
"""Pitch classes on the circles of fifths, minor thirds and major thirds (Harte, Sandler & Gasser 2006)."""


def chroma(line_nxT) -> np.ndarray:
    """Steps that each pitch class sounds in each bar of melody or bass lines: float64 [n, T / 16, 12]."""
    pitch_nxSxT = held_pitches(line_nxT).reshape(len(line_nxT), -1, STEPS_PER_BAR)
    sounds = pitch_nxSxT[..., None] % 12 == np.arange(12)
    return (sounds & (pitch_nxSxT >= 0)[..., None]).sum(-2, dtype=np.float64)


def pitch_class_accuracy(real, generated):
    """Share of equal pitch classes over the steps at which both the real and the generated bass sound."""
    a, b = held_pitches(real[..., 1]), held_pitches(generated[..., 1])
    both = (a >= 0) & (b >= 0)
    return (both & (a % 12 == b % 12)).sum(1, dtype=np.float64), both.sum(1, dtype=np.float64)


def bass_in_key(real, generated):
    """Share of the steps at which bass sounds that are in C major, to which songs are brought by their melody."""
    pitch = held_pitches(generated[..., 1])
    sounds = pitch >= 0
    return (sounds & C_MAJOR[pitch % 12]).sum(1, dtype=np.float64), sounds.sum(1, dtype=np.float64)


def tonal_distance(real, generated):
    """Distance of the tonal centroids of the real melody and the generated bass, mean over bars where both sound."""
    melody, bass = chroma(real[..., 0]), chroma(generated[..., 1])
    distance = np.linalg.norm(_centroid(melody) - _centroid(bass), axis=-1)
    both = melody.any(-1) & bass.any(-1)
    return (distance * both).sum(1), both.sum(1, dtype=np.float64)


def _centroid(chroma_x12):
    return chroma_x12 / np.maximum(chroma_x12.sum(-1, keepdims=True), 1) @ TONAL_SPACE_12x6
