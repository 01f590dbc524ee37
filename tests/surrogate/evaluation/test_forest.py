"""What a forest hears, and whether it tells a row from people."""

import numpy as np
import pytest

from musicvae_jax.events import CLOSED_HAT, CRASH, FIRST_PITCH, KICK, OPEN_HAT, RIDE, SNARE
from surrogate.evaluation import forest, window_features
from surrogate.evaluation.bootstrap import Bootstrap
from surrogate.evaluation.selection import Song

C, E, G, A_SHARP = (pitch - 19 for pitch in (36, 40, 43, 46))  # tokens
TOM = 1 << 4


@pytest.fixture(scope="module")
def heard():
    """The features of a window made by hand."""
    bars = np.zeros((16, 16, 3), np.uint16)
    bars[:, [0, 8], 0] = C + 24, E + 24
    bars[:, [0, 8], 1] = C, G
    bars[1::4, 12, 1] = C + 12
    bars[:, 14, 1] = 1
    bars[15, 7, 1] = A_SHARP
    bars[:, [0, 8], 2] = KICK | CLOSED_HAT
    bars[:, 4, 2] = SNARE | OPEN_HAT
    bars[:, 13, 2] = RIDE
    bars[3::4, [2, 6], 2] = TOM
    bars[8, 0, 2] |= CRASH
    window = bars.reshape(1, 256, 3)
    assert window_features.judged(window).all()
    return {name: float(value[0]) for name, value in window_features.features(window, np.array([0])).items()}


EXPECTED = {
    "bass_density": 37 / 16, "bass_repeats": 0, "bass_on_kick": 32 / 37, "bass_fourths_and_fifths": 30 / 36,
    "bass_seconds": 0, "bass_thirds": 1 / 36, "bass_tritones": 0, "bass_octaves": 4 / 36,
    "bass_range": 12, "bass_off_beats": 1 / 37, "bass_off_eighths": 1 / 37, "bass_on_one": 1, "bass_rhythms": 3,
    "bass_legato": 1 - 32 / 255, "bass_in_key": 36 / 37, "bass_pitch_classes": 3, "bass_bars": 3,
    "bass_4_bars_later": (11 + 4 / 5) / 12, "bass_8_bars_later": (7 + 4 / 5) / 8, "roots": 1, "roots_that_change": 0,
    "half_bars_that_change": 1, "kicks_a_bar": 2, "snares_a_bar": 1, "cymbals_a_bar": 4, "toms_a_bar": 0.5,
    "closed_hats_a_bar": 2, "open_hats_a_bar": 1, "rides_a_bar": 1, "crashes_a_bar": 1 / 16, "kick_on_one": 1,
    "kick_on_three": 1, "kick_off_beats": 0, "snare_on_two_and_four": 0.5, "snare_elsewhere": 0, "kick_with_snare": 0,
    "cymbals_on_eighths": 3 / 8, "cymbals_off_eighths": 1 / 4, "crash_on_one": 1, "toms_in_fourth_bar": 1,
    "drum_bars": 2, "drum_bars_repeated": 8 / 15, "drums_2_bars_later": (7 + 7 * 14 / 16) / 14, "drums_4_bars_later": 1,
    "fills": 2, "unusual_hits": 0.5, "most_unusual_hits": 2, "kick_on_bass": 1, "bass_on_melody": 32 / 37,
    "melody_on_drums": 1, "bass_unison": 16 / 37, "bass_third": 4 / 37, "bass_dissonance": 0, "bass_fifth": 0,
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_features_are_what_they_are_called(heard, name):
    assert heard[name] == pytest.approx(EXPECTED[name])


def test_there_are_as_many_features_as_were_promised(heard):
    assert 40 <= len(heard) <= 60 and len(EXPECTED) > len(heard) - 8


def test_features_do_not_depend_on_the_other_windows_but_in_key_on_the_songs_key():
    rng = np.random.default_rng(0)
    tokens = np.where(rng.random((70, 256, 3)) < 0.3, rng.integers(20, 60, (70, 256, 3)), 0).astype(np.uint16)
    together = window_features.features(tokens, np.arange(70) % 5)
    alone = window_features.features(tokens[67:68], np.array([67 % 5]))
    in_c = window_features.features(tokens[67:68], np.array([0]))
    for name, values in together.items():
        assert values.shape == (70,) and np.isfinite(values).all()
        assert values[67] == alone[name][0]
    assert [name for name in in_c if in_c[name] != alone[name]] == ["bass_in_key"]


def test_the_area_under_the_curve_counts_pairs():
    score, is_row = np.array([1, 2, 3, 2, 0.5, 3]), np.array([False, False, False, True, True, True])
    assert forest.auc(score, is_row) == pytest.approx((1 + 0.5 + 0 + 0 + 2.5) / 9)
    assert forest.auc(score, is_row, np.array([1, 2, 0, 1, 0, 3])) == pytest.approx((1 + 2 * 0.5 + 3 * 3) / 12)
    assert np.isnan(forest.auc(score, np.ones(6, bool)))


def songs(count, *, tune=None, seed=0):
    """Random songs of two windows and some bars."""
    rng, found = np.random.default_rng(seed), []
    for number in range(count):
        tokens = np.where(rng.random((40 * 16, 3)) < 0.4, rng.integers(30, 40, (40 * 16, 3)), 0).astype(np.uint16)
        found.append(Song(tokens, None, 120.0, number if tune is None else tune, 0))
    return found


def test_a_forest_tells_what_is_other_and_no_more(monkeypatch):
    monkeypatch.setattr(forest, "TREES", 30)
    people = songs(20)
    bootstrap = Bootstrap([song.tune for song in people], resamples=50)
    like = [song.tokens for song in songs(20, seed=1)]
    other = [song.tokens.copy() for song in people]
    for tokens in other:
        tokens[1::2, 1] = np.where(tokens[1::2, 1] >= FIRST_PITCH, 0, tokens[1::2, 1])  # no bass off the eighths
    results = []
    for written in (like, other):
        sides = forest.both_sides(people, written)
        assert sides.values.shape == (80, len(sides.names)) and sides.is_row.sum() == 40
        results.append(forest.tell_apart(sides, bootstrap))
        assert results[-1]["lo"] <= results[-1]["value"] <= results[-1]["hi"]
    assert 0.2 < results[0]["value"] < 0.7 and results[1]["value"] > 0.95
    assert results[1] == forest.tell_apart(sides, bootstrap)
    found = {tell.feature: tell for tell in forest.tells(sides)}
    assert "bass_off_eighths" in list(found)[:10]
    assert found["bass_off_eighths"].auc == 0 and found["bass_off_eighths"].row == 0 < found["bass_off_eighths"].people


def test_windows_with_hardly_any_music_are_not_asked_about():
    people = songs(2)
    silent = [song.tokens * np.array([1, 0, 1], np.uint16) for song in people]
    assert forest.both_sides(people, silent) is None
    silent[1] = people[1].tokens
    assert set(forest.both_sides(people, silent).song) == {1}


def test_one_tune_is_too_few():
    people = songs(3, tune=7)
    sides = forest.both_sides(people, [song.tokens for song in people])
    assert forest.tell_apart(sides, Bootstrap([7] * 3)) is None
