"""The bass that a chord is given with, as B in G7/B: played where the chord's root would be."""

import numpy as np

from musicvae_jax.events import FIRST_PITCH, LOWEST_BASS, STEPS_PER_BAR, token_of_pitch

_LOWEST = token_of_pitch(LOWEST_BASS)


def played(parts_KxTx2, chords_Sx2x3) -> np.ndarray:
    """Moves roots in the bass to the basses that chords are given with.

    Args:
        parts_KxTx2: uint16 [K, T, 2], tokens of bass and drums.
        chords_Sx2x3: int, root, quality and bass of half bars as surrogate.reading.song_chords has them.

    Returns:
        The same with each bass note of the root's pitch class moved to the nearest one of the bass's.
    """
    root_T, bass_T = (np.repeat(chords_Sx2x3[..., i].reshape(-1), STEPS_PER_BAR // 2) for i in (0, 2))
    tokens_KxT = parts_KxTx2[..., 0].astype(np.int64)
    is_root_KxT = (tokens_KxT >= FIRST_PITCH) & ((tokens_KxT - token_of_pitch(0)) % 12 == root_T)
    moved_KxT = tokens_KxT + (bass_T - root_T + 5) % 12 - 5
    moved_KxT += 12 * (moved_KxT < np.minimum(tokens_KxT, _LOWEST))
    written = parts_KxTx2.copy()
    written[..., 0] = np.where(is_root_KxT, moved_KxT, tokens_KxT)
    return written
