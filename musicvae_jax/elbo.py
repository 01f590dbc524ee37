"""The VAE's training objective (magenta/models/music_vae/base_model.py)."""

import math

import jax
import jax.numpy as jnp

from musicvae_jax.events import TRACKS, WINDOW_STEPS


def gaussian_kl(mu_BxZ, sigma_BxZ, mean_BxZ=0.0, std_BxZ=1.0):
    """Computes KL(N(mu, sigma) || N(mean, std)) of each row.

    Args:
        mu_BxZ, sigma_BxZ: float32 [B, Z], means and standard deviations.
        mean_BxZ, std_BxZ: the same of the other Gaussian, the standard normal by default.

    Returns:
        float32 [B], nats.
    """
    scaled_BxZ = (sigma_BxZ**2 + (mu_BxZ - mean_BxZ) ** 2) / (2 * std_BxZ**2)
    return (jnp.log(std_BxZ / sigma_BxZ) + scaled_BxZ - 0.5).sum(-1)


def loss(model, tokens_BxTx3, key, *, beta, free_bits):
    """Negative beta-ELBO of a batch, and what it is made of.

    Args:
        model: the MusicVAE.
        tokens_BxTx3: trio windows, int [B, 256, 3].
        key: a random key.
        beta: weight of max(KL - free_bits * ln 2, 0), on the KL of the whole latent.
        free_bits: what the latent may hold at no cost, bits a window.

    Returns:
        The loss, nats a window, and metrics: it, the ELBO (beta 1, no free bits), KL, and for each track the
        reconstruction loss (nats a window) and teacher-forced accuracy.
    """
    mu, sigma = model.encoder(tokens_BxTx3)
    z = mu + sigma * jax.random.normal(key, mu.shape)
    log_probs_BxTx3, hits_BxTx3 = model.track_log_probs(tokens_BxTx3, z)
    nats_3 = -log_probs_BxTx3.mean((0, 1)) * WINDOW_STEPS
    kl_B = gaussian_kl(mu, sigma)
    costly_B = jnp.maximum(kl_B - free_bits * math.log(2), 0)
    value = nats_3.sum() + beta * costly_B.mean()
    metrics = {"loss": value, "elbo": -(nats_3.sum() + kl_B.mean()), "kl": kl_B.mean()}
    for i, track in enumerate(TRACKS):
        metrics |= {f"{track}_nats": nats_3[i], f"{track}_accuracy": hits_BxTx3[..., i].mean()}
    return value, metrics
