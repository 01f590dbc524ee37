"""Losses of the surrogate against q(z | trio)."""

import jax.numpy as jnp


def gaussian_kl(mu, sigma, mean, std):
    """KL(N(mu, sigma) || N(mean, std)) of each row over the last axis, nats."""
    return (jnp.log(std / sigma) + (sigma**2 + (mu - mean) ** 2) / (2 * std**2) - 0.5).sum(-1)


def kl_loss(module, batch, key):
    """KL(q(z | trio) || p(z | melody)), nats a window; also the share of the codes' variance that the mean explains.

    batch: tokens [B, 256, 3], of which the melody is read; mu and sigma [B, Z] of the full trio.
    """
    del key  # nothing here is random
    mean, std = module(batch["tokens"][..., 0])
    kl = gaussian_kl(batch["mu"], batch["sigma"], mean, std).mean()
    residual = ((batch["mu"] - mean) ** 2).mean()
    variance = batch["mu"].var(0).mean()
    return kl, {"loss": kl, "mse": residual, "r2": 1 - residual / variance}
