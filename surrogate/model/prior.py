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
        return self._of(self.logits.argmax(-1), self.means)

    def sample(self, key, spread=1.0):
        """One draw for each melody, float32 [B, Z]; gradients reach the means and standard deviations.

        spread multiplies the standard deviations: less strays less far from the component's mean.
        """
        which, noise = jax.random.split(key)
        chosen_B = jax.random.categorical(which, self.logits)
        mean, std = self._of(chosen_B, self.means), self._of(chosen_B, self.stds)
        return mean + spread * std * jax.random.normal(noise, mean.shape)

    def log_prob(self, z_BxZ):
        """log p(z | melody), nats, float32 [B]."""
        away_BxKxZ = (z_BxZ[:, None] - self.means) / self.stds
        log_BxK = -(0.5 * away_BxKxZ**2 + jnp.log(self.stds) + 0.5 * np.log(2 * np.pi)).sum(-1)
        return jax.nn.logsumexp(log_BxK + jax.nn.log_softmax(self.logits), axis=-1)

    def kl_from(self, mu_BxZ, sigma_BxZ, key):
        """KL(N(mu, sigma) || p(z | melody)), nats, float32 [B]: exact for one component, otherwise from one draw."""
        if self.means.shape[1] == 1:
            return gaussian_kl(mu_BxZ, sigma_BxZ, self.means[:, 0], self.stds[:, 0])
        z_BxZ = mu_BxZ + sigma_BxZ * jax.random.normal(key, mu_BxZ.shape)
        entropy_B = (jnp.log(sigma_BxZ) + 0.5 * np.log(2 * np.pi * np.e)).sum(-1)
        return -entropy_B - self.log_prob(z_BxZ)

    def _of(self, chosen_B, values_BxKxZ):
        return values_BxKxZ[np.arange(len(chosen_B)), chosen_B]
