"""How well a model accompanies melodies of songs it never saw, between floors and ceilings: a table with intervals."""

import dataclasses

import jax
import numpy as np
import tqdm

from surrogate.evaluation import baselines, latent, metrics, rows
from surrogate.evaluation.bootstrap import Bootstrap
from surrogate.model.temperatures import TEMPERATURES

# The mean z, which knows nothing of the melody, is there for comparison.
HEADLINE = (rows.MEAN, rows.BILSTM, rows.MODE, rows.SAMPLE, rows.BEST, rows.REFINED, rows.ACCOMPANY)
VERSUS = (
    (rows.ACCOMPANY, rows.RULE),
    (rows.ACCOMPANY, rows.NEIGHBOUR),
    (rows.MODE, rows.BILSTM),
    (rows.ACCOMPANY, rows.HUMAN),
)
COLUMNS = ("r2", "kl", "bass_bits", "drums_bits", "bits", *metrics.LIKENESS, *metrics.PROPERTIES, "frechet")


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Rows beside each other; an interval is {"value", "lo", "hi"}, its ends those of 95 %.

    table: {row: {column: interval}}; of frechet the ends are None.
    generated: {row: uint16 [n, 256, 3]}, the melody always the real one.
    headline: {row: interval}, the share of the gap in bits from nearest neighbour to oracle that a row closes; empty
        without neighbours.
    differences: {row: {other: {column: interval}}}, for the pairs of VERSUS, of the columns that both have.
    """

    table: dict
    generated: dict
    headline: dict
    differences: dict


def compare(
    vae, encoder, bilstm, windows, neighbours=None, *,
    marginals=None, seed=0, temperature=TEMPERATURES, shift_2xZ=None, resamples=1000,
) -> Comparison:  # fmt: skip
    """Write bass and drums in every way there is, and compare them with the real ones.

    Args:
        vae: a MusicVAE with its encoder.
        encoder, bilstm: surrogates of it, or None, which leaves out their rows.
        windows: selection.Windows, n of them.
        neighbours: what selection.training gives, or None, which leaves out the nearest neighbour.
        marginals: what else accompany goes by, or None.
        seed: of all that is drawn.
        temperature: of bass and of drums.
        shift_2xZ: of bass and drums, as takes.play takes it.
        resamples: of the bootstrap.
    """
    tokens = windows.tokens
    mu, sigma = vae.encode(tokens)
    candidates = rows.without_model(windows, neighbours, seed=seed) | rows.without_melody(mu, sigma, seed=seed)
    if bilstm is not None:
        candidates[rows.BILSTM] = rows.Row(z=np.asarray(bilstm.predict(tokens[..., 0]).mode(), np.float32))
    if encoder is not None:
        prior = encoder.predict(tokens[..., 0])
        candidates |= rows.of_surrogate(vae, prior, tokens, mu, sigma, seed=seed)
        options = dict(marginals=marginals, seed=seed, temperature=temperature, shift_2xZ=shift_2xZ)
        candidates[rows.ACCOMPANY] = rows.of_accompany(vae, prior, tokens, **options)
    candidates[rows.ORACLE] = rows.of_oracle(mu)

    generated, ratios_of, frechet_of = {}, {}, {}
    for name, row in tqdm.tqdm(candidates.items(), desc="rows", unit="row"):
        if row.tokens is None:
            decoded = vae.decode(row.z, key=jax.random.key(seed), temperature=(0, *temperature))
            row = row._replace(tokens=baselines.with_melody(tokens, decoded))
        generated[name] = row.tokens
        heard_nxZ, _ = vae.encode(row.tokens)
        ratios_of[name] = _ratios(vae, tokens, mu, row, heard_nxZ)
        frechet_of[name] = _frechet(mu, heard_nxZ)
    generated[rows.HUMAN], ratios_of[rows.HUMAN], frechet_of[rows.HUMAN] = (
        tokens,
        properties(tokens, tokens),
        _frechet(mu, mu),
    )

    bootstrap = Bootstrap(windows.tune, resamples=resamples, seed=seed)
    table = {name: _intervals(bootstrap, ratios) | frechet_of[name] for name, ratios in ratios_of.items()}
    return Comparison(table, generated, _headline(bootstrap, ratios_of), _differences(bootstrap, ratios_of))


def likeness(vae, tokens, generated, mu, z, *, drums_z=None, evidence=None) -> dict:
    """All columns that compare with the real windows.

    Args:
        vae: a MusicVAE.
        tokens, generated: uint16 [n, 256, 3], the real windows and those of a row.
        mu: float32 [n, Z], the encoder's means of the real windows.
        z: float32 [n, Z], what stands for the row.
        drums_z: that of the drums, where it is another.
        evidence: what the decoder was given besides, as MusicVAE.log_prob takes it.

    Returns:
        {column: (numerator, denominator)}, float64 [n] each.
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


def properties(tokens, generated) -> dict:
    """All columns that tell what a row's windows are like; arguments and result as of likeness."""
    return {name: column(tokens, generated) for name, column in metrics.PROPERTIES.items()}


def _ratios(vae, tokens, mu, row, heard_nxZ):
    """Every column of a row but frechet, as likeness gives them; heard_nxZ stands for a row without latents."""
    z = heard_nxZ if row.z is None else row.z
    ratios = likeness(vae, tokens, row.tokens, mu, z, drums_z=row.drums_z, evidence=row.evidence)
    if row.nats is not None:
        ratios["kl"] = metrics.per_window(row.nats)
    return ratios | properties(tokens, row.tokens)


def _frechet(mu_nxZ, heard_nxZ):
    """The column frechet; a single window has no spread, and so none."""
    if len(mu_nxZ) == 1:
        return {}
    return {"frechet": {"value": latent.frechet(mu_nxZ, heard_nxZ), "lo": None, "hi": None}}


def _intervals(bootstrap, ratios):
    return {name: bootstrap.ratio(*ratios[name]) for name in COLUMNS if name in ratios}


def _headline(bootstrap, ratios_of):
    if rows.NEIGHBOUR not in ratios_of:
        return {}
    bits_of = {name: ratios["bits"][0] for name, ratios in ratios_of.items() if "bits" in ratios}
    floor = bits_of[rows.NEIGHBOUR]
    gap = floor - bits_of[rows.ORACLE]
    return {name: bootstrap.ratio(floor - bits_of[name], gap) for name in HEADLINE if name in bits_of}


def _differences(bootstrap, ratios_of):
    differences = {}
    for one, other in VERSUS:
        if one in ratios_of and other in ratios_of:
            ratios, others = ratios_of[one], ratios_of[other]
            both = [name for name in COLUMNS if name in ratios and name in others]
            of_columns = {name: bootstrap.difference(ratios[name], others[name]) for name in both}
            differences.setdefault(one, {})[other] = of_columns
    return differences
