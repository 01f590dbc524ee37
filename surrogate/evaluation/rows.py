"""The ways to write bass and drums that are compared, a row of the table each: floors first, ceilings last."""

import typing

import jax
import numpy as np

from musicvae_jax.elbo import gaussian_kl
from surrogate.evaluation import baselines
from surrogate.model import takes

ANOTHER_SONG, RULE, NEIGHBOUR = "another song", "rule", "nearest neighbour"
RANDOM, MEAN, BILSTM = "prior z", "mean z", "BiLSTM"
MODE, SAMPLE = "transformer", "transformer, sample"
BEST, REFINED, ACCOMPANY = "transformer, best of 8", "transformer, refined", "accompany"
ORACLE, HUMAN = "oracle", "human"
DRAWS = 8


class Row(typing.NamedTuple):
    """Bass and drums for n windows, or what they are to be decoded from.

    tokens: uint16 [n, 256, 3] with the windows' own melody; None: z is to be decoded.
    z: float32 [n, Z], the latents of the windows; None: there were none.
    drums_z: float32 [n, Z], those of the drums where they are others.
    evidence: what the decoder was given besides, as MusicVAE.log_prob takes it.
    nats: float64 [n], KL(q(z | trio) || the distribution that z comes from), where it is known.
    """

    tokens: np.ndarray | None = None
    z: np.ndarray | None = None
    drums_z: np.ndarray | None = None
    evidence: dict | None = None
    nats: np.ndarray | None = None


def without_model(windows, neighbours=None, *, seed=0) -> dict[str, Row]:
    """The rows that no model wrote.

    Args:
        windows: selection.Windows.
        neighbours: training windows uint16 [m, 256, 3] and the tune of each, int [m]; None: no nearest neighbour.
        seed: of the draw of other songs.

    Returns:
        {row: Row with tokens}; another song only where there are two tunes or more.
    """
    tokens, tune = windows.tokens, windows.tune
    written = {}
    if len(np.unique(tune)) > 1:
        written[ANOTHER_SONG] = baselines.another_song(tokens, tune, windows.shift, seed=seed)
    written[RULE] = baselines.rule(tokens)
    if neighbours is not None:
        written[NEIGHBOUR] = baselines.nearest_neighbour(tokens, tune, *neighbours)
    return {name: Row(tokens) for name, tokens in written.items()}


def without_melody(mu, sigma, *, seed=0) -> dict[str, Row]:
    """The rows whose latents know nothing of the melody: drawn from N(0, 1), and the mean of all windows' latents.

    Args:
        mu, sigma: float32 [n, Z] each, q(z | trio).
        seed: of the draw.
    """
    random_nxZ = np.random.default_rng(seed).normal(size=mu.shape).astype(np.float32)
    mean_nxZ = np.broadcast_to(mu.mean(0), mu.shape).astype(np.float32)
    return {RANDOM: Row(z=random_nxZ, nats=_float64(gaussian_kl(mu, sigma))), MEAN: Row(z=mean_nxZ)}


def of_surrogate(vae, prior, tokens, mu, sigma, *, seed=0) -> dict[str, Row]:
    """The rows whose latents p(z | melody) gives: its mode, a draw, the best of DRAWS draws, the mode refined.

    Args:
        vae: a MusicVAE.
        prior: p(z | melody) of the windows, surrogate.model.prior.Prior.
        tokens: uint16 [n, 256, 3].
        mu, sigma: float32 [n, Z] each, q(z | trio).
        seed: of the draws.
    """
    best, sample = takes.likeliest_draws(vae, prior, tokens, DRAWS, seed=seed)
    [refined] = takes.refine(vae, prior, tokens[..., 0], prior.mode()[None])
    nats = _float64(prior.kl_from(mu, sigma, jax.random.key(0)))
    return {
        MODE: Row(z=_float32(prior.mode()), nats=nats),
        SAMPLE: Row(z=_float32(sample), nats=nats),
        BEST: Row(z=_float32(best)),
        REFINED: Row(z=_float32(refined)),
    }


def of_accompany(vae, prior, tokens, *, marginals=None, seed=0, temperature, shift_2xZ=None) -> Row:
    """What accompany writes for each window as if it were a song.

    Args:
        vae, prior, tokens: as of_surrogate takes them.
        marginals: surrogate.model.marginals.Marginals, or None.
        seed: of all draws.
        temperature: of bass and of drums.
        shift_2xZ: what is added to the latents of bass and drums, as takes.play takes it.
    """
    melody_nxT = tokens[..., 0]
    evidence = marginals.evidence(melody_nxT) if marginals else {}
    options = dict(seed=seed, temperature=temperature, shift_2xZ=shift_2xZ, evidence=lambda: evidence)
    [parts], [z_nx2xZ], _ = takes.play(vae, prior, melody_nxT, np.arange(len(tokens)), **options)
    written = np.concatenate([tokens[..., :1], parts], axis=-1)
    return Row(written, z_nx2xZ[:, 0], z_nx2xZ[:, 1], evidence)


def of_oracle(mu) -> Row:
    """The decoder given the encoder's own means, float32 [n, Z], which saw the real bass and drums."""
    return Row(z=mu, nats=np.zeros(len(mu)))


def _float32(values):
    return np.asarray(values, np.float32)


def _float64(values):
    return np.asarray(values, np.float64)
