"""What stays of a song's own bass and drums where other bars of it are written anew."""

import numpy as np
import pytest

from musicvae_jax import events
from surrogate.model.band import MelodyLine, with_what_stays


def bass_line(*notes, steps=64):
    start, end, pitch = np.array(notes).T
    return events.line_tokens(start, end, pitch, steps)


def bass_rows(tokens_T):
    return list(zip(*(values.tolist() for values in events.line_notes(tokens_T)), strict=True))


@pytest.mark.parametrize(
    ("own", "drawn", "expected"),
    [
        (  # a note held into the bar that is written anew, and one held out of it, stay whole
            [(8, 20, 40), (28, 40, 45)],
            [(16, 32, 50)],
            [(8, 20, 40), (20, 28, 50), (28, 40, 45)],
        ),
        ([(8, 16, 40)], [(0, 64, 50)], [(8, 16, 40), (16, 31, 50)]),  # what was silent after it stays silent
        ([(8, 16, 40), (32, 40, 41)], [], [(8, 16, 40), (32, 40, 41)]),  # a note that ended there still does
        ([(8, 40, 40)], [(16, 24, 50)], [(8, 40, 40)]),
    ],
)
def test_a_bass_note_that_sounds_where_the_bass_stays_is_as_long_as_it_was(own, drawn, expected):
    anew = np.zeros((64, 2), bool)
    anew[16:32, 0] = True
    own_T, drawn_T = bass_line(*own), bass_line(*drawn or [(63, 64, 40)])
    known = MelodyLine(own_T * 0, 120.0, bass=own_T, drums=own_T * 0, anew=anew)
    [whole] = with_what_stays(known, np.stack([drawn_T, drawn_T], -1)[None])
    np.testing.assert_array_equal(whole[~anew[:, 0], 0], own_T[~anew[:, 0]])
    assert bass_rows(whole[:, 0]) == expected and not whole[:, 1].any()


def test_what_sounds_where_the_bass_stays_is_never_changed():
    rng = np.random.default_rng(0)
    for _ in range(300):
        own_T, *drawn_KxT = rng.choice([0, 1, 40, 41], (4, 96), p=[0.75, 0.1, 0.1, 0.05]).astype(np.uint16)
        anew = np.zeros((96, 2), bool)
        for first in rng.integers(0, 90, 2):
            anew[first : first + rng.integers(1, 40)] = True
        known, drums_T = (
            MelodyLine(own_T * 0, 120.0, bass=own_T, drums=own_T, anew=anew),
            np.arange(96, dtype=np.uint16),
        )
        stays_T = ~anew[:, 0]
        whole = with_what_stays(known, np.stack([drawn_KxT, np.tile(drums_T, (3, 1))], -1))
        for bass_T, struck_T in whole.transpose(0, 2, 1):
            np.testing.assert_array_equal(bass_T[stays_T], own_T[stays_T])
            np.testing.assert_array_equal(events.held_tokens(bass_T)[stays_T], events.held_tokens(own_T)[stays_T])
            kept = [row for row in bass_rows(own_T) if stays_T[row[0] : row[1]].any()]
            assert set(kept) <= set(bass_rows(bass_T))
            np.testing.assert_array_equal(struck_T, np.where(stays_T, own_T, drums_T))
