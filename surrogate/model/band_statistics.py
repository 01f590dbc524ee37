"""What bass and drums of 16 bars are like, in numbers: what a critic (surrogate.model.critic) hears of them."""

import numpy as np

from musicvae_jax.events import (
    BARS_PER_WINDOW,
    BASS,
    DRUMS,
    FIRST_PITCH,
    MELODY,
    STEPS_PER_BAR,
    WINDOW_STEPS,
    drum_bits,
    held_pitches,
)

_KICK, _SNARE, _HATS = range(3)
_KINDS = ((0,), (1,), (2, 3), (3,), (4, 5, 6), (7,), (8,))
"""Bits of the drum mask that count as one: kick, snare, hats, of these the open one, toms, crash, ride."""
_PHRASE_BARS = 4
_LATER = (1, 2, 4, 8)
"""Bars after which a bar may come back."""
_LEAP = 13
"""Semitones; wider leaps count as this one."""
_OCTAVE = 12
_AT_ONCE = 64
"""Windows."""


def windows(tokens_Tx3) -> np.ndarray:
    """Cuts a song into windows of 16 bars, end to end; the last one ends with the song.

    Args:
        tokens_Tx3: int [T, 3], whole bars; a song of less than a window is repeated until it fills one.

    Returns:
        int [n, 256, 3].
    """
    steps = max(len(tokens_Tx3), WINDOW_STEPS)
    tokens_Tx3 = np.resize(tokens_Tx3, (steps, tokens_Tx3.shape[1]))
    starts = np.minimum(np.arange(0, steps, WINDOW_STEPS), steps - WINDOW_STEPS)
    return np.stack([tokens_Tx3[start : start + WINDOW_STEPS] for start in starts])


def statistics(tokens_nx256x3, semitones: int) -> np.ndarray:
    """Tells what windows are like.

    Args:
        tokens_nx256x3: int [n, 256, 3].
        semitones: up to C.

    Returns:
        float32 [n, STATISTICS]: where in the bar and in four bars drums and bass play, and how much that varies; how
        bars come back; intervals, lengths, notes and range of the bass; what sounds together.
    """
    starts = range(0, len(tokens_nx256x3), _AT_ONCE)
    parts = [_statistics(tokens_nx256x3[start : start + _AT_ONCE], semitones) for start in starts]
    return np.concatenate([np.zeros((0, STATISTICS), np.float32), *parts])


def _statistics(tokens_nxTx3, semitones):
    masks, lines = tokens_nxTx3[..., DRUMS].astype(np.int64), tokens_nxTx3[..., [MELODY, BASS]]
    struck_nxTx9 = drum_bits(masks).astype(bool)
    struck_nxTxK = np.stack([struck_nxTx9[..., list(bits)].any(-1) for bits in _KINDS], -1)
    onsets_nxTx2 = lines >= FIRST_PITCH
    melody, bass = (held_pitches(lines[..., i]) for i in range(2))
    pitch_class = np.where(onsets_nxTx2[..., 1], (bass + semitones) % _OCTAVE, -1)
    notes_nxTx12 = _one_hot(pitch_class, range(_OCTAVE))
    found = [
        *_places(struck_nxTxK, onsets_nxTx2),
        *_returns(struck_nxTxK, onsets_nxTx2[..., 1:], notes_nxTx12),
        *_line(bass, onsets_nxTx2[..., 1]),
        *_harmony(pitch_class, notes_nxTx12, melody, bass, onsets_nxTx2[..., 1]),
        *_together(struck_nxTxK, *np.moveaxis(onsets_nxTx2, -1, 0)),
    ]
    return np.concatenate([np.asarray(x, np.float32).reshape(len(bass), -1) for x in found], 1)


def _places(struck_nxTxK, onsets_nxTx2):
    """How often each kind of drum, and the bass, is struck at each step of a bar and in each of four bars."""
    found = [_by_bar(onsets_nxTx2[..., :1]).mean(1), onsets_nxTx2[..., 0].mean(1)]
    for bars_nxBxTxK in (_by_bar(struck_nxTxK), _by_bar(onsets_nxTx2[..., 1:])):
        hits_nxBxK = bars_nxBxTxK.sum(2)
        phrases = hits_nxBxK.reshape(len(hits_nxBxK), -1, _PHRASE_BARS, hits_nxBxK.shape[-1])
        found += [bars_nxBxTxK.mean(1), phrases.mean(1), hits_nxBxK.std(1)]
    return found


