"""What sounds in each half bar of a song: pitch classes, and which of them are lowest."""

import numpy as np

from musicvae_jax.events import MAX_PITCH, MIN_PITCH, STEPS_PER_BAR

STEPS_PER_HALF_BAR = STEPS_PER_BAR // 2
_PITCHES = MAX_PITCH - MIN_PITCH + 1


def half_bars(notes_of_tracks, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Count on how many steps of each half bar pitch classes sound.

    Args:
        notes_of_tracks: of each pitched track first step, last step (which it does not sound on) and MIDI pitch, all
            of the models' range, int64 [N] each.
        steps: of the song, whole bars.

    Returns:
        chroma: int64 [H, 12], each track counted once a step, so at most 8 a track.
        lowest: int64 [H, 12], on how many steps each is that of the song's lowest note, at most 8 a half bar.
    """
    chroma = np.zeros((steps // STEPS_PER_HALF_BAR, 12), np.int64)
    for first, last, pitch in notes_of_tracks:
        chroma += _sounding(first, last, pitch % 12, steps, 12).reshape(len(chroma), STEPS_PER_HALF_BAR, 12).sum(1)
    first, last, pitch = (np.concatenate(values) for values in zip(*notes_of_tracks, strict=True))
    is_held_TxP = _sounding(first, last, pitch - MIN_PITCH, steps, _PITCHES)
    step = np.flatnonzero(is_held_TxP.any(axis=1))
    pitch_class = (is_held_TxP[step].argmax(axis=1) + MIN_PITCH) % 12
    lowest = np.bincount(step // STEPS_PER_HALF_BAR * 12 + pitch_class, minlength=chroma.size)
    return chroma, lowest.reshape(chroma.shape)


def _sounding(first, last, kind, steps, kinds) -> np.ndarray:
    """bool [steps, kinds]: whether a note of that kind sounds on the step."""
    size = (steps + 1) * kinds
    change = np.bincount(first * kinds + kind, minlength=size) - np.bincount(last * kinds + kind, minlength=size)
    return change.reshape(-1, kinds).cumsum(axis=0)[:-1] > 0
