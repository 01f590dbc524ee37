"""What a surrogate learns from: the latents of the full trio, and what the frozen decoder makes of its own."""

import jax

from musicvae_jax.events import WINDOW_STEPS

_FLOOR = 1e-9  # where a batch's latents do not vary


def loss(module, batch, key, *, kl=1.0, likelihood=0.0, mse=0.0, segments=0, spread=0.0, vae=None):
    """A weighted sum of three losses, nats a window, and what it is made of.

    kl: weight of KL(q(z | trio) || p(z | melody)). likelihood: of -log p(bass, drums | z) under the frozen decoder of
    vae, at the mode of p(z | melody), or where spread is not 0 at a draw of that spread. mse: of the squared distance
    of the mode from q's mean, summed over the latent.
    segments: how many bars of a window, drawn for the batch, stand for all in the likelihood; 0: all.
    batch: tokens [B, 256, 3], of which the melody is read; mu and sigma [B, Z] of the full trio. Metrics besides:
    r2, the share of the batch's variance of mu that the mode explains, and nats a window of bass and drums.
    """
    prior = module(batch["tokens"][..., 0])
    of_kl, of_z, of_segments = jax.random.split(key, 3)
    divergence = prior.kl_from(batch["mu"], batch["sigma"], of_kl).mean()
    distance = ((batch["mu"] - prior.mode()) ** 2).sum(-1).mean()
    value = kl * divergence + mse * distance
    variance = batch["mu"].var(0).sum()
    metrics = {"kl": divergence, "mse": distance, "r2": 1 - distance / (variance + _FLOOR)}
    if likelihood:
        z_BxZ = prior.sample(of_z, spread) if spread else prior.mode()
        drawn = vae.draw_segments(of_segments, segments)
        log_probs_BxTx2, _ = vae.track_log_probs(batch["tokens"], z_BxZ, tracks=(1, 2), segments=drawn)
        bass, drums = -log_probs_BxTx2.mean((0, 1)) * WINDOW_STEPS
        value = value + likelihood * (bass + drums)
        metrics |= {"bass_nats": bass, "drums_nats": drums}
    return value, {"loss": value} | metrics
