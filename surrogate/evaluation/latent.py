"""How well a z accounts for the real windows: in latent space, and by the decoder's likelihood of them."""

import numpy as np

from musicvae_jax.events import WINDOW_STEPS


def explained(mu, z):
    """R2 of the encoder's means.

    Args:
        mu, z: [n, Z] each, the encoder's means and what stands for them.

    Returns:
        Numerator and denominator, float64 [n] each: variance explained, variance.
    """
    mu, z = np.asarray(mu, np.float64), np.asarray(z, np.float64)
    variance = ((mu - mu.mean(0)) ** 2).sum(1)
    return variance - ((mu - z) ** 2).sum(1), variance


def bits(log_prob) -> np.ndarray:
    """Bits a step from log-likelihoods in nats a window: float64, of any shape."""
    return -np.asarray(log_prob, np.float64) / np.log(2) / WINDOW_STEPS


def frechet(a, b) -> float:
    """Squared Frechet distance of the Gaussians fitted to two sets of points.

    Args:
        a, b: [n, Z] and [m, Z], n and m 2 or more.

    Source: Heusel et al. 2017 (FID); here in MusicVAE's own latent space.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    root = _root(np.cov(a, rowvar=False))
    # The trace of (AB)^1/2 is that of the symmetric (A^1/2 B A^1/2)^1/2, which needs no general matrix root.
    cross = np.linalg.eigvalsh(root @ np.cov(b, rowvar=False) @ root)
    spread = a.var(0, ddof=1).sum() + b.var(0, ddof=1).sum() - 2 * np.sqrt(np.maximum(cross, 0)).sum()
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + spread)


def _root(covariance):
    values, vectors = np.linalg.eigh(covariance)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
