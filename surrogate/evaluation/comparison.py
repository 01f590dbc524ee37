"""How well a model accompanies melodies of songs it never saw, between floors and ceilings: a table with intervals."""

import jax
import numpy as np
import tqdm

from musicvae_jax.elbo import gaussian_kl
from surrogate.accompaniment.options import TEMPERATURES
from surrogate.evaluation import baselines, latent, metrics
from surrogate.evaluation.bootstrap import Bootstrap
from surrogate.model import takes

RULE, NEIGHBOUR, MEAN, ORACLE, HUMAN = "rule", "nearest neighbour", "mean z", "oracle", "human"
BILSTM, MODE, SAMPLE = "BiLSTM", "transformer", "transformer, sample"
BEST, REFINED, ACCOMPANY = "transformer, best of 8", "transformer, refined", "accompany"
HEADLINE = (
    MEAN,
    BILSTM,
    MODE,
    SAMPLE,
    BEST,
    REFINED,
    ACCOMPANY,
)  # the mean for comparison: it knows nothing of the melody
VERSUS = ((ACCOMPANY, RULE), (ACCOMPANY, NEIGHBOUR), (MODE, BILSTM), (ACCOMPANY, HUMAN))
COLUMNS = ("r2", "kl", "bass_bits", "drums_bits", "bits", *metrics.LIKENESS, *metrics.PROPERTIES, "frechet")
TAKES = 8


def accompaniments(windows, neighbours=None, *, seed=0):
    """What no model made, {row: tokens}; windows: songs.Windows; neighbours: what songs.training gives, or None."""
    tokens, tune = windows.tokens, windows.tune
    made = {}
    if len(np.unique(tune)) > 1:
        made["another song"] = baselines.another_song(tokens, tune, windows.shift, seed=seed)
    made[RULE] = baselines.rule(tokens)
    if neighbours is not None:
        made[NEIGHBOUR] = baselines.nearest_neighbour(tokens, tune, *neighbours)
    return made


def codes(vae, prior, bilstm, tokens, mu, *, seed=0):
    """What the decoder is given, {row: z float32 [n, Z]}; prior, p(z | melody), and bilstm may be None."""
    rng = np.random.default_rng(seed)
    codes = {"prior z": rng.normal(size=mu.shape), MEAN: np.broadcast_to(mu.mean(0), mu.shape)}
    if bilstm is not None:
        codes[BILSTM] = bilstm.predict(tokens[..., 0]).mode()
    if prior is not None:
        best, sample = takes.likeliest_draws(vae, prior, tokens, TAKES, seed=seed)
        [refined] = takes.refine(vae, prior, tokens[..., 0], prior.mode()[None])
        codes |= {MODE: prior.mode(), SAMPLE: sample, BEST: best, REFINED: refined}
    codes[ORACLE] = mu
    return {row: np.asarray(z, np.float32) for row, z in codes.items()}


def divergences(prior, mu, sigma):
    """KL(q(z | trio) || the distribution that a row's z comes from), {row: nats float [n]}, where it is known."""
    found = {"prior z": gaussian_kl(mu, sigma), ORACLE: np.zeros(len(mu))}
    if prior is not None:
        found[MODE] = found[SAMPLE] = prior.kl_from(mu, sigma, jax.random.key(0))
    return {row: np.asarray(nats, np.float64) for row, nats in found.items()}


