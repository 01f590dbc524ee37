"""p(z | melody): a Gaussian over the latent of a window."""

import typing

import jax

from musicvae_jax.elbo import gaussian_kl


class Gaussian(typing.NamedTuple):
    """Diagonal Gaussians, one a window: mean and std, float32 [B, Z]; arrays of NumPy or JAX."""

    mean: jax.Array
    std: jax.Array

    def sample(self, key, spread=1.0):
        """Draws a latent for each window.

        Args:
            key: a random key.
            spread: what standard deviations are multiplied by: with less a draw strays less from the mean.

        Returns:
            float32 [B, Z].
        """
        return self.mean + spread * self.std * jax.random.normal(key, self.mean.shape)

    def kl_from(self, mu_BxZ, sigma_BxZ):
        """KL(N(mu, sigma) || p(z | melody)), float32 [B], nats; mu, sigma: float32 [B, Z]."""
        return gaussian_kl(mu_BxZ, sigma_BxZ, self.mean, self.std)
