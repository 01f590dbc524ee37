"""A melody as music: what a bar of it sounds like to the models, and how like its bars are to each other."""

import numpy as np

from musicvae_jax.events import FIRST_PITCH, MIN_PITCH, STEPS_PER_BAR, held_pitches

_MIDDLE_PITCH, _OCTAVE = 66, 12
_LONGEST = 32
"""Steps to the next onset beyond which nothing is told apart."""
_STEP_FEATURES = 12 + 4
FEATURES_PER_BAR = STEPS_PER_BAR * _STEP_FEATURES + 2 * 12
LIKENESS_FEATURES = 5
PHRASE = range(-2, 4)
"""The bars around a bar that make its phrase, from two before it to three after."""
_RETURNS = 0.85
_SILENT_LIKENESS = 0.3


def melody_features(melody_T) -> np.ndarray:
    """Features of each bar of a melody.

    Of each step: the pitch class that is held, whether a note begins, the height of what is held (octaves from the
    middle), and of a note that begins how long it is until the next, as a logarithm and as what is missing from the
    longest. Of each half bar: beats that each pitch class sounds.

    Args:
        melody_T: int [S * 16], tokens, in C (surrogate.reading.keys).

    Returns:
        float32 [S, FEATURES_PER_BAR].
    """
    melody_T, steps = np.asarray(melody_T), np.arange(len(melody_T))
    pitch_T = held_pitches(melody_T)
    sounds, begins = pitch_T >= 0, melody_T >= FIRST_PITCH
    features_TxF = np.zeros((len(melody_T), _STEP_FEATURES), np.float32)
    features_TxF[steps[sounds], pitch_T[sounds] % 12] = 1
    halves_Hx12 = features_TxF[:, :12].reshape(-1, STEPS_PER_BAR // 2, 12).sum(1) / 4
    onset_T = np.where(begins, steps, len(melody_T) + _LONGEST)
    next_T = np.append(np.minimum.accumulate(onset_T[::-1])[::-1][1:], len(melody_T) + _LONGEST) - steps
    length_T = np.log2(np.clip(next_T, 1, _LONGEST)) / np.log2(_LONGEST)
    features_TxF[:, 12] = begins
    features_TxF[:, 13] = np.where(sounds, (pitch_T - _MIDDLE_PITCH) / _OCTAVE, 0)
    features_TxF[:, 14] = np.where(begins, length_T, 0)
    features_TxF[:, 15] = np.where(begins, 1 - length_T, 0)
    bars = len(melody_T) // STEPS_PER_BAR
    return np.concatenate([features_TxF.reshape(bars, -1), halves_Hx12.reshape(bars, -1)], axis=1)


def likeness(melody_T) -> np.ndarray:
    """How like each bar of a melody is to each other.

    The cosine of the onsets' pitch classes of both bars; its mean over the bars of their phrases (PHRASE), and whether
    that says that the phrase returns; whether the bars are a multiple of 4, and of 8, apart. A bar is not like itself.

    Args:
        melody_T: int [S * 16], tokens.

    Returns:
        float32 [S, S, LIKENESS_FEATURES].
    """
    melody_SxT = np.asarray(melody_T).reshape(-1, STEPS_PER_BAR).astype(np.int64)
    bars = len(melody_SxT)
    bar, step = np.nonzero(melody_SxT >= FIRST_PITCH)
    onsets = np.zeros((bars, STEPS_PER_BAR, 13), np.float32)
    onsets[bar, step, (melody_SxT[bar, step] - FIRST_PITCH + MIN_PITCH) % 12] = 1
    onsets[bar, step, 12] = 0.5  # the same rhythm on other notes is a little alike
    onsets = onsets.reshape(bars, -1)
    size = np.linalg.norm(onsets, axis=1, keepdims=True)
    unit = onsets / np.maximum(size, 1e-6)
    cosine_SxS = unit @ unit.T
    silent = size[:, 0] < 1e-6
    cosine_SxS[np.ix_(silent, silent)] = _SILENT_LIKENESS
    phrase_SxS, weight_SxS = np.zeros((2, bars, bars), np.float32)
    for offset in PHRASE:
        here = slice(max(0, -offset), min(bars, bars - offset))
        there = slice(here.start + offset, here.stop + offset)
        if here.start < here.stop:
            phrase_SxS[here, here] += cosine_SxS[there, there]
            weight_SxS[here, here] += 1
    phrase_SxS /= np.maximum(weight_SxS, 1)
    apart_SxS = np.abs(np.arange(bars)[:, None] - np.arange(bars))
    for values in (cosine_SxS, phrase_SxS):
        np.fill_diagonal(values, 0)
    multiples = [(apart_SxS % n == 0) & (apart_SxS > 0) for n in (4, 8)]
    return np.stack([cosine_SxS, phrase_SxS, phrase_SxS > _RETURNS, *multiples], -1).astype(np.float32)
