"""Chords on a song's own bars, and what the models' half bars are told of them."""

import numpy as np
import pytest

from musicvae_jax.events import token_of_pitch
from surrogate.reading import chord_sheet, chord_symbols, grid, song_chords
from surrogate.reading.song_chords import UNKNOWN, SongChords

BEAT = 480


def laid(text, *, meters=(), bars=4, **layout):
    """The changes of a sheet on a song of so many 4/4 bars or their length, and the song's grid."""
    song = grid.lay_out(meters, bars * 4 * BEAT, BEAT, **layout)
    return song_chords.of_sheet(chord_sheet.parse(text), song), song


def shown(given):
    return [(tick / BEAT, chord and chord.symbol) for tick, chord in given.changes]


def roots(given, song):
    return given.half_bars(song)[..., 0].tolist()


def test_bars_and_beats():
    given, song = laid("C | Am F | G7/B C Dm | C G F G")
    expected = [(0, "C"), (4, "Am"), (6, "F"), (8, "G7/B"), (10, "C"), (11, "Dm"), (12, "C")]
    assert shown(given) == [*expected, (13, "G"), (14, "F"), (15, "G")]
    np.testing.assert_array_equal(
        given.half_bars(song)[:, :, :],
        [[[0, 0, 0]] * 2, [[9, 1, 9], [5, 0, 5]], [[7, 5, 11], [0, 0, 0]], [[0, 0, 0], [5, 0, 5]]],
    )
    assert given.origin == "as given, 4 bars"


def test_a_short_sheet_begins_again_and_a_long_one_is_cut():
    given, _ = laid("C | F", bars=5)
    assert shown(given) == [(0, "C"), (4, "F"), (8, "C"), (12, "F"), (16, "C")]
    assert given.origin == "as given, 2 bars played 2.5 times over"
    given, _ = laid("C | F | G", bars=1)
    assert shown(given) == [(0, "C")] and given.origin == "as given, 3 bars, the last 2 not used"


def test_bars_left_open_and_bars_without_chord():
    given, song = laid("C | - | N.C. | F")
    assert shown(given) == [(0, "C"), (4, None), (8, "N.C."), (12, "F")]
    assert roots(given, song) == [[0, 0], [UNKNOWN, UNKNOWN], [-1, -1], [5, 5]]


def test_a_pickup_is_left_open():
    given, song = laid("C | F G", bars=2, pickup=1.0)
    assert shown(given)[:3] == [(1, "C"), (5, "F"), (7, "G")]
    assert roots(given, song)[:3] == [[UNKNOWN, UNKNOWN], [0, 0], [5, 7]]


def test_waltzes_and_changes_of_meter():
    given, song = laid("C | F G | Am G F", meters=[(0, 3, 4)], bars=2.25)
    assert shown(given) == [(0, "C"), (3, "F"), (5, "G"), (6, "Am"), (7, "G"), (8, "F")]
    assert roots(given, song) == [[0, 0], [5, 7], [9, 5]]
    given, song = laid("C | F G | Am", meters=[(0, 6, 8), (6 * BEAT, 4, 4)], bars=2.5)
    assert shown(given) == [(0, "C"), (3, "F"), (4.5, "G"), (6, "Am")]
    assert roots(given, song) == [[0, 5], [9, 9]], "two bars of 6/8 are one of the models', of chords the longer one"


def test_half_a_bar_that_is_open_takes_the_other_half():
    song = grid.lay_out([], 8 * BEAT, BEAT)
    given = SongChords(((2 * BEAT, chord_symbols.parse("F")), (6 * BEAT, None)), "")
    assert roots(given, song) == [[5, 5], [5, 5]]


@pytest.mark.parametrize(("melody", "name"), [((62, 66, 69, 73), "F#m"), ((60, 63, 67, 68), "Gbm")])
def test_labels_of_half_bars_are_spelled_as_the_key_is(melody, name):
    tokens = np.zeros(32, np.uint16)
    tokens[:16:4] = token_of_pitch(np.array(melody))
    song = grid.lay_out([], 6 * BEAT, BEAT, pickup=2)
    labels = np.array([[[0, 0], [6, 1]], [[6, 1], [-1, -1]]])
    changes = song_chords.of_labels(labels, tokens, song)
    assert shown(SongChords(changes, "")) == [(0, name), (4, "N.C.")]
    assert song_chords.of_labels(labels, tokens, song, silence=None)[-1] == (4 * BEAT, None)


@pytest.mark.parametrize("chords", [2, 3, 5])
def test_chords_share_the_beats_of_a_bar(chords):
    places = song_chords._shares(chords, 4)
    assert places == {2: [0, 0.5], 3: [0, 0.5, 0.75], 5: [0, 0.2, 0.4, 0.6, 0.8]}[chords]
