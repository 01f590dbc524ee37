"""A small convolutional network that tells of each step of a line how likely it is a beat, and where in two beats.

The steps may be 16ths, 8ths or 32nds: nobody knows yet. surrogate.evaluation.fit_beats learns its weights.
"""

import functools
import pathlib

import numpy as np

from musicvae_jax.events import STEPS_PER_BEAT

TABLE = pathlib.Path(__file__).with_name("tables") / "beats.npz"
SCALES = (0.5, 1, 2)
"""Steps a 16th that are told apart."""
PLACES = tuple(int(2 * STEPS_PER_BEAT * scale) for scale in SCALES)
"""Steps in two beats at each scale."""
CLASSES = sum(PLACES)
DILATIONS = (1, 4, 8, 16)
FEATURES = 18
_LONGEST, _WIDEST = 64, 12  # steps and semitones; what is more tells no more


def features(first, last, pitch) -> np.ndarray:
    """What the network is given of a line.

    Args:
        first, last: int64 [N], steps at which notes begin, rising, and end, after that.
        pitch: int64 [N], MIDI pitches.

    Returns:
        float32 [T, 18], up to the last step: whether a note begins, how long to the next and from the one before, the
        interval, whether it is a peak or the same again, and which pitch classes sound.
    """
    steps = int(last.max()) + 1
    values = np.zeros((steps, FEATURES), np.float32)
    wait = np.diff(first)
    interval = np.append(0, np.diff(pitch))
    values[first, 0] = 1
    values[first, 1] = np.log2(np.minimum(np.append(wait, 8), _LONGEST)) / 3
    values[first, 2] = np.log2(np.minimum(np.append(1, wait), _LONGEST)) / 3
    values[first, 3] = np.clip(interval, -_WIDEST, _WIDEST) / 6
    values[first, 4] = (interval > 0) & (np.append(interval[1:], 0) <= 0)
    values[first, 5] = interval == 0
    sounding = np.zeros((steps + 1, 12), np.float32)
    np.add.at(sounding, (first, pitch % 12), 1)
    np.add.at(sounding, (np.minimum(last, np.append(first[1:], steps)), pitch % 12), -1)
    values[:, 6:] = sounding.cumsum(0)[:-1]
    return values


def log_chances(values, weights=None) -> np.ndarray:
    """Log-probabilities of each step's class, the places in two beats at one scale after the other.

    Args:
        values: float32 [T, 18], features.
        weights: of its layers, by name; None: the built-in ones.

    Returns:
        float32 [T, CLASSES].
    """
    weights = weights or _weights()
    hidden = np.zeros(1, np.float32)
    for layer, dilation in enumerate(DILATIONS):
        hidden = hidden + np.maximum(_convolved(values, weights, layer, dilation), 0)
        values = hidden
    score = _convolved(values, weights, len(DILATIONS), 1)
    score = score - score.max(1, keepdims=True)
    return score - np.log(np.exp(score).sum(1, keepdims=True))


def _convolved(values, weights, layer, dilation):
    kernel = weights[f"kernel_{layer}"]
    reach = len(kernel) // 2 * dilation
    padded = np.pad(values, ((reach, reach), (0, 0)))
    taps = (padded[tap * dilation :][: len(values)] @ each for tap, each in enumerate(kernel))
    return sum(taps, start=weights[f"bias_{layer}"])


@functools.cache
def _weights():
    with np.load(TABLE) as file:
        return {name: file[name].astype(np.float32) for name in file.files if name.startswith(("kernel", "bias"))}
