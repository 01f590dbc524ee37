"""Surrogates of windows beside each other: what they predict of the latents of held-out tunes, with intervals."""

import json
import pathlib

import numpy as np

import musicvae_jax
from musicvae_jax import files
from musicvae_jax.events import BASS, DRUMS, MELODY
from surrogate.corpus import dataset
from surrogate.corpus.errors import DatasetError
from surrogate.evaluation.bootstrap import Bootstrap
from surrogate.evaluation.report import as_markdown
from surrogate.model import window_surrogate
from surrogate.model.gaussian import Gaussian

FLOOR = "mean of the corpus"
COLUMNS = ("kl", "r2", "bass_nats", "drums_nats")
MOST_WINDOWS = 2048


def compare(corpus, checkpoint, models, *, output: pathlib.Path, seed: int = 0) -> str:
    """Compares p(latents | melody) of surrogates with q(latents | trio) of windows of the validation split.

    Args:
        corpus: the folder of an encoded corpus.
        checkpoint: the MusicVAE whose latents it holds.
        models: {row: model folder}; a surrogate lies in the part of the row's name.
        output: where results.json is written.
        seed: of the windows that are drawn, MOST_WINDOWS at most, and of the bootstrap.

    Returns:
        The table and the differences of each row from the first, as text.

    Raises:
        DatasetError, musicvae_jax.CheckpointError, musicvae_jax.FileError: what was given cannot be used, or the table
            cannot be written.
    """
    data = dataset.open(corpus)
    rows = data.indices("validation")
    if not len(rows):
        raise DatasetError(f"{corpus}: holds no tunes out; encode it with --config.validation_fraction=0.1")
    chosen = np.sort(np.random.default_rng(seed).choice(rows, min(MOST_WINDOWS, len(rows)), replace=False))
    tokens, mu, sigma = (data.rows(chosen, field) for field in ("tokens", "mu", "sigma"))
    vae = musicvae_jax.load(checkpoint)
    bootstrap = Bootstrap(data.tune[chosen], seed=seed)
    told = {FLOOR: _of_corpus(data, len(chosen))}
    told |= {
        name: window_surrogate.load(folder, part=name).predict(tokens[..., MELODY]) for name, folder in models.items()
    }
    values = {name: _columns(vae, tokens, mu, sigma, gaussian) for name, gaussian in told.items()}
    table = {name: {column: bootstrap.ratio(*own[column]) for column in COLUMNS} for name, own in values.items()}
    first, *others = models
    differences = {
        name: {column: bootstrap.difference(values[name][column], values[first][column]) for column in COLUMNS}
        for name in others
    }
    about = {"windows": len(chosen), "tunes": bootstrap.tunes, "rows": table, f"less {first}": differences}
    files.write_whole(output, json.dumps(about, indent=1) + "\n")
    lines = [
        f"{len(chosen)} windows of {bootstrap.tunes} held-out tunes of {corpus}",
        "",
        as_markdown(table, COLUMNS),
        "",
    ]
    for name, of_columns in differences.items():
        each = (f"{column} {x['value']:+.3f} [{x['lo']:.3f}, {x['hi']:.3f}]" for column, x in of_columns.items())
        lines.append(f"{name} less {first}, 95 % over tunes: {', '.join(each)}")
    return "\n".join(lines)


def _of_corpus(data, count):
    """The Gaussian that the corpus's training windows have on the whole, for each of so many windows."""
    rows = data.indices("train")
    rows = rows[:: -(-len(rows) // MOST_WINDOWS)]
    mu, sigma = data.rows(rows, "mu"), data.rows(rows, "sigma")
    std = np.sqrt(mu.var(0) + (sigma**2).mean(0))
    return Gaussian(*(np.broadcast_to(x, (count, len(x))) for x in (mu.mean(0), std)))


def _columns(vae, tokens, mu, sigma, told):
    """Numerator and denominator of each column, of each window.

    kl: nats of KL(q(z | trio) || p(z | melody)). r2: the share of the variance of mu that the mean explains. bass_nats,
    drums_nats: of the tokens of both under the decoder at the mean.
    """
    ones, off = np.ones(len(mu)), ((mu - mu.mean(0)) ** 2).sum(1, dtype=np.float64)
    nats = -vae.log_prob(tokens, np.asarray(told.mean))
    return {
        "kl": (np.asarray(told.kl_from(mu, sigma), np.float64), ones),
        "r2": (off - ((mu - told.mean) ** 2).sum(1, dtype=np.float64), off),
        "bass_nats": (nats[:, BASS], ones),
        "drums_nats": (nats[:, DRUMS], ones),
    }
