"""The bass of chords that are given: as B in G7/B, played where the root would be; and where it leaves their notes."""

import numpy as np

from musicvae_jax.events import FIRST_PITCH, LOWEST_BASS, STEPS_PER_BAR, held_pitches, token_of_pitch
from surrogate.reading.chords import NOTES_OF_QUALITIES_Qx12

_LOWEST = token_of_pitch(LOWEST_BASS)
FITS, STRAYS = -10, -11
"""In the place of a root: what the bass plays fits the chord that is given, or it does not."""


def played(parts_KxTx2, chords_Sx2x3) -> np.ndarray:
    """Moves roots in the bass to the basses that chords are given with.

    Args:
        parts_KxTx2: uint16 [K, T, 2], tokens of bass and drums.
        chords_Sx2x3: int, root, quality and bass of half bars as surrogate.reading.song_chords has them.

    Returns:
        The same with each bass note of the root's pitch class moved to the nearest one of the bass's.
    """
    root_T, _, bass_T = _at_steps(chords_Sx2x3)
    tokens_KxT = parts_KxTx2[..., 0].astype(np.int64)
    is_root_KxT = (tokens_KxT >= FIRST_PITCH) & ((tokens_KxT - token_of_pitch(0)) % 12 == root_T)
    moved_KxT = tokens_KxT + (bass_T - root_T + 5) % 12 - 5
    moved_KxT += 12 * (moved_KxT < np.minimum(tokens_KxT, _LOWEST))
    written = parts_KxTx2.copy()
    written[..., 0] = np.where(is_root_KxT, moved_KxT, tokens_KxT)
    return written


def sounding_roots(parts_KxTx2, drawn_KxSx2x2, given_Sx2x3=None) -> np.ndarray:
    """The roots of draws of a song; where chords are given, which are the same in all, whether the bass fits them.

    Args:
        parts_KxTx2: int [K, T, 2], tokens of bass and drums.
        drawn_KxSx2x2: int [K, S, 2, 2], root and quality of their chords in half bars.
        given_Sx2x3: int, root, quality and bass of those chords that are given, as played takes them; None: none are.

    Returns:
        int64 [K, T]; FITS where a chord is given and the bass is on a note of it, or silent, STRAYS where it is not.
    """
    root_KxT = np.stack([_at_steps(own_Sx2x2)[0] for own_Sx2x2 in drawn_KxSx2x2])
    if given_Sx2x3 is None:
        return root_KxT
    given_T, quality_T, bass_T = _at_steps(given_Sx2x3)
    pitch_KxT = held_pitches(parts_KxTx2[..., 0])
    fits_KxT = NOTES_OF_QUALITIES_Qx12[quality_T, (pitch_KxT - given_T) % 12] | (pitch_KxT % 12 == bass_T)
    return np.where(given_T >= 0, np.where(fits_KxT | (pitch_KxT < 0), FITS, STRAYS), root_KxT)


def _at_steps(chords_Sx2xC):
    """The columns of half bars' chords at each step, [T] each."""
    return np.repeat(chords_Sx2xC.reshape(-1, chords_Sx2xC.shape[-1]), STEPS_PER_BAR // 2, axis=0).T
