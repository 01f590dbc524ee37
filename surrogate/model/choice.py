"""Which of several draws of a song to play: those most like all the others (minimum Bayes risk), told apart."""

import numpy as np

from musicvae_jax.events import drum_bits, held_pitches

ALIKE = 0.95
"""Draws whose likeness is more are one take."""


def likeness(parts_KxTx2) -> np.ndarray:
    """How like draws of a song are to each other: the mean of F1 of drum hits and share of equal bass pitch classes.

    Args:
        parts_KxTx2: int [K, T, 2], tokens of bass and drums.

    Returns:
        float64 [K, K], 0 to 1; rests of the bass count as one more pitch class.
    """
    pitch_KxT = held_pitches(parts_KxTx2[..., 0])
    class_KxT = np.where(pitch_KxT >= 0, pitch_KxT % 12, -1)
    same_KxK = np.array([(class_KxT == own).mean(-1) for own in class_KxT])
    hits = drum_bits(parts_KxTx2[..., 1].astype(np.int64)).reshape(len(parts_KxTx2), -1).astype(np.float32)
    total_K = hits.sum(1)
    f1_KxK = 2 * (hits @ hits.T) / np.maximum(total_K[:, None] + total_K, 1)
    return (same_KxK + f1_KxK) / 2


def ranked(parts_KxTx2, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Chooses takes among draws of a song.

    Args:
        parts_KxTx2: int [K, T, 2], tokens of bass and drums.
        count: takes, at most K.

    Returns:
        The numbers of the chosen, int64 [count]: the one most like the others first, those much like one before it only
        where there are no others. And how like the others each is, float64 [count].
    """
    alike_KxK = likeness(parts_KxTx2)
    rating_K = (alike_KxK.sum(1) - np.diag(alike_KxK)) / max(len(alike_KxK) - 1, 1)
    chosen, left = [], list(np.argsort(-rating_K, kind="stable"))
    while len(chosen) < count:
        is_new = alike_KxK[np.ix_(left, chosen)].max(1, initial=0) < ALIKE
        chosen.append(left.pop(int(is_new.argmax())))
    return np.array(chosen), rating_K[chosen]