def compare(
    vae, encoder, bilstm, windows, neighbours=None, *,
    marginals=None, seed=0, temperature=TEMPERATURES, shift_2xZ=None, resamples=1000,
):  # fmt: skip
    """The table, the music behind it, the headline, and how rows differ.

    Args:
        vae: a MusicVAE with its encoder. encoder, bilstm: surrogates of it, or None. marginals: what else accompany
            goes by, or None.
        shift_2xZ: of bass and drums, as takes.play takes it.
        windows: songs.Windows. neighbours: what songs.training gives, or None.
        temperature: of bass and of drums.

    Returns:
        rows {row: {column: {"value", "lo", "hi"}}}.
        generated {row: uint16 [n, 256, 3]}, the melody always the real one.
        headline {row: {"value", "lo", "hi"}}, the share of the gap in bits from nearest neighbour to oracle that a row
        closes; empty without neighbours.
        differences {row: {other: {column: {"value", "lo", "hi"}}}}, for the pairs of VERSUS, of the columns both have.
    """
    tokens = windows.tokens
    prior = None if encoder is None else encoder.predict(tokens[..., 0])
    bootstrap = Bootstrap(windows.tune, resamples=resamples, seed=seed)
    mu, sigma = vae.encode(tokens)
    generated = accompaniments(windows, neighbours, seed=seed)
    z_of = codes(vae, prior, bilstm, tokens, mu, seed=seed)
    drums_z_of, evidence_of = {}, {}
    if prior is not None:
        each = np.arange(len(tokens))  # every window as if it were a song
        evidence_of[ACCOMPANY] = marginals.evidence(tokens[..., 0]) if marginals else {}
        options = dict(seed=seed, temperature=temperature, shift_2xZ=shift_2xZ)
        [parts], [played], _ = takes.play(
            vae, prior, tokens[..., 0], each, evidence=lambda: evidence_of[ACCOMPANY], **options
        )
        generated[ACCOMPANY] = np.concatenate([tokens[..., :1], parts], axis=-1)
        z_of[ACCOMPANY], drums_z_of[ACCOMPANY] = played[:, 0], played[:, 1]
    nats_of = divergences(prior, mu, sigma)
    rows, ratios_of = {}, {}
    z_of[ORACLE] = z_of.pop(ORACLE)  # floors first, ceilings last
    order = [*(row for row in generated if row not in z_of), *z_of, HUMAN]
    for row in tqdm.tqdm(order, desc="rows", unit="row"):
        if row == HUMAN:
            generated[row], heard, ratios = tokens, mu, {}
        else:
            if row not in generated:
                decoded = vae.decode(z_of[row], key=jax.random.key(seed), temperature=(0, *temperature))
                generated[row] = baselines.with_melody(tokens, decoded)
            heard, _ = vae.encode(generated[row])
            given = dict(drums_z=drums_z_of.get(row), evidence=evidence_of.get(row))
            ratios = likeness(vae, tokens, generated[row], mu, z_of.get(row, heard), **given)
        if row in nats_of:
            ratios["kl"] = metrics.per_window(nats_of[row])
        ratios |= {name: column(tokens, generated[row]) for name, column in metrics.PROPERTIES.items()}
        ratios_of[row] = ratios
        values = {name: bootstrap.ratio(*ratio) for name, ratio in ratios.items()}
        if len(tokens) > 1:
            values["frechet"] = {"value": latent.frechet(mu, heard), "lo": None, "hi": None}
        rows[row] = {name: values[name] for name in COLUMNS if name in values}
    headline = {}
    if NEIGHBOUR in ratios_of:
        bits_of = {row: ratios["bits"][0] for row, ratios in ratios_of.items() if "bits" in ratios}
        floor = bits_of[NEIGHBOUR]
        gap = floor - bits_of[ORACLE]
        headline = {row: bootstrap.ratio(floor - bits_of[row], gap) for row in HEADLINE if row in bits_of}
    differences = {}
    for one, other in VERSUS:
        if one in ratios_of and other in ratios_of:
            both = [name for name in COLUMNS if name in ratios_of[one] and name in ratios_of[other]]
            found = {name: bootstrap.difference(ratios_of[one][name], ratios_of[other][name]) for name in both}
            differences.setdefault(one, {})[other] = found
    return rows, generated, headline, differences


def likeness(vae, tokens, generated, mu, z, *, drums_z=None, evidence=None):
    """{column: (numerator, denominator)} of all that compares with the real windows; z is what stands for a row's z.

    drums_z: that of the drums, where it is another. evidence: what the decoder was given besides.
    """
    _, bass, drums = latent.bits(vae.log_prob(tokens, z, evidence=evidence)).T
    if drums_z is not None:
        drums = latent.bits(vae.log_prob(tokens, drums_z, evidence=evidence))[:, 2]
    bits = {"bass_bits": bass, "drums_bits": drums, "bits": bass + drums}
    return (
        {"r2": latent.explained(mu, z)}
        | {name: metrics.per_window(values) for name, values in bits.items()}
        | {name: column(tokens, generated) for name, column in metrics.LIKENESS.items()}
    )


def columns(rows):
    """Those of COLUMNS in which any row has a value."""
    return [column for column in COLUMNS if any(column in row for row in rows.values())]


def markdown(rows):
    """The table as text."""
    cells = [["", *columns(rows)]]
    for name, row in rows.items():
        cells.append([name, *(_text(row[column]["value"]) if column in row else "" for column in columns(rows))])
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    lines = [
        "| " + " | ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|")
    return "\n".join(lines)


def _text(value):
    if value is None or not np.isfinite(value):
        return ""
    return f"{value:z.3f}" if abs(value) < 10 else f"{value:.1f}"
