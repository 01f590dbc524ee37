"""What a model makes of songs it never saw: reconstruction by MusicVAE, and accompaniment from the melody alone."""

import jax
import numpy as np

from musicvae_jax import elbo, training
from surrogate import metrics


def reconstruction(vae, tokens):
    """ELBO, KL and, a track, nats a window and teacher-forced accuracy at one draw of z: {name: value}."""

    def loss(module, batch, key):
        return elbo.loss(module, batch["tokens"], key, beta=1.0, free_bits=0.0)

    size = 64
    count = max(1, len(tokens) // size)
    rows = np.resize(np.arange(len(tokens)), count * size).reshape(count, size)
    return training.evaluate(vae, loss, [{"tokens": tokens[row]} for row in rows])


def table(vae, encoder, tokens, *, seed=0, temperature=0.5):
    """Scores of generated windows against the real ones, from floor to ceiling: {row: {column: value}}.

    tokens uint16 [n, 256, 3]. Rows: z at the prior's mean, z predicted from the melody (its mean), z drawn from that
    prediction, and the mean of the encoder that saw the trio.
    """
    mu, _ = vae.encode(tokens)
    noise = np.random.default_rng(seed).normal(size=mu.shape)
    codes = {"prior mean": np.zeros_like(mu)}
    if encoder is not None:
        mean, std = encoder.predict(tokens[..., 0])
        codes["melody alone, mean"] = mean
        codes["melody alone, sample"] = (mean + std * noise).astype(np.float32)
    codes["true trio, mean"] = mu
    rows = {}
    for name, z in codes.items():
        generated = vae.decode(z, key=jax.random.key(seed), temperature=temperature)
        nats = -vae.log_prob(tokens, z).mean(0)
        rows[name] = metrics.score(tokens, generated) | {"bass_nats": float(nats[1]), "drums_nats": float(nats[2])}
    if encoder is not None:
        rows["melody alone, mean"]["r2"] = float(1 - ((mu - mean) ** 2).mean() / mu.var(0).mean())
    return rows


def markdown(rows):
    """The table as text, columns in the order of their first appearance."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = ["| z | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[c]:.3f}" if c in row else "" for c in columns) + " |")
    return "\n".join(lines)
