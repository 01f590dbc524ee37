"""p(z | melody) against numbers known otherwise."""

import jax
import numpy as np
import pytest

from musicvae_jax.elbo import gaussian_kl
from surrogate.model.gaussian import Gaussian


def test_kl_of_known_gaussians():
    one = np.ones((1, 2), np.float32)
    assert float(gaussian_kl(0 * one, one, 0 * one, one)[0]) == 0
    # log(2) + (1 + 9) / 8 - 1/2 a dimension: N(3, 1) against N(0, 2)
    nats = Gaussian(0 * one, 2 * one).kl_from(3 * one, one)
    assert nats.shape == (1,) and float(nats[0]) == pytest.approx(2 * (np.log(2) + 0.75))


def test_draws_have_the_mean_and_the_deviations_times_the_spread():
    mean, std = np.float32([[1, -2, 0]]), np.float32([[0.5, 2, 1]])
    many = Gaussian(*(np.repeat(x, 20_000, axis=0) for x in (mean, std)))
    for spread in (1.0, 0.25):
        draws = np.asarray(many.sample(jax.random.key(0), spread))
        np.testing.assert_allclose(draws.mean(0), mean[0], atol=0.05)
        np.testing.assert_allclose(draws.std(0), spread * std[0], rtol=0.03)
    assert (draws != np.asarray(many.sample(jax.random.key(1), spread))).all()
    np.testing.assert_array_equal(many.sample(jax.random.key(0), 0.0), many.mean)
