"""What a listener hears of a stretch of music at once: how dense, how syncopated, how wide each part is."""

import numpy as np

from musicvae_jax.events import BASS, DRUMS, FIRST_PITCH, MELODY, STEPS_PER_BAR

KINDS = ("density", "syncopation", "range")
NAMES = (
    *(f"{part}_{kind}" for part in ("melody", "bass") for kind in KINDS),
    *(f"drums_{kind}" for kind in KINDS[:2]),
)
"""Of melody and bass three, of drums, which have no pitch, two."""
_WEIGHT = np.array([5, 1, 2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 3, 1, 2, 1])
"""How strong each step of a bar is; of steps in a row the stronger is where a beat is expected."""


def of_music(tokens_nxTx3) -> np.ndarray:
    """Measures stretches of music.

    density: notes, or steps with a drum, a bar. syncopation: those a bar that begin on a weaker step and are followed
    by none on the next stronger one, where one was expected. range: semitones from lowest to highest note.

    Args:
        tokens_nxTx3: int [n, T, 3], whole bars.

    Returns:
        float64 [n, len(NAMES)].

    Source: syncopation after Longuet-Higgins and Lee, The Rhythmic Interpretation of Monophonic Music (1984).
    """
    columns = []
    for part in (MELODY, BASS):
        line = tokens_nxTx3[..., part].astype(np.int64)
        onsets = line >= FIRST_PITCH
        low = np.where(onsets, line, line.max() + 1).min(-1)
        columns += [_density(onsets), _syncopation(onsets), np.where(onsets.any(-1), line.max(-1) - low, 0)]
    struck = tokens_nxTx3[..., DRUMS] > 0
    return np.stack([*columns, _density(struck), _syncopation(struck)], -1).astype(np.float64)


def plays(tokens_nxTx3) -> np.ndarray:
    """Whether all three parts play in stretches of music, bool [n]."""
    lines = (tokens_nxTx3[..., :DRUMS] >= FIRST_PITCH).any(1).all(-1)
    return lines & (tokens_nxTx3[..., DRUMS] > 0).any(-1)


def _density(onsets_nxT):
    return onsets_nxT.sum(-1) / (onsets_nxT.shape[1] / STEPS_PER_BAR)


def _syncopation(onsets_nxT):
    steps = onsets_nxT.shape[1]
    weight = np.tile(_WEIGHT, steps // STEPS_PER_BAR)
    step = np.arange(steps)
    stronger = (weight[None] > weight[:, None]) & (step[None] > step[:, None])
    has_one, expected = stronger.any(1), stronger.argmax(1)
    until = np.pad(np.cumsum(onsets_nxT, 1), ((0, 0), (1, 0)))
    notes_on_the_way = until[:, expected + 1] - until[:, step + 1]
    return _density(onsets_nxT & has_one & (notes_on_the_way == 0))
