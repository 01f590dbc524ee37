"""Chords of half bars, told from what sounds.

Each half bar's sounds are taken as drawn from a chord: a share CHORD_SHARE of them from its notes, the rest from the
others; and the lowest notes from its root, its other notes and the rest by BASS_SHARES. What the counts say is weighed
as if CHROMA_WEIGHT and BASS_WEIGHT sounds had been heard, however many there were. The path of chords that is likeliest
as a whole is found by Viterbi's algorithm, where a chord that is neither major nor minor costs RARE_COST, a change
CHANGE_COST and one within a bar MIDDLE_COST more, in nats. The parameters were chosen on songs of POP909;
docs/chords.md measures them on others.
"""

import numpy as np

from musicvae_jax.events import line_notes
from surrogate.reading import chroma
from surrogate.reading.likeliest_path import likeliest_path

CHORD_SHARE = 0.85
BASS_SHARES = 0.75, 0.2, 0.05
CHROMA_WEIGHT, BASS_WEIGHT = 8.0, 2.0
RARE_COST, CHANGE_COST, MIDDLE_COST = 2.0, 1.5, 1.0

QUALITIES = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus4": (0, 5, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "hdim7": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
}
"""Harte's name of each quality -> its notes, in semitones above the root."""
NOTES_OF_QUALITIES_Qx12 = np.array([np.isin(np.arange(12), notes) for notes in QUALITIES.values()])
"""bool [qualities, 12]: which semitones above its root are of a chord of each quality."""
NONE = -1
"""The root, quality and bass of a half bar in which nothing sounds."""


def label(chroma_Hx12, lowest_Hx12) -> np.ndarray:
    """Tell the chord of each half bar.

    Args:
        chroma_Hx12, lowest_Hx12: [H, 12], as surrogate.reading.chroma.half_bars counts them, from a bar line on.

    Returns:
        int8 [H, 3], columns root (0 to 11), quality (the place in QUALITIES) and the pitch class that is lowest for
        longest; NONE where nothing sounds.
    """
    chroma_Hx12, lowest_Hx12 = np.asarray(chroma_Hx12, np.float64), np.asarray(lowest_Hx12, np.float64)
    evidence_HxC = CHROMA_WEIGHT * _shares(chroma_Hx12) @ _LOG_CHROMA_12xC
    evidence_HxC += BASS_WEIGHT * _shares(lowest_Hx12) @ _LOG_BASS_12xC
    evidence_HxC -= _COST_C
    cost_H = CHANGE_COST + np.arange(len(evidence_HxC)) % 2 * MIDDLE_COST
    quality, root = np.divmod(likeliest_path(evidence_HxC, cost_H), 12)
    chords_Hx3 = np.stack([root, quality, lowest_Hx12.argmax(axis=1)], axis=1).astype(np.int8)
    chords_Hx3[chroma_Hx12.sum(axis=1) == 0] = NONE
    return chords_Hx3


def of_lines(melody_T, bass_T) -> np.ndarray:
    """Tells the chords of bars from a melody and a bass, int [S * 16] tokens each: int8 [S, 2, 3], as label does."""
    lines = [line_notes(line_T) for line_T in (melody_T, bass_T)]
    return label(*chroma.half_bars(lines, len(melody_T))).reshape(-1, 2, 3)


def _shares(counts_Hx12):
    return counts_Hx12 / np.maximum(counts_Hx12.sum(axis=1, keepdims=True), 1)


def _tables():
    """Logarithms of how likely each pitch class is of each chord to sound, and to be the lowest: [12, C] each."""
    chroma, bass = [], []
    for notes, is_chord in zip(QUALITIES.values(), NOTES_OF_QUALITIES_Qx12, strict=True):
        sounding = np.where(is_chord, CHORD_SHARE / len(notes), (1 - CHORD_SHARE) / (12 - len(notes)))
        root, other, rest = BASS_SHARES
        lowest = np.where(is_chord, other / (len(notes) - 1), rest / (12 - len(notes)))
        lowest[0] = root
        chroma += [np.roll(sounding, shift) for shift in range(12)]
        bass += [np.roll(lowest, shift) for shift in range(12)]
    return np.log(chroma).T, np.log(bass).T


_LOG_CHROMA_12xC, _LOG_BASS_12xC = _tables()
_COST_C = np.repeat([RARE_COST * (name not in ("maj", "min")) for name in QUALITIES], 12)
