"""Which of several draws of a song to play, told apart: those most like all the others, and most like people's.

What is most like the others (minimum Bayes risk) is right most often, and tamer than people's: what most draws agree
on. A critic says how like people's it is.
"""

import numpy as np

from musicvae_jax.events import drum_bits, held_pitches
from surrogate.model.chord_bass import FITS, STRAYS

_WEIGHTS = 3, 1, 1, 1
"""Of harmony, of kicks, of snares and of all other drums."""
_LEAST = 0.02
"""The likeness that counts as none."""
ALIKE = 0.95
"""Draws whose likeness is more are one take."""
ODDS = 0.067
"""How much likeness to the others a draw may lack that has one more of log-odds to be people's."""
HEARD = 0.6
"""The share of the draws, those most like the others, whose log-odds count: snares alone are people's, in a march."""


def likeness(parts_KxTx2) -> np.ndarray:
    """How like draws of a song are: the mean of harmony and drums, of equal pitch classes and of F1 of hits.

    F1 is the mean of that of kicks, of snares and of all other drums, which are most of the hits.

    Args:
        parts_KxTx2: int [K, T, 2], tokens of bass and drums.

    Returns:
        float64 [K, K], 0 to 1; rests of the bass count as one more pitch class.
    """
    return np.average(_alike(parts_KxTx2, None, silent=1.0), axis=0, weights=_WEIGHTS)


def agreement(parts_KxTx2, roots_KxT=None) -> np.ndarray:
    """How like the others each draw of a song is: the geometric mean of harmony and drums, as in likeness.

    What is unlike the others in one respect, as snares without a kick or a hat are, is unlike them. A drum that neither
    of two draws plays speaks for none: a song without a kick is not the better for being one of many.

    Args:
        parts_KxTx2: int [K, T, 2], tokens of bass and drums.
        roots_KxT: int [K, T], chord_bass.sounding_roots, half of the harmony: a bass that moves within a chord is as
            much in harmony as one that sits still; None: not known.

    Returns:
        float64 [K], 0 to 1.
    """
    alike_AxKxK = _alike(parts_KxTx2, roots_KxT, silent=0.0)
    others = max(len(parts_KxTx2) - 1, 1)
    alike_AxK = (alike_AxKxK.sum(-1) - np.diagonal(alike_AxKxK, axis1=1, axis2=2)) / others
    return np.exp(np.average(np.log((alike_AxK + _LEAST) / (1 + _LEAST)), axis=0, weights=_WEIGHTS))


def _alike(parts_KxTx2, roots_KxT, *, silent):
    """How like draws are in harmony, kicks, snares and other drums, float64 [4, K, K]; silent is the F1 of no hits."""
    pitch_KxT = held_pitches(parts_KxTx2[..., 0])
    classes = [np.where(pitch_KxT >= 0, pitch_KxT % 12, -1), *([] if roots_KxT is None else [roots_KxT])]
    same_KxK = np.mean([[_same(class_KxT, own).mean(-1) for own in class_KxT] for class_KxT in classes], axis=0)
    hits_KxTx9 = drum_bits(parts_KxTx2[..., 1].astype(np.int64)).astype(np.float32)
    drums = (hits.reshape(len(hits), -1) for hits in np.split(hits_KxTx9, (1, 2), axis=-1))
    return np.stack([same_KxK, *(_f1(hits_KxN, silent) for hits_KxN in drums)])


def _same(class_KxT, own_T):
    """Where draws are like one of them, which is like all of them where it fits, and like none where it strays."""
    return (own_T == FITS) | (class_KxT == own_T) & (own_T != STRAYS)


def _f1(hits_KxN, silent):
    total_KxK = hits_KxN.sum(1)[:, None] + hits_KxN.sum(1)
    return np.where(total_KxK > 0, 2 * (hits_KxN @ hits_KxN.T) / np.maximum(total_KxK, 1), silent)


def ranked(
    parts_KxTx2, count: int, *, roots_KxT=None, odds_K=0.0, chords_KxSxHx2=None, before_Tx2=None
) -> tuple[np.ndarray, np.ndarray]:
    """Chooses takes among draws of a song.

    Args:
        parts_KxTx2: int [K, T, 2], tokens of bass and drums.
        count: takes, at most K.
        roots_KxT: as agreement takes them.
        odds_K: log-odds that people wrote each, float [K]; one that is less like the others than most has the least.
        chords_KxSxHx2: int [K, S, 2, 2], their chords, where takes are to differ in these; or None.
        before_Tx2: int, a take that is to be replaced: draws much like it come last; or None.

    Returns:
        The numbers of the chosen, int64 [count], best first, those much like one before it only where there are no
        others; of those that are to differ in their chords the ones that do most. And what each is chosen by, float64
        [count]: how like the others it is, and ODDS times its log-odds more.
    """
    alike_KxK, rating_K = likeness(parts_KxTx2), agreement(parts_KxTx2, roots_KxT)
    odds_K = np.broadcast_to(odds_K, len(rating_K))
    is_heard_K = rating_K >= np.sort(rating_K)[-int(np.ceil(HEARD * len(rating_K)))]
    rating_K = rating_K + ODDS * np.where(is_heard_K, odds_K, odds_K.min())
    chosen, left = [], list(np.argsort(-rating_K, kind="stable"))
    if before_Tx2 is not None:
        to_before_K = likeness(np.concatenate([parts_KxTx2, before_Tx2[None]]))[-1]
        left.sort(key=lambda draw: max(to_before_K[draw], ALIKE))
    if chords_KxSxHx2 is not None:
        chosen = sorted(_differing(chords_KxSxHx2, left, count), key=left.index)
    while len(chosen) < count:
        is_new = alike_KxK[np.ix_(left, chosen)].max(1, initial=0) < ALIKE
        chosen.append(left.pop(int(is_new.argmax())))
    return np.array(chosen), rating_K[chosen]


def _differing(chords_KxSxHx2, order, count) -> list[int]:
    """The first draw in an order, then each time the one whose chords differ from those chosen in most half bars."""
    chords_KxHx2 = np.asarray(chords_KxSxHx2).reshape(len(chords_KxSxHx2), -1, 2)
    differs_KxK = (chords_KxHx2[:, None] != chords_KxHx2).any(-1).mean(-1)
    chosen, left = order[:1], order[1:]
    while len(chosen) < count:
        chosen.append(left.pop(int(differs_KxK[np.ix_(left, chosen)].min(1).argmax())))
    return chosen
