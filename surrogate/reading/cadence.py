"""The last chord of a song whose melody ends on its tonic."""

import numpy as np

from musicvae_jax.events import FIRST_PITCH, STEPS_PER_BAR, held_pitches
from surrogate.reading.chords import QUALITIES
from surrogate.reading.keys import Key
from surrogate.reading.song_chords import UNKNOWN

_HALF = STEPS_PER_BAR // 2
_LATE = 3
"""Steps that the last note may begin after a half bar, and still have its chord there."""


def final_chord(melody_T, key: Key) -> np.ndarray | None:
    """The tonic's chord, from the half bar on in which a melody's last note begins, if that is the tonic.

    People play it under 82 % of major and 76 % of minor melodies that end so (benchmarks/cadences.py). A model that
    knows songs in C alone does not know which of C and A is the tonic; the key tells.

    Args:
        melody_T: int [S * 16], tokens.
        key: of the song's end.

    Returns:
        int64 [S, 2, 3], root, quality and bass of half bars as song_chords has them, UNKNOWN before; or None.
    """
    onset = np.flatnonzero(np.asarray(melody_T) >= FIRST_PITCH)
    if not len(onset) or held_pitches(melody_T)[onset[-1]] % 12 != key.tonic:
        return None
    chords_Hx3 = np.full((len(melody_T) // _HALF, 3), UNKNOWN)
    first = (onset[-1] + _HALF - 1 - _LATE) // _HALF
    chords_Hx3[first:] = key.tonic, list(QUALITIES).index("min" if key.minor else "maj"), key.tonic
    return chords_Hx3.reshape(-1, 2, 3)
