"""Each column of the evaluation on cases made by hand."""

import numpy as np
import pytest

from musicvae_jax.events import CRASH, KICK, SNARE, TOMS
from surrogate.evaluation import harmony, metrics
from surrogate.evaluation.bootstrap import Bootstrap

HAT = 4
C, D, E, F, G = (pitch - 19 for pitch in (48, 50, 52, 53, 55))  # tokens


def value(column, real, generated=None):
    numerator, denominator = column(real, real if generated is None else generated)
    assert numerator.dtype == denominator.dtype == np.float64 and numerator.shape == denominator.shape == (len(real),)
    return numerator.sum() / denominator.sum()


def test_equal_windows_are_alike(window):
    tokens = window([(0, 40), (4, 1)], [(0, 20)], [(0, KICK | SNARE), (8, HAT)])
    assert {value(column, tokens) for column in metrics.LIKENESS.values()} == {1.0}


def test_silence_scores_nothing(window):
    real = window([], [(0, 20), (8, 22)], [(0, KICK)])
    for column in metrics.LIKENESS.values():
        numerator, _ = column(real, window())
        assert numerator == 0


def test_drums_count_drum_by_drum(window):
    real, other = window(drums=[(0, KICK | HAT), (4, SNARE)]), window(drums=[(0, KICK | SNARE), (4, SNARE)])
    assert value(metrics.drum_f1, real, other) == pytest.approx(2 * 2 / (3 + 3))
    assert value(metrics.kick_f1, real, other) == 1
    assert value(metrics.snare_f1, real, other) == pytest.approx(2 * 1 / (1 + 2))


def test_a_wrong_pitch_is_an_onset_but_no_note_and_an_octave_is_one(window):
    real, other = window(bass=[(0, C), (8, D)]), window(bass=[(0, C + 12), (8, E)])
    assert value(metrics.bass_onset_f1, real, other) == 1
    assert value(metrics.bass_note_f1, real, other) == 0.5


def test_a_note_off_is_no_onset(window):
    assert value(metrics.bass_onset_f1, window(bass=[(0, C), (4, 1)]), window(bass=[(0, C)])) == 1


def test_pitch_classes_are_compared_where_both_sound(window):
    real = window(bass=[(0, C), (4, D), (8, 1)])  # C 0..3, D 4..7
    other = window(bass=[(2, C), (6, D + 12)])  # C 2..5, D 6..255
    assert value(harmony.pitch_class_accuracy, real, other) == pytest.approx((2 + 2) / 6)


def test_a_bass_is_in_key_by_the_time_it_sounds(window):
    assert value(harmony.bass_in_key, window(bass=[(0, C), (12, C + 1), (16, 1)])) == 0.75


def test_chroma_counts_steps_in_bars(window):
    chroma_SxV = harmony.chroma(window([(12, C), (20, E), (24, 1)])[..., 0])[0]
    assert (chroma_SxV[0, 0], chroma_SxV[1, 0], chroma_SxV[1, 4], chroma_SxV.sum()) == (4, 4, 4, 12)


def test_tonal_distance_is_hartes(window):
    same = window([(0, C), (16, 1)], [(0, C - 12), (16, 1)])
    assert value(harmony.tonal_distance, same) == pytest.approx(0)
    space = harmony.TONAL_SPACE_12x6
    fifth, tritone = (np.linalg.norm(space[0] - space[i]) for i in (7, 6))
    assert value(harmony.tonal_distance, window([(0, C)], [(0, G)])) == pytest.approx(fifth)
    assert value(harmony.tonal_distance, window([(0, C)], [(0, C + 6)])) == pytest.approx(tritone)
    assert np.linalg.norm(space, axis=1) == pytest.approx(np.full(12, 1.5))
    assert fifth < tritone


def test_tonal_distance_leaves_out_bars_where_one_is_silent(window):
    _, bars = harmony.tonal_distance(*[window([(0, C), (40, 1)], [(16, G)])] * 2)
    assert bars == 2  # of the melody's three and the bass's fifteen


def test_tonal_distance_reads_the_real_melody(window):
    real, generated = window([(0, C)], [(0, G)]), window([(0, D)], [(0, C)])
    assert value(harmony.tonal_distance, real, generated) == pytest.approx(0)


