"""Bars of every meter on the models' steps: bar lines agree, and only what is in the song is played."""

import numpy as np
import pytest

from surrogate.reading import grid

BEAT = 480


def places(meters, end, **options):
    """The song's ticks of the steps that are in it, by the models' bar and beat: {(bar, beat): [4 ticks or fewer]}."""
    laid = grid.lay_out(meters, end, BEAT, **options)
    found = {}
    for step in np.flatnonzero(laid.in_song):
        found.setdefault((step // 16, step % 16 // 4), []).append(int(laid.ticks[step]))
    assert laid.ticks[-1] >= end and (np.diff(laid.ticks) >= 0).all()
    return found


def beat(begin, length=BEAT, shares=grid.STRAIGHT_STEPS):
    return [begin + round(length * share) for share in shares]


@pytest.mark.parametrize("meters", [[], [(0, 4, 4)], [(0, 2, 2)], [(0, 8, 8)]])
def test_four_beats_are_the_models_bar(meters):
    found = places(meters, 2 * 1920)
    assert found == {(bar, b): beat(1920 * bar + BEAT * b) for bar in range(2) for b in range(4)}


def test_a_waltz_lacks_the_third_beat():
    found = places([(0, 3, 4)], 2 * 1440)
    assert found == {(bar, (0, 1, 3)[b]): beat(1440 * bar + BEAT * b) for bar in range(2) for b in range(3)}


def test_bars_of_two_are_paired():
    assert places([(0, 2, 4)], 3 * 960) == {(i // 4, i % 4): beat(BEAT * i) for i in range(6)}


def test_dotted_beats_are_divided_as_triplets_are():
    assert places([(0, 6, 8)], 3 * 1440) == {(i // 4, i % 4): beat(720 * i, 720, grid.TRIPLET_STEPS) for i in range(6)}
    assert places([(0, 12, 8)], 2880) == {(0, i): beat(720 * i, 720, grid.TRIPLET_STEPS) for i in range(4)}
    assert places([(0, 9, 8)], 2160) == {(0, (0, 1, 3)[i]): beat(720 * i, 720, grid.TRIPLET_STEPS) for i in range(3)}
    assert places([(0, 3, 8)], 5 * 720) == {(i // 4, i % 4): beat(720 * i, 720, grid.TRIPLET_STEPS) for i in range(5)}


def test_a_change_of_meter_begins_a_bar():
    # A lone bar of 2/4 between bars of 4/4, as songs have it, and one of 4/4 that the next meter cuts short.
    found = places([(0, 4, 4), (1920, 2, 4), (2880, 4, 4), (3840, 3, 4)], 3840 + 1440)
    bars = {bar: [b for of_bar, b in sorted(found) if of_bar == bar] for bar in range(4)}
    assert bars == {0: [0, 1, 2, 3], 1: [0, 1], 2: [0, 1], 3: [0, 1, 3]}
    assert found[2, 0][0] == 2880 and found[3, 0][0] == 3840


def test_a_pickup_stands_before_the_first_bar_line():
    laid = grid.lay_out([(0, 4, 4)], 480 + 1920, BEAT, pickup=1)
    assert laid.bars == 2 and list(laid.bar_ticks) == [480 - 1920, 480, 2400]
    assert list(np.flatnonzero(laid.in_song)) == list(range(12, 32))
    assert laid.ticks[12] == 0 and laid.ticks[16] == 480
    half = places([(0, 4, 4)], 1920, pickup=0.5)
    assert half[0, 3] == [0, 120] and half[1, 0] == beat(240)
    two = places([(0, 2, 4)], 480 + 1920, pickup=1)  # 2/4: one beat, then pairs
    assert list(two) == [(0, 3), (1, 0), (1, 1), (1, 2), (1, 3)] and two[0, 3] == beat(0)
    jig = places([(0, 6, 8)], 240 + 2880, pickup=0.5)
    assert jig[0, 3] == [0, 120] and jig[1, 0] == beat(240, 720, grid.TRIPLET_STEPS)


def test_pairs_may_begin_with_the_second_bar():
    found = places([(0, 2, 4)], 3 * 960, first_beat=2)
    assert found == {((i + 2) // 4, (i + 2) % 4): beat(BEAT * i) for i in range(6)}
    changed = places([(0, 2, 4), (960, 3, 4)], 960 + 1440, first_beat=2)
    assert list(changed) == [(0, 2), (0, 3), (1, 0), (1, 1), (1, 3)]


def test_swung_steps():
    swung = (0.0, 1 / 3, 2 / 3, 5 / 6)
    assert places([], 1920, swung=swung) == {(0, b): beat(BEAT * b, BEAT, swung) for b in range(4)}


def test_the_nearest_step_is_one_in_the_song():
    laid = grid.lay_out([(0, 3, 4)], 2 * 1440, BEAT)
    assert list(laid.nearest([0, 59, 60, 480, 960, 1379, 1380, 1440, 2880, 9999])) == [
        0,
        0,
        1,
        4,
        12,
        15,
        16,
        16,
        32,
        32,
    ]
    swung = grid.lay_out([], 1920, BEAT, swung=(0.0, 1 / 3, 2 / 3, 5 / 6))
    assert list(swung.nearest([240, 241, 320, 160])) == [2, 2, 2, 1]


@pytest.mark.parametrize("resolution", [4, 30, 96, 120, 480, 1000])
def test_steps_round_as_quarters_of_a_beat_do(resolution):
    laid = grid.lay_out([], 8 * resolution, resolution)
    steps = np.arange(33)
    np.testing.assert_array_equal(laid.ticks, (2 * resolution * steps + 4) // 8)
    np.testing.assert_array_equal(laid.nearest(laid.ticks[:-1]), steps[:-1])


def models_beats(meters, end, **options):
    """The models' bar and beat of each beat, and the song's ticks between them."""
    found = places(meters, end, **options)
    return list(found), np.diff([*(ticks[0] for ticks in found.values()), end]).tolist()


@pytest.mark.parametrize(
    ("meter", "groups", "beats", "lengths"),
    [
        ((5, 4), (), [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)], [480] * 5),
        ((5, 4), (3, 2), [(0, 0), (0, 1), (0, 3), (1, 0), (1, 1)], [480] * 5),
        ((5, 4), (2, 3), [(0, 0), (0, 1), (1, 0), (1, 1), (1, 3)], [480] * 5),
        ((7, 4), (2, 2, 3), [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1), (1, 3)], [480] * 7),
        ((3, 2), (1, 1, 1), [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)], [480] * 6),
        ((7, 8), (), [(0, 0), (0, 1), (0, 2), (0, 3)], [480, 480, 480, 240]),
        ((7, 8), (2, 2, 3), [(0, 0), (0, 1), (0, 3)], [480, 480, 720]),
        ((7, 8), (3, 4), [(0, 0), (0, 1), (0, 3)], [720, 480, 480]),
        ((5, 8), (2, 3), [(0, 0), (0, 1)], [480, 720]),
        ((13, 16), (), [(0, 0), (0, 1), (0, 2), (0, 3)], [480, 480, 480, 120]),
        ((17, 16), (), [(0, 0), (0, 1), (0, 2), (0, 3)], [480, 480, 480, 600]),
        ((15, 8), (), [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)], [720] * 5),
    ],
)
def test_any_bar_is_laid_out(meter, groups, beats, lengths):
    bar = sum(lengths)
    options = {"groups": {meter: groups}}
    assert models_beats([(0, *meter)], bar, **options) == (beats, lengths)
    assert list(grid.lay_out([(0, *meter)], 2 * bar, BEAT, **options).bar_ticks) == [0, bar, 2 * bar]


def test_every_bar_of_an_uneven_meter_begins_one_of_the_models():
    for meter, groups, size in (((5, 4), (3, 2), 2400), ((7, 8), (2, 2, 3), 1680), ((7, 8), (), 1680)):
        laid = grid.lay_out([(0, *meter)], 4 * size, BEAT, groups={meter: groups})
        assert set(laid.bar_ticks[:-1]) <= set(laid.ticks[::16])
    pair = grid.lay_out([(0, 5, 8)], 4 * 1200, BEAT, groups={(5, 8): (2, 3)})
    assert list(pair.ticks[::16]) == [0, 2400, 4800], "bars of two beats are paired"


def test_one_odd_bar_leaves_the_others_as_they_are():
    song = [(0, 4, 4), (1920, 7, 8), (3600, 4, 4)]
    laid = grid.lay_out(song, 3600 + 1920, BEAT)
    assert list(laid.bar_ticks) == list(laid.ticks[::16]) == [0, 1920, 3600, 5520]


def test_less_than_a_beat_before_a_new_meter_is_no_bar():
    laid = grid.lay_out([(0, 4, 4), (1920 + 240, 3, 4)], 2160 + 1440, BEAT)
    assert list(laid.bar_ticks) == list(laid.ticks[::16]) == [0, 2160, 3600]


def test_a_pickup_in_an_uneven_meter():
    laid = grid.lay_out([(0, 5, 4)], 480 + 2400, BEAT, pickup=1, groups={(5, 4): (3, 2)})
    assert list(laid.bar_ticks) == [480 - 2400, 480, 2880]
    assert laid.bars == 3 and list(np.flatnonzero(laid.in_song)[:5]) == [12, 13, 14, 15, 16]


@pytest.mark.parametrize("resolution", [4, 5, 25, 96, 1000])
def test_bars_of_dotted_beats_do_not_drift(resolution):
    laid = grid.lay_out([(0, 6, 8)], 20 * 3 * resolution, resolution)
    assert list(laid.bar_ticks) == [3 * resolution * bar for bar in range(21)]
    assert laid.bars == 10
