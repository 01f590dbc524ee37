"""What tunes with bar lines teach is where tunes without them have theirs."""

import numpy as np
import pytest

from surrogate.evaluation import fit_tune_bars
from surrogate.evaluation.fit_tune_bars import KnownTune
from surrogate.reading import bar_evidence, rotations, tune_bars

UNITS = 6  # eighths of a bar of 3/4


def waltz(pickup, seed):
    """A long note on each downbeat, two short ones after most, and a pickup of so many eighths before each phrase."""
    rng = np.random.default_rng(seed)
    places = [(-1 - each, 1) for each in range(pickup)][::-1]
    for bar in range(15):
        places += [(6 * bar, 3), (6 * bar + 3, 2), (6 * bar + 5, 1)] if bar % 4 < 3 else [(6 * bar, 6 - pickup)]
        places += [(6 * bar + 6 - pickup + each, 1) for each in range(pickup)] if bar % 4 == 3 else []
    start, length = np.array([*places, (90, 6 - pickup)]).T
    pitch = np.append(60 + rng.choice([0, 2, 4, 5, 7, 9], len(start) - 1), 60)
    return KnownTune(np.stack([(start - start[0]) / 2, (start - start[0] + length) / 2, pitch], axis=1), pickup)


def found(tune, network):
    start, end, pitch = (tune.notes_Nx3 * [480, 480, 1]).astype(int).T
    odds = tune_bars.log_odds(tune_bars.evidence(start, end, pitch, 480, UNITS), network)
    return bar_evidence.likeliest_pickup(odds, network.prior)


@pytest.fixture(scope="module")
def network():
    return fit_tune_bars.fit([waltz(seed % 3, seed) for seed in range(120)], UNITS)


def test_pickups_of_tunes_like_those_that_were_learnt_are_found(network):
    assert [found(waltz(seed % 3, seed), network) for seed in range(201, 219)] == [0, 1, 2] * 6


def test_what_is_saved_is_what_is_heard(network, tmp_path, monkeypatch):
    fit_tune_bars.save(dict.fromkeys(tune_bars.METERS, network), tmp_path / "bars.npz")
    monkeypatch.setattr(tune_bars, "TABLE", tmp_path / "bars.npz")
    read = tune_bars.networks.__wrapped__()["3/4"]
    for name, values in network._asdict().items():
        np.testing.assert_allclose(getattr(read, name), values, rtol=2e-3, atol=1e-4)


def test_rare_pickups_weigh_more_than_their_number_and_cuts_less_than_whole_tunes():
    pickup = np.repeat([0, 1, 0, 1], [90, 10, 30, 70])
    weight = fit_tune_bars._weights(pickup, 100, UNITS)
    of = [weight[each].sum() for each in (slice(90), slice(90, 100), slice(100, 130), slice(130, 200))]
    assert of[0] / 9 < of[1] < of[0] and np.allclose(np.divide(of[2:], of[:2]), 0.3)


def test_a_tune_is_cut_where_phrases_begin():
    tune = waltz(2, 0)
    cuts = list(fit_tune_bars._cuts(tune, UNITS, np.random.default_rng(0)))
    assert cuts
    for cut in cuts:
        lost = 2 * (tune.notes_Nx3[-1, 0] - cut.notes_Nx3[-1, 0])
        assert lost > 0 and cut.pickup == (2 - lost) % UNITS and cut.notes_Nx3[0, 0] == 0


def test_evidence_of_a_later_bar_line_is_the_same_turned():
    """What is heard from a unit of evidence is what is heard from the first of evidence turned by so much."""
    rows = np.random.default_rng(0).random((3, UNITS))
    heard = rotations.from_each_place(rows)
    for unit in range(UNITS):
        np.testing.assert_array_equal(heard[unit], np.roll(rows, -unit, axis=1).ravel())
