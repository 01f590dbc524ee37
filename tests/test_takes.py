"""Ranking and refining the z of a take by what the decoder says of the melody."""

import jax
import numpy as np
import pytest

from surrogate import takes
from surrogate.prior import Prior


@pytest.fixture(scope="module")
def query(tiny_vae):
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 90, (3, 256, 3)).astype(np.uint16)
    means, stds = rng.normal(size=(3, 1, 8)).astype(np.float32), np.full((3, 1, 8), 0.5, np.float32)
    return tokens, Prior(np.zeros((3, 1), np.float32), means, stds)


def test_the_best_take_has_the_likeliest_melody(tiny_vae, query):
    tokens, prior = query
    best, first = takes.best(tiny_vae, prior, tokens, 4)
    np.testing.assert_array_equal(first, prior.sample(jax.random.key(0)))
    each = [tiny_vae.log_prob(tokens, prior.sample(jax.random.key(i)))[:, 0] for i in range(4)]
    np.testing.assert_allclose(tiny_vae.log_prob(tokens, best)[:, 0], np.max(each, axis=0), rtol=1e-6)


def test_refining_raises_the_posterior_and_reads_the_melody_alone(tiny_vae, query):
    tokens, prior = query

    def posterior(z):
        return tiny_vae.log_prob(tokens, z)[:, 0] + np.asarray(prior.log_prob(z))

    z = takes.refine(tiny_vae, prior, tokens, prior.mode())
    assert (posterior(z) > posterior(prior.mode())).all()
    others = tokens.copy()
    others[..., 1:] = 0
    np.testing.assert_allclose(takes.refine(tiny_vae, prior, others, prior.mode()), z, atol=1e-6)


def test_the_bass_is_the_refined_and_the_drums_the_modes(tiny_vae, query):
    tokens, prior = query
    options = dict(key=jax.random.key(3), temperature=0.7)
    written = takes.write(tiny_vae, prior, tokens, **options)
    refined, mode = takes.refine(tiny_vae, prior, tokens, prior.mode()), np.asarray(prior.mode())
    whole = tiny_vae.decode(np.concatenate([refined, mode]), **options)
    np.testing.assert_array_equal(written[..., 1], whole[:3, :, 1])
    np.testing.assert_array_equal(written[..., 2], whole[3:, :, 2])
    assert (written[..., 1] != whole[3:, :, 1]).any()
