"""p(z | melody): a mixture of Gaussians over the latent, of one component or several."""

import typing

import jax
import jax.numpy as jnp
import numpy as np

from musicvae_jax.elbo import gaussian_kl


class Prior(typing.NamedTuple):
    """Mixtures of K diagonal Gaussians, one a melody; arrays of NumPy or JAX.

    logits: float32 [B, K], of the components' weights. means, stds: float32 [B, K, Z].
    """

    logits: jax.Array
    means: jax.Array
    stds: jax.Array

    def mode(self):
        """The mean of the likeliest component, float32 [B, Z]."""
        return _pick(self.means, self.logits.argmax(-1))

    def sample(self, key, spread=1.0):
        """Draws a latent for each melody; gradients reach the means and standard deviations.

        Args:
            key: a random key.
            spread: what standard deviations are multiplied by: with less a draw strays less from a component's mean.

        Returns:
            float32 [B, Z].
        """
        which, noise = jax.random.split(key)
        chosen_B = jax.random.categorical(which, self.logits)
        mean, std = _pick(self.means, chosen_B), _pick(self.stds, chosen_B)
        return mean + spread * std * jax.random.normal(noise, mean.shape)

    def log_prob(self, z_BxZ):
        """log p(z | melody), nats, float32 [B]."""
        away_BxKxZ = (z_BxZ[:, None] - self.means) / self.stds
        log_BxK = -(0.5 * away_BxKxZ**2 + jnp.log(self.stds) + 0.5 * np.log(2 * np.pi)).sum(-1)
        return jax.nn.logsumexp(log_BxK + jax.nn.log_softmax(self.logits), axis=-1)

    def kl_from(self, mu_BxZ, sigma_BxZ, key):
        """KL(N(mu, sigma) || p(z | melody)): exact for one component, otherwise estimated from one draw.

        Args:
            mu_BxZ, sigma_BxZ: float32 [B, Z], means and standard deviations.
            key: a random key for the draw.

        Returns:
            float32 [B], nats.
        """
        if self.means.shape[1] == 1:
            return gaussian_kl(mu_BxZ, sigma_BxZ, self.means[:, 0], self.stds[:, 0])
        z_BxZ = mu_BxZ + sigma_BxZ * jax.random.normal(key, mu_BxZ.shape)
        entropy_B = (jnp.log(sigma_BxZ) + 0.5 * np.log(2 * np.pi * np.e)).sum(-1)
        return -entropy_B - self.log_prob(z_BxZ)


def _pick(values_BxKxZ, component_B):
    return values_BxKxZ[np.arange(len(component_B)), component_B]
