"""Form: what bass and drums do where the melody returns, and where phrases end."""

import numpy as np

from musicvae_jax.events import (
    BARS_PER_WINDOW,
    BASS,
    DRUMS,
    FIRST_PITCH,
    MELODY,
    STEPS_PER_BAR,
    WINDOW_STEPS,
    held_pitches,
)
from surrogate.evaluation.drum_kit import kinds_struck

PHRASE_BARS = 4
_PHRASE_STEPS = PHRASE_BARS * STEPS_PER_BAR
LEAST_NOTES, LEAST_STEPS = 8, 16
"""Of the melody of a phrase, and of the bass of both of a pair at once, for the pair to count."""
ALIKE, UNLIKE = 0.85, 0.3
"""F1 of two phrases' notes from which on the melody returns, and below which it is another."""


def returns(tokens) -> dict[str, tuple[float, float]]:
    """How alike bass and drums are in phrases of 4 bars whose melody returns, and in phrases whose melody is unlike.

    Phrases follow each other from the first bar of the song on.

    Args:
        tokens: of a song, int [T, 3].

    Returns:
        Of "bass" (share of equal pitch classes where both sound), "bass_onsets" (F1) and "drums" (Jaccard similarity of
        hits, by kind of drum) the mean over pairs of each sort; nan where there is none.
    """
    tokens = np.asarray(tokens)
    alike_PxP, unlike_PxP = _pairs(_phrases(tokens[:, MELODY]))
    pitch_PxT = _phrases(held_pitches(tokens[:, BASS]))
    onsets_PxT = _phrases(tokens[:, BASS]) >= FIRST_PITCH
    hits_PxX = _phrases(kinds_struck(tokens[:, DRUMS]))
    both_PxPxT = (pitch_PxT[:, None] >= 0) & (pitch_PxT >= 0)
    equal_PxPxT = both_PxPxT & (pitch_PxT[:, None] % 12 == pitch_PxT % 12)
    shared_hits, hits = _shared_and_all(hits_PxX)
    shared_onsets, onsets = _shared_and_all(onsets_PxT)
    with np.errstate(invalid="ignore"):
        likeness = {
            "bass": equal_PxPxT.sum(-1) / both_PxPxT.sum(-1),
            "bass_onsets": 2 * shared_onsets / onsets,
            "drums": shared_hits / (hits - shared_hits),
        }
    counts_PxP = (both_PxPxT.sum(-1) >= LEAST_STEPS) & (hits > 0)
    sorts = alike_PxP & counts_PxP, unlike_PxP & counts_PxP
    return {name: tuple(_mean(values[sort]) for sort in sorts) for name, values in likeness.items()}


def fills(drums_T) -> tuple[float, int]:
    """By how many hits more every fourth bar differs from the usual bar than the others do.

    The usual bar of 16 has the hits, by kind of drum, that more than half of them have.

    Args:
        drums_T: masks of a song, int [T].

    Returns:
        The sum over its stretches of 16 bars, and how many they are.
    """
    windows_WxX = _pieces(kinds_struck(drums_T), WINDOW_STEPS)
    bars_WxBxX = windows_WxX.reshape(len(windows_WxX), BARS_PER_WINDOW, windows_WxX.shape[1] // BARS_PER_WINDOW)
    return float(in_fourth_bars(unusual_hits(bars_WxBxX)).sum()), len(bars_WxBxX)


def unusual_hits(bars_WxBxX) -> np.ndarray:
    """In how many hits each bar differs from the usual one of its window: bool [W, B, X] -> int64 [W, B]."""
    usual_Wx1xX = bars_WxBxX.sum(1, keepdims=True) > bars_WxBxX.shape[1] / 2
    return (bars_WxBxX != usual_Wx1xX).sum(-1)


def in_fourth_bars(values_WxB) -> np.ndarray:
    """By how much the mean over every fourth bar is more than that over the others: float64 [W]."""
    fourth_B = np.arange(values_WxB.shape[1]) % PHRASE_BARS == PHRASE_BARS - 1
    return values_WxB[:, fourth_B].mean(1) - values_WxB[:, ~fourth_B].mean(1)


def _phrases(track_TxX):
    return _pieces(track_TxX, _PHRASE_STEPS)


def _pieces(track_TxX, steps):
    """[T, ...] to whole pieces of so many steps, [P, steps * X]; what is left over is left out."""
    pieces = len(track_TxX) // steps
    return track_TxX[: pieces * steps].reshape(pieces, steps * track_TxX[0].size)


def _pairs(melody_PxT):
    """Which pairs of phrases have the same melody, and which another: bool [P, P] each, each pair once."""
    begins_PxT = melody_PxT >= FIRST_PITCH
    notes_P = begins_PxT.sum(-1)
    same_PxP = (begins_PxT & (melody_PxT[:, None] == melody_PxT)).sum(-1)
    f1_PxP = 2 * same_PxP / np.maximum(notes_P[:, None] + notes_P, 1)
    enough_P = notes_P >= LEAST_NOTES
    pairs_PxP = np.tril(enough_P[:, None] & enough_P, -1)
    return pairs_PxP & (f1_PxP >= ALIKE), pairs_PxP & (f1_PxP < UNLIKE)


def _shared_and_all(hits_PxX):
    """Of each pair, hits that both have, and hits of one and of the other together: int64 [P, P] each."""
    hits_PxX = hits_PxX.astype(np.int64)
    count_P = hits_PxX.sum(-1)
    return hits_PxX @ hits_PxX.T, count_P[:, None] + count_P


def _mean(values):
    """That of those that are numbers; nan where there is none."""
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else float("nan")