def _returns(struck_nxTxK, onsets_nxTx1, notes_nxTx12):
    """How drums, kick and snare, the others, rhythm and notes of the bass come back, and how bars differ from most."""
    found = []
    kinds = np.split(struck_nxTxK, [_HATS], -1)
    for values in (struck_nxTxK, *kinds, onsets_nxTx1, notes_nxTx12):
        bars_nxBxX = _by_bar(values).reshape(len(values), BARS_PER_WINDOW, -1)
        for later in _LATER:
            one, other = bars_nxBxX[:, later:], bars_nxBxX[:, :-later]
            found += [_f1(one, other).mean(1), (one == other).all(-1).mean(1)]
        equal_nxBxB = (bars_nxBxX[:, :, None] == bars_nxBxX[:, None]).all(-1)
        usual_nx1xX = bars_nxBxX.mean(1, keepdims=True) > 0.5
        unusual_nxB = (bars_nxBxX != usual_nx1xX).sum(-1)
        in_last = unusual_nxB[:, _PHRASE_BARS - 1 :: _PHRASE_BARS].mean(1) - unusual_nxB.mean(1)
        is_first = ~np.tril(equal_nxBxB, -1).any(-1)
        found += [is_first.mean(1), usual_nx1xX.sum((1, 2)), unusual_nxB.mean(1), unusual_nxB.max(1), in_last]
    return found


def _line(bass_nxT, onsets_nxT):
    """Intervals and times between notes, register, range, and how much of the time the bass sounds."""
    step = np.arange(bass_nxT.shape[1])
    latest = np.maximum.accumulate(np.where(onsets_nxT, step, -1), 1)
    before = np.pad(latest[:, :-1], ((0, 0), (1, 0)), constant_values=-1)
    follows = onsets_nxT & (before >= 0)
    leap = np.clip(bass_nxT - np.take_along_axis(bass_nxT, np.maximum(before, 0), 1), -_LEAP, _LEAP)
    gap = np.minimum(step - before, STEPS_PER_BAR)
    mean = _share(bass_nxT, onsets_nxT)
    spread = np.sqrt(_share((bass_nxT - mean[:, None]) ** 2, onsets_nxT))
    highest, lowest = np.where(onsets_nxT, bass_nxT, 0).max(1), np.where(onsets_nxT, bass_nxT, 127).min(1)
    return [
        _shares(leap, range(-_LEAP, _LEAP + 1), follows),
        _shares(gap, range(1, STEPS_PER_BAR + 1), follows),
        mean / _OCTAVE,
        spread,
        np.maximum(highest - lowest, 0),
        (bass_nxT >= 0).mean(1),
    ]


def _harmony(pitch_class_nxT, notes_nxTx12, melody_nxT, bass_nxT, onsets_nxT):
    """Notes of the bass in C and below the melody's, how many there are, and how half bars' first ones change."""
    halves = pitch_class_nxT.reshape(len(bass_nxT), BARS_PER_WINDOW, 2, -1)
    first_nxBx2 = np.take_along_axis(halves, (halves >= 0).argmax(-1)[..., None], -1)[..., 0]
    root_nxB = np.where(first_nxBx2[..., 0] >= 0, first_nxBx2[..., 0], first_nxBx2[..., 1])
    return [
        _share(notes_nxTx12, onsets_nxT),
        _shares((melody_nxT - bass_nxT) % _OCTAVE, range(_OCTAVE), onsets_nxT & (melody_nxT >= 0)),
        _share(first_nxBx2[..., 0] != first_nxBx2[..., 1], (first_nxBx2 >= 0).all(-1)),
        (root_nxB[:, 1:] != root_nxB[:, :-1]).mean(1),
        _one_hot(root_nxB, range(_OCTAVE)).any(1).sum(-1),
        notes_nxTx12.any(1).sum(-1),
    ]


def _together(struck_nxTxK, melody_nxT, bass_nxT):
    """How often what is struck is struck with something else."""
    kick, snare, hats = (struck_nxTxK[..., kind] for kind in (_KICK, _SNARE, _HATS))
    pairs = (kick, bass_nxT), (bass_nxT, kick), (snare, kick), (snare, bass_nxT), (hats, bass_nxT)
    pairs += (melody_nxT, bass_nxT), (bass_nxT, melody_nxT), (kick, melody_nxT), (struck_nxTxK.any(-1), melody_nxT)
    return [_share(one, other) for one, other in pairs]


def _by_bar(values_nxTxK):
    return values_nxTxK.reshape(len(values_nxTxK), BARS_PER_WINDOW, STEPS_PER_BAR, -1)


def _one_hot(values_x, classes):
    return values_x[..., None] == np.array(classes)


def _shares(values_nxT, classes, where_nxT):
    return _share(_one_hot(values_nxT, classes), where_nxT)


def _share(values_nxTxX, where_nxT):
    """The mean of values over the steps at which where_nxT holds; 0 where it never does."""
    where = where_nxT.reshape(where_nxT.shape + (1,) * (values_nxTxX.ndim - where_nxT.ndim))
    return (values_nxTxX * where).sum(1) / np.maximum(where.sum(1), 1)


def _f1(one_x, other_x):
    """F1 of what is true in both along the last axis; 1 where nothing is."""
    total = one_x.sum(-1) + other_x.sum(-1)
    return np.where(total > 0, 2 * (one_x & other_x).sum(-1) / np.maximum(total, 1), 1.0)


STATISTICS = _statistics(np.zeros((1, WINDOW_STEPS, 3), np.uint16), 0).shape[1]
"""How many statistics a window has."""
