"""What a window's surrogate learns from: the latents of the full trio, and what the frozen decoder makes of its own."""

from musicvae_jax.events import BASS, DRUMS

_FLOOR = 1e-9  # where a batch's latents do not vary


def loss(module, batch, key=None, *, kl=1.0, likelihood=0.0, vae=None):
    """A weighted sum of two losses of a WindowSurrogate, and what it is made of.

    Args:
        module: the WindowSurrogate.
        batch: as window_surrogate.with_features makes it; tokens [B, 256, 3], mu and sigma [B, Z] of the full trio.
        key: not used.
        kl: weight of KL(q(z | trio) || p(z | melody)).
        likelihood: weight of -log p(bass, drums | z) under the decoder of vae, at the mean of p(z | melody).
        vae: the MusicVAE, which does not learn; needed where there is a likelihood.

    Returns:
        The loss, nats a window, and metrics: it, kl, and r2, the share of the batch's variance of mu that the mean
        explains; where there is a likelihood nats a window of bass and of drums.
    """
    told = module(batch)
    divergence = told.kl_from(batch["mu"], batch["sigma"]).mean()
    distance = ((batch["mu"] - told.mean) ** 2).sum(-1).mean()
    value = kl * divergence
    metrics = {"kl": divergence, "r2": 1 - distance / (batch["mu"].var(0).sum() + _FLOOR)}
    if likelihood:
        log_probs_BxTx2, _ = vae.track_log_probs(batch["tokens"], told.mean, tracks=(BASS, DRUMS))
        bass, drums = -log_probs_BxTx2.sum(1).mean(0)
        value = value + likelihood * (bass + drums)
        metrics |= {"bass_nats": bass, "drums_nats": drums}
    return value, {"loss": value} | metrics
