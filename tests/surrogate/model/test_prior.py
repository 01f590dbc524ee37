"""p(z | melody): one Gaussian and mixtures, against numbers known otherwise."""

import jax
import numpy as np
import pytest

from musicvae_jax.elbo import gaussian_kl
from surrogate.model.prior import Prior


def prior(components, *, batch=1, z=3, seed=0):
    rng = np.random.default_rng(seed)
    shape = (batch, components, z)
    stds = rng.uniform(0.5, 2, shape)
    return Prior(*(x.astype(np.float32) for x in (rng.normal(size=shape[:2]), rng.normal(size=shape), stds)))


def test_gaussian_kl_of_known_gaussians():
    one = np.ones((1, 2))
    assert float(gaussian_kl(0 * one, one, 0 * one, one)[0]) == 0
    # log(2) + (1 + 9) / 8 - 1/2 a dimension: N(3, 1) against N(0, 2)
    assert float(gaussian_kl(3 * one, one, 0 * one, 2 * one)[0]) == pytest.approx(2 * (np.log(2) + 0.75))


def test_density_of_a_mixture_is_the_weighted_sum():
    p, z = prior(2), np.array([[0.3, -1.0, 2.0]], np.float32)
    weights = np.exp(p.logits[0]) / np.exp(p.logits[0]).sum()
    away = (z - p.means[0]) / p.stds[0]
    densities = (np.exp(-(away**2) / 2) / p.stds[0] / np.sqrt(2 * np.pi)).prod(-1)
    assert float(p.log_prob(z)[0]) == pytest.approx(np.log(weights @ densities), rel=1e-5)


def test_the_mode_is_the_likeliest_components_mean():
    p = prior(4, batch=5)
    best = p.logits.argmax(-1)
    np.testing.assert_array_equal(p.mode(), np.stack([p.means[i, best[i]] for i in range(5)]))


def test_draws_have_the_mixtures_mean():
    one = prior(2)
    many = Prior(*(np.repeat(x, 20_000, axis=0) for x in one))
    weights = np.exp(one.logits[0]) / np.exp(one.logits[0]).sum()
    draws = np.asarray(many.sample(jax.random.key(0)))
    np.testing.assert_allclose(draws.mean(0), weights @ one.means[0], atol=0.05)
    assert (draws != np.asarray(many.sample(jax.random.key(1)))).all()


def test_kl_from_is_exact_for_one_component_and_unbiased_for_several():
    mu, sigma = np.array([[0.5, 0.0, -1.0]], np.float32), np.array([[0.4, 0.9, 0.6]], np.float32)
    one = prior(1)
    exact = gaussian_kl(mu, sigma, one.means[:, 0], one.stds[:, 0])
    np.testing.assert_allclose(one.kl_from(mu, sigma, jax.random.key(0)), exact)
    twice = Prior(np.zeros((20_000, 2), np.float32), *(np.tile(x, (20_000, 2, 1)) for x in one[1:]))
    drawn = twice.kl_from(np.tile(mu, (20_000, 1)), np.tile(sigma, (20_000, 1)), jax.random.key(0))
    assert float(drawn.mean()) == pytest.approx(float(exact[0]), rel=0.03)