def test_groove_compares_neighbouring_bars(window):
    alike = [(16 * bar + step, KICK) for bar in range(16) for step in (0, 8)]
    assert value(metrics.groove, window(drums=alike)) == 1
    two_bars = window(drums=[(0, KICK), (4, SNARE), (16, KICK), (20, SNARE | HAT)])
    assert value(metrics.groove, two_bars) == pytest.approx((2 / 3 + 0) / 2)  # with each other; the second with silence


def test_bass_on_kick(window):
    tokens = window(bass=[(0, C), (4, D), (8, 1), (12, E), (14, F)], drums=[(0, KICK | HAT), (4, SNARE), (8, KICK)])
    assert value(metrics.bass_on_kick, tokens) == 1 / 4


def test_the_note_before_is_in_the_same_piece():
    onsets = np.zeros((2, 6), bool)
    onsets[0, [1, 4]] = True
    np.testing.assert_array_equal(metrics.previous_onset(onsets), [[-1, -1, 1, 1, 1, 4], [-1] * 6])


def test_a_bass_note_repeats_the_one_before_over_a_rest_too(window):
    tokens = window(bass=[(0, C), (4, C), (8, 1), (12, C), (14, D), (20, D + 12), (24, D)])
    assert value(metrics.bass_repeats, tokens) == 2 / 5


def test_crashes_are_in_16_bars_and_toms_a_bar_step_by_step(window):
    tokens = np.tile(window(drums=[(0, CRASH | KICK), (128, CRASH), (60, TOMS), (61, 1 << 5), (62, SNARE)]), (1, 2, 1))
    assert value(metrics.crashes, tokens) == 2
    assert value(metrics.toms, tokens) == 2 / 16


def test_densities_are_a_bar(window):
    tokens = window(bass=[(0, C), (4, D), (8, 1)], drums=[(0, KICK | HAT), (16, SNARE)])
    assert value(metrics.bass_density, tokens) == 2 / 16
    assert value(metrics.drum_density, tokens) == 3 / 16


def test_a_held_note_fills_its_bars(window):
    tokens = window(bass=[(0, C), (33, 1)], drums=[(16, SNARE)])
    assert value(metrics.bars_without_bass, tokens) == 13 / 16
    assert value(metrics.bars_without_drums, tokens) == 15 / 16


def test_properties_ignore_the_real_bass_and_drums(window):
    silent, generated = window(), window(bass=[(0, C), (4, C)], drums=[(0, KICK)])
    for name in metrics.PROPERTIES.keys() - {"tonal_distance"}:
        column = metrics.PROPERTIES[name]
        np.testing.assert_equal(column(silent, generated), column(generated, generated))


def test_a_ratio_is_that_of_sums_and_its_interval_is_over_tunes():
    rng = np.random.default_rng(0)
    means = rng.normal(5, 1, 100)
    x, tune = np.repeat(means, 10), np.repeat(np.arange(100) * 7**20, 10)
    found = Bootstrap(tune).ratio(x, np.ones(1000))
    assert found["value"] == pytest.approx(means.mean())
    half = 1.96 * means.std() / 10  # as if there were 100 windows, not 1000
    assert found["hi"] - found["value"] == pytest.approx(half, rel=0.15)
    assert found["value"] - found["lo"] == pytest.approx(half, rel=0.15)
    assert found == Bootstrap(tune).ratio(x, np.ones(1000))


def test_a_difference_is_surer_than_its_ratios_where_tunes_share_what_moves_them():
    rng = np.random.default_rng(0)
    tune, one = np.arange(50), np.ones(50)
    shared = rng.normal(0, 5, 50)
    a, b = shared + 1 + rng.normal(0, 0.1, 50), shared
    bootstrap = Bootstrap(tune)
    found = bootstrap.difference((a, one), (b, one))
    assert found["value"] == pytest.approx((a - b).mean()) and 0.9 < found["lo"] < found["value"] < found["hi"] < 1.1
    wide = bootstrap.ratio(a, one)
    assert wide["hi"] - wide["lo"] > 10 * (found["hi"] - found["lo"])


def test_a_ratio_of_nothing_is_nan():
    assert all(np.isnan(x) for x in Bootstrap([1, 2]).ratio(np.zeros(2), np.zeros(2)).values())
