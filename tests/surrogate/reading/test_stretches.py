"""Where the bars of 4/4 of a song begin and end, and which notes are in them."""

import numpy as np
import pytest

from surrogate.reading import stretches

BAR = 1920


def found(meters, end_tick):
    all_stretches = stretches.find(meters, end_tick, 480)
    return list(zip(all_stretches.begin.tolist(), all_stretches.bars.tolist(), strict=True))


@pytest.mark.parametrize(
    ("meters", "expected"),
    [
        ([], [(0, 10)]),
        ([(0, 4, 4), (2 * BAR, 4, 4)], [(0, 10)]),
        ([(0, 2, 2)], [(0, 10)]),
        ([(0, 3, 4)], []),
        ([(0, 3, 4), (0, 4, 4)], [(0, 10)]),
        ([(4 * BAR, 4, 4), (3 * BAR, 3, 4)], [(0, 3), (4 * BAR, 6)]),
        ([(3 * BAR, 2, 2)], [(0, 3), (3 * BAR, 7)]),
        ([(3 * BAR + 960, 2, 4), (4 * BAR + 960, 4, 4)], [(0, 3), (4 * BAR + 960, 6)]),
        ([(5, 12, 8)], []),
        ([(50 * BAR, 3, 4)], [(0, 10)]),
    ],
)
def test_meters_part_stretches_of_whole_bars(meters, expected):
    assert found(meters, 10 * BAR - 100) == expected


def test_a_song_ends_with_the_bar_of_its_last_note():
    assert found([], 1) == []
    assert [found([], end)[0][1] for end in (100, BAR, BAR + 50, BAR + 70, 2 * BAR)] == [1, 1, 1, 2, 2]


def test_notes_lie_end_to_end_and_end_with_their_stretch():
    two = stretches.Stretches(480, np.array([0, 5 * BAR]), np.array([2, 3]))
    start = np.array([0, 55, 2 * BAR - 30, 2 * BAR - 90, 3 * BAR, 5 * BAR - 60, 5 * BAR - 61, 8 * BAR - 61, 8 * BAR])
    kept, first, last = two.steps(start, start + 2 * BAR)
    assert kept.tolist() == [True, True, False, True, False, True, False, True, False]
    assert first.tolist() == [0, 0, 31, 32, 79]
    assert last.tolist() == [32, 32, 32, 64, 80]


def test_without_a_stretch_no_note_is_kept():
    kept, first, last = stretches.find([(0, 5, 4)], 100, 480).steps(np.array([0, 99]), np.array([9, 100]))
    assert not kept.any() and not len(first) and not len(last)
