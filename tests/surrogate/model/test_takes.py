"""Takes: drums that agree with most draws, a bass that follows the melody, the best take first."""

import jax
import numpy as np
import pytest

from surrogate.model import takes
from surrogate.model.prior import Prior


@pytest.fixture(scope="module")
def query(tiny_vae):
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 90, (3, 256, 3)).astype(np.uint16)
    means, stds = rng.normal(size=(3, 1, 8)).astype(np.float32), np.full((3, 1, 8), 0.5, np.float32)
    return tokens, Prior(np.zeros((3, 1), np.float32), means, stds)


def test_the_best_take_has_the_likeliest_melody(tiny_vae, query):
    tokens, prior = query
    best, first = takes.likeliest_draws(tiny_vae, prior, tokens, 4)
    np.testing.assert_array_equal(first, prior.sample(jax.random.key(0)))
    each = [tiny_vae.log_prob(tokens, prior.sample(jax.random.key(i)))[:, 0] for i in range(4)]
    np.testing.assert_allclose(tiny_vae.log_prob(tokens, best)[:, 0], np.max(each, axis=0), rtol=1e-6)


def test_refining_raises_the_posterior_and_reads_the_melody_alone(tiny_vae, query):
    tokens, prior = query

    def posterior(z):
        return tiny_vae.log_prob(tokens, z)[:, 0] + np.asarray(prior.log_prob(z))

    two = np.stack([prior.mode(), prior.mode() + 0.1])
    refined = takes.refine(tiny_vae, prior, tokens[..., 0], two)
    assert refined.shape == two.shape
    for before, after in zip(two, refined, strict=True):
        assert (posterior(after) > posterior(before)).all()


def test_draws_stray_together_in_what_belongs_to_the_window():
    n, size = 5, 6
    prior = Prior(np.zeros((n, 1)), np.zeros((n, 1, size), np.float32), np.ones((n, 1, size), np.float32))
    song = np.array([0, 0, 0, 1, 1])
    drawn = takes.draws(prior, song, 4, window_size=2, seed=1)
    assert drawn.shape == (4, n, size) and drawn.dtype == np.float32
    for rows in (slice(0, 3), slice(3, 5)):
        assert (drawn[:, rows, :2] == drawn[:, rows, :2][:, :1]).all()
        assert len(np.unique(drawn[0, rows, 2])) == rows.stop - rows.start
    alone = takes.draws(Prior(*(x[3:] for x in prior)), np.zeros(2, int), 4, window_size=2, seed=1)
    np.testing.assert_array_equal(alone, drawn[:, 3:])
    assert (takes.draws(prior, song, 4, window_size=2, seed=2) != drawn).all()
    many = takes.draws(prior, song, 500, window_size=2)
    assert many.std() == pytest.approx(takes.SPREAD, rel=0.05)


def test_agreement_is_the_mean_f1_with_the_others():
    drums = np.zeros((3, 2, 4), np.uint16)  # draws, windows, steps
    drums[0, 0], drums[1, 0], drums[2, 0] = [3, 0, 1, 0], [1, 0, 1, 0], [0, 4, 0, 0]
    drums[:, 1] = 5
    agreed = takes.agreement(drums, np.array([0, 1]))
    np.testing.assert_allclose(agreed[:, 0], [(2 * 2 / 5 + 0) / 2, (2 * 2 / 5 + 0) / 2, 0])
    np.testing.assert_allclose(agreed[:, 1], 1)
    together = takes.agreement(drums, np.array([0, 0]))
    np.testing.assert_allclose(together[2, 0], (2 * 8 / (8 + 3 + 8 + 1) + 2 * 8 / (8 + 2 + 8 + 1)) / 2)


def test_kicks_that_go_with_the_bass_are_worth_more():
    bass = np.zeros((2, 4), np.uint16)
    bass[0, [0, 2]] = 30
    drums = np.zeros((2, 2, 4), np.uint16)
    drums[0, 0], drums[1, 0] = [1, 0, 1, 0], [1, 1, 0, 0]
    songs = np.array([0, 1])
    more = takes.ratings(bass, drums, songs) - takes.agreement(drums, songs)
    np.testing.assert_allclose(more, takes.LOCK * np.array([[1, 0], [0.5, 0]]))


def test_takes_are_ranked_distinct_and_their_own_codes(tiny_vae, query):
    tokens, prior = query
    song, lines = np.array([0, 0, 1]), tokens[..., 0]
    played = takes.play(tiny_vae, prior, lines, song, count=4, temperature=(1.0, 1.0), seed=3)
    assert played.tokens.shape == (4, 3, 256, 2) and played.z.shape == (4, 3, 2, 8) and played.ratings.shape == (4, 2)
    assert (np.diff(played.ratings[:, 0]) <= 0).all() or (played.ratings[0] >= played.ratings[1:]).all()
    assert len(np.unique(played.tokens.reshape(4, -1), axis=0)) == 4
    [refined] = takes.refine(tiny_vae, prior, lines, prior.mode()[None])
    np.testing.assert_allclose(played.z[0, :, 0], refined, atol=1e-5)
    [one] = takes.play(tiny_vae, prior, lines, song, temperature=(1.0, 1.0), seed=3).tokens
    np.testing.assert_array_equal(one, played.tokens[0])


def test_a_songs_takes_do_not_depend_on_the_songs_beside_it(tiny_vae, query):
    tokens, prior = query
    options = dict(count=2, temperature=(1.0, 1.0), seed=5)
    both = takes.play(tiny_vae, prior, tokens[..., 0], np.array([0, 0, 1]), **options)
    alone = takes.play(tiny_vae, Prior(*(x[2:] for x in prior)), tokens[2:, :, 0], np.zeros(1, int), **options)
    np.testing.assert_array_equal(alone.tokens[:, 0], both.tokens[:, 2])


def test_a_shift_moves_what_is_decoded(tiny_vae, query):
    tokens, prior = query
    shift = np.float32([[1.0] * 8, [0.0] * 8])
    song, options = np.arange(3), dict(temperature=(0.0, 0.0))
    still, moved = (takes.play(tiny_vae, prior, tokens[..., 0], song, shift_2xZ=s, **options) for s in (None, shift))
    np.testing.assert_allclose(moved.z[0, :, 0] - still.z[0, :, 0], 1, atol=1e-5)
    np.testing.assert_array_equal(moved.tokens[..., 1], still.tokens[..., 1])


def test_evidence_goes_into_bass_and_drums_of_every_take(tiny_vae, query):
    tokens, prior = query
    kick_on = np.full((3, 256, 9), -100, np.float32)
    for window in range(3):
        kick_on[window, window::4, 0] = 100
    no_onset = np.zeros((3, 256, 13), np.float32)
    no_onset[..., 0] = -100
    options = dict(count=3, temperature=(1.0, 1.0), evidence=lambda: {1: no_onset, 2: kick_on})
    played = takes.play(tiny_vae, prior, tokens[..., 0], np.array([0, 0, 1]), **options)
    assert (played.tokens[..., 0] < 2).all()
    for window in range(3):
        assert (played.tokens[:, window, window::4, 1] == 1).all() and played.tokens[:, window, :, 1].sum() == 3 * 64
