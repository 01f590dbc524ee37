"""Where chords are given, draws are told apart by whether their basses fit them."""

import numpy as np

from musicvae_jax.events import NOTE_OFF, token_of_pitch
from surrogate.model import choice, chord_bass
from surrogate.model.chord_bass import FITS, STRAYS
from surrogate.reading.chords import NONE
from surrogate.reading.song_chords import UNKNOWN

C, G7_OVER_B, OPEN, SILENCE = (0, 0, 0), (7, 5, 11), (UNKNOWN, UNKNOWN, UNKNOWN), (NONE, NONE, NONE)


def draws(*pitches_of_half_bars):
    """Draws whose bass holds a pitch for half a bar each, 0 being silence."""
    pitches = np.array(pitches_of_half_bars)
    tokens = np.zeros((len(pitches), 8 * pitches.shape[1], 2), np.uint16)
    tokens[:, ::8, 0] = np.where(pitches > 0, token_of_pitch(np.maximum(pitches, 36)), NOTE_OFF)
    return tokens


def test_a_bass_fits_a_given_chord_or_strays_from_it():
    given = np.array([[C, G7_OVER_B], [OPEN, SILENCE]])
    chords = np.tile(np.array([[[0, 0], [7, 5]], [[5, 0], [NONE, NONE]]]), (3, 1, 1, 1))
    tokens = draws((36, 47, 42, 43), (40, 41, 42, 37), (37, 0, 0, 0))
    roots = chord_bass.sounding_roots(tokens, chords, given)
    assert roots.shape == (3, 32) and (roots == np.repeat(roots[:, ::8], 8, axis=1)).all()
    assert roots[:, ::8].tolist() == [[FITS, FITS, 5, NONE], [FITS, FITS, 5, NONE], [STRAYS, FITS, 5, NONE]]
    assert chord_bass.sounding_roots(tokens, chords)[:, ::8].tolist() == [[0, 7, 5, NONE]] * 3


def test_a_bass_in_its_chords_is_chosen_before_what_most_others_play():
    chords, given = np.zeros((3, 2, 2, 2), int), np.array([[C, C], [C, C]])
    tokens = draws((36, 43, 40, 36), (36, 42, 42, 36), (36, 42, 37, 36))
    asked, free = (choice.agreement(tokens, chord_bass.sounding_roots(tokens, chords, told)) for told in (given, None))
    assert asked.argmax() == 0 and free.argmax() == 1
