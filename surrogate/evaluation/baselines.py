"""Accompaniments that no model made: another song's, a rule's and the nearest training melody's.

All return the melody that they take, with bass and drums for it.
"""

import numpy as np

from musicvae_jax import events
from surrogate.corpus.dataset import DatasetError
from surrogate.evaluation import harmony
from surrogate.reading import keys

_ROOTS = np.array([0, 7, 5, 9, 2, 4, 11])  # the degrees I, V, IV, vi, ii, iii, vii: of equally good ones the first
_FIFTHS = np.where(_ROOTS == 11, 6, 7)
_THIRDS = np.where(np.isin(_ROOTS, (0, 5, 7)), 4, 3)


def _triad_weights(root_weight=1.5):
    """What each step of a pitch class is worth to the triad on each of _ROOTS: float64 [7, 12]."""
    weight_7x12 = np.zeros((len(_ROOTS), 12))
    for above, weight in ((0, root_weight), (_THIRDS, 1), (_FIFTHS, 1)):
        weight_7x12[np.arange(len(_ROOTS)), (_ROOTS + above) % 12] = weight
    return weight_7x12


def another_song(tokens, shift, others) -> np.ndarray:
    """The bass and drums of another song in this one's key, their bars cut to length, or repeated from the first on.

    Args:
        tokens, shift: of a song, uint16 [T, 3] and the semitones that bring it to C.
        others: the same two of the other song.
    """
    other_tokens, other_shift = others
    place_T = np.arange(len(tokens)) % len(other_tokens)
    return with_melody(tokens, events.transpose(other_tokens[place_T], other_shift - shift)[..., 1:])


def rule(tokens, shift=0) -> np.ndarray:
    """The bar's root on each beat; kick on 1 and 3, snare on 2 and 4, hats in 8ths.

    The root is that of the triad of the key's notes that the bar's melody sounds in longest, steps on the root itself
    counting one and a half times; a bar without melody keeps the root before it, at first the tonic of the major key.

    Args:
        tokens: of a song, uint16 [T, 3].
        shift: the semitones that bring it to C.
    """
    chroma_Sx12 = np.roll(harmony.chroma(tokens[None, :, 0])[0], shift, axis=-1)
    triad_S = (chroma_Sx12 @ _triad_weights().T).argmax(-1)
    triad_S = triad_S[np.maximum.accumulate(np.where(chroma_Sx12.any(-1), np.arange(len(triad_S)), 0))]
    pitch_S = events.LOWEST_BASS + (_ROOTS[triad_S] - shift - events.LOWEST_BASS) % 12

    generated = tokens.copy()
    generated[:, 1:] = 0
    steps = np.arange(len(tokens))
    beats = steps[steps % events.STEPS_PER_BEAT == 0]
    generated[beats, 1] = events.token_of_pitch(pitch_S[beats // events.STEPS_PER_BAR])
    strong = beats // events.STEPS_PER_BEAT % 2 == 0
    generated[::2, 2] = events.CLOSED_HAT
    generated[beats[strong], 2] |= events.KICK
    generated[beats[~strong], 2] |= events.SNARE
    return generated


def nearest_neighbour(tokens, tune, training, training_tune) -> np.ndarray:
    """The bass and drums of the training window of another tune whose melody, in the best of 12 keys, is most similar.

    Similarity is the cosine of the pitch classes' durations beat by beat, plus that of the onsets step by step.

    Args:
        tokens: uint16 [n, 256, 3].
        tune: int [n], the tune of each window.
        training: uint16 [m, 256, 3], in any key.
        training_tune: int [m].

    Raises:
        surrogate.corpus.dataset.DatasetError: a tune has no training window of another tune.
    """
    pitches_nxQ, onsets_nxT = _melody_features(tokens[..., 0])
    their_pitches_mxQ, their_onsets_mxT = _melody_features(training[..., 0])
    rhythm_nxm = onsets_nxT @ their_onsets_mxT.T
    rhythm_nxm[tune[:, None] == training_tune] = -np.inf
    if not (rhythm_nxm > -np.inf).any(1).all():
        raise DatasetError("a tune has no training window of another tune to compare with")
    best_similarity = np.full(len(tokens), -np.inf)
    neighbour, shift = np.zeros((2, len(tokens)), np.int64)
    for semitones in keys.SHIFTS:
        # To move them up is to move these down, which are fewer.
        moved = np.roll(pitches_nxQ.reshape(len(tokens), -1, 12), -semitones, axis=-1).reshape(pitches_nxQ.shape)
        similarity_nxm = moved @ their_pitches_mxQ.T + rhythm_nxm
        nearest = similarity_nxm.argmax(1)
        similarity = similarity_nxm[np.arange(len(tokens)), nearest]
        better = similarity > best_similarity + 1e-6  # a tie up to rounding keeps the smaller shift
        best_similarity[better], neighbour[better], shift[better] = similarity[better], nearest[better], semitones
    return with_melody(tokens, events.transpose(training[neighbour], shift)[..., 1:])


def with_melody(tokens, parts) -> np.ndarray:
    """Bass and drums, int [..., T, 2], under the melody of tokens, int [..., T, 3]."""
    return np.concatenate([tokens[..., :1], parts], axis=-1)


def _melody_features(melody_nxT):
    """Durations [n, 64 * 12] by beat and pitch class, and onsets [n, T]; float32 rows of length 1, or 0 if silent."""
    pitch_nxT = events.held_pitches(melody_nxT)
    beats = pitch_nxT.shape[1] // events.STEPS_PER_BEAT
    row, step = np.nonzero(pitch_nxT >= 0)
    cell = (row * beats + step // events.STEPS_PER_BEAT) * 12 + pitch_nxT[row, step] % 12
    durations = np.bincount(cell, minlength=len(pitch_nxT) * beats * 12).reshape(len(pitch_nxT), -1)
    onsets = melody_nxT >= events.FIRST_PITCH
    return tuple(
        (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1)).astype(np.float32) for x in (durations, onsets)
    )
