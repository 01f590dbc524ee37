"""The last chord of songs whose melodies end on the tonic."""

import numpy as np
import pytest

from musicvae_jax.events import NOTE_OFF, token_of_pitch
from surrogate.reading import cadence
from surrogate.reading.keys import Key
from surrogate.reading.song_chords import UNKNOWN


def line(*notes, bars=2):
    """A melody of (step, pitch), the last held to the end."""
    tokens = np.zeros(16 * bars, np.uint16)
    for step, pitch in notes:
        tokens[step] = token_of_pitch(pitch)
    return tokens


@pytest.mark.parametrize(
    ("step", "half_bars"),
    [(16, [2, 3]), (24, [3]), (18, [2, 3]), (19, [2, 3]), (20, [3]), (28, [])],
)
def test_the_tonic_sounds_from_the_last_note_on(step, half_bars):
    chords = cadence.final_chord(line((0, 67), (8, 71), (step, 67)), Key.parse("G major")).reshape(-1, 3)
    for half, chord in enumerate(chords):
        assert list(chord) == ([7, 0, 7] if half in half_bars else [UNKNOWN] * 3)


def test_it_is_minor_in_minor():
    assert list(cadence.final_chord(line((16, 69)), Key.parse("A minor"))[1, 0]) == [9, 1, 9]


def test_what_ends_elsewhere_or_not_at_all_has_none():
    assert cadence.final_chord(line((0, 67), (16, 69)), Key.parse("G major")) is None
    assert cadence.final_chord(line(), Key.parse("C major")) is None
    rest = line((0, 60))
    rest[8] = NOTE_OFF
    assert list(cadence.final_chord(rest, Key.parse("C major"))[0, 0]) == [0, 0, 0]
