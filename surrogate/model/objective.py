"""What a surrogate learns from: the latents of the full trio, and what the frozen decoder makes of its own."""

import jax

from musicvae_jax.events import WINDOW_STEPS

_FLOOR = 1e-9  # where a batch's latents do not vary


def loss(module, batch, key, *, kl=1.0, likelihood=0.0, mse=0.0, segments=0, spread=0.0, vae=None):
    """A weighted sum of three losses of a surrogate, and what it is made of.

    Args:
        module: the Surrogate.
        batch: tokens [B, 256, 3], of which the melody is read; mu and sigma [B, Z] of the full trio.
        key: a random key.
        kl: weight of KL(q(z | trio) || p(z | melody)).
        likelihood: weight of -log p(bass, drums | z) under the decoder of vae, at the mode of p(z | melody).
        mse: weight of the squared distance of the mode from q's mean, summed over the latent.
        segments: how many bars of a window, drawn for the batch, stand for all in the likelihood; 0: all.
        spread: where it is not 0, the likelihood is that of a draw with this spread, not of the mode.
        vae: the MusicVAE, which does not learn; needed where there is a likelihood.

    Returns:
        The loss, nats a window, and metrics: it and its parts, r2, the share of the batch's variance of mu that the
        mode explains, and where there is a likelihood nats a window of bass and of drums.
    """
    prior = module(batch["tokens"][..., 0])
    key_kl, key_z, key_segments = jax.random.split(key, 3)
    divergence = prior.kl_from(batch["mu"], batch["sigma"], key_kl).mean()
    distance = ((batch["mu"] - prior.mode()) ** 2).sum(-1).mean()
    value = kl * divergence + mse * distance
    variance = batch["mu"].var(0).sum()
    metrics = {"kl": divergence, "mse": distance, "r2": 1 - distance / (variance + _FLOOR)}
    if likelihood:
        z_BxZ = prior.sample(key_z, spread) if spread else prior.mode()
        drawn = vae.draw_segments(key_segments, segments)
        log_probs_BxTx2, _ = vae.track_log_probs(batch["tokens"], z_BxZ, tracks=(1, 2), segments=drawn)
        bass, drums = -log_probs_BxTx2.mean((0, 1)) * WINDOW_STEPS
        value = value + likelihood * (bass + drums)
        metrics |= {"bass_nats": bass, "drums_nats": drums}
    return value, {"loss": value} | metrics
