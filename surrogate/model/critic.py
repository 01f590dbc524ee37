"""A critic that hears whether people wrote bass and drums, or the surrogate: which of its draws to play.

Draws of a song are likely bar after bar, and still unlike people's over 16 bars. What a classifier of both holds
against a draw is the energy that the surrogate lacks (Deng et al., Residual Energy-Based Models for Text Generation,
2020). It hears statistics of windows, each also as whether it is above quantiles of its own.
"""

import dataclasses
import functools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import checkpoint, compiled
from musicvae_jax.events import FIRST_PITCH, LOWEST_BASS, token_of_pitch
from musicvae_jax.lstm import Dense, Hidden, along_last, gelu
from surrogate.model import band_statistics
from surrogate.model.attention import dropped
from surrogate.model.band_statistics import STATISTICS

PART = KIND = "critic"
"""The folder of a Critic inside that of the models whose draws it was trained on, and what its config.json calls it."""
_LEAST_SCALE = 1e-3
_FARTHEST = 4.0
"""Standard deviations from the mean beyond which nothing is told apart."""
_STEEP = 2.0
_OCTAVE = 12
ROWS = 64
"""Windows that are heard at once, so that one program does."""


@dataclasses.dataclass(frozen=True)
class CriticConfig:
    """Sizes of a Critic: statistics of a window, the quantiles that each is compared with, and the width."""

    statistics: int = STATISTICS
    quantiles: int = 4
    width: int = 128

    def __post_init__(self):
        if self.statistics != STATISTICS or min(self.quantiles, self.width) < 1:
            raise ValueError(f"statistics must be {STATISTICS} and sizes more than 0, not {self}")


class Scale(nnx.Variable):
    """What is measured of statistics before the training, which does not change it."""


class Critic(nnx.Module):
    """Statistics of a window -> the log-odds that people wrote it."""

    def __init__(self, config: CriticConfig, *, rngs: nnx.Rngs | None):
        self.config = config
        self.mean, self.deviation = (Scale(jnp.full(config.statistics, value, jnp.float32)) for value in (0, 1))
        self.quantiles = Scale(jnp.zeros((config.quantiles, config.statistics)))
        inputs = (1 + config.quantiles) * config.statistics
        self.hidden = Hidden(inputs, config.width, rngs=rngs)
        self.direct, self.output = (Dense(size, 1, rngs=rngs) for size in (inputs, config.width))
        for dense in (self.direct, self.output):
            dense.kernel[...] *= 0.0

    def fit_scale(self, statistics_NxF) -> None:
        """Measures mean, deviation and quantiles of windows' statistics, float32 [N, F]."""
        self.mean[...] = jnp.asarray(statistics_NxF.mean(0))
        self.deviation[...] = jnp.asarray(statistics_NxF.std(0) + _LEAST_SCALE)
        places = np.arange(1, self.config.quantiles + 1) / (self.config.quantiles + 1)
        self.quantiles[...] = jnp.asarray(np.quantile(self._scaled(statistics_NxF), places, axis=0), jnp.float32)

    def _scaled(self, statistics_xF):
        mean, deviation = (along_last(values[...], statistics_xF) for values in (self.mean, self.deviation))
        return jnp.clip((statistics_xF - mean) / deviation, -_FARTHEST, _FARTHEST)

    def __call__(self, statistics_xF, *, dropout: float = 0.0, key=None):
        """Log-odds, float32 [...], of statistics float32 [..., F]; dropout by key as attention.dropped takes it."""
        scaled = self._scaled(statistics_xF)
        above = [jnp.tanh(_STEEP * (scaled - along_last(own, scaled))) for own in self.quantiles[...]]
        x = dropped(jnp.concatenate([scaled, *above], -1), dropout, key)
        return (self.direct(x) + self.output(gelu(self.hidden(x))))[..., 0]


def log_odds(critic: Critic | None, melody_T, parts_KxTx2, semitones: int) -> np.ndarray:
    """The log-odds that people wrote draws of a song, the mean over its windows: float64 [K].

    Args:
        critic: which; None knows no better than 0.
        melody_T: int [T], tokens, whole bars.
        parts_KxTx2: int [K, T, 2], bass and drums.
        semitones: up to C.
    """
    if critic is None:
        return np.zeros(len(parts_KxTx2))
    cut = [band_statistics.windows(np.column_stack([melody_T, own_Tx2])) for own_Tx2 in parts_KxTx2]
    rows_NxF = band_statistics.statistics(np.concatenate(cut), semitones)
    padded_NxF = np.pad(rows_NxF, ((0, -len(rows_NxF) % ROWS), (0, 0)))
    graphdef, state = nnx.split(critic)
    leaves, tree = jax.tree.flatten(state)

    def hear(statistics_NxF, *leaves):
        return _hear(graphdef, jax.tree.unflatten(tree, leaves), statistics_NxF)

    parts = padded_NxF.reshape(-1, ROWS, STATISTICS)
    heard = [compiled.call(hear, f"hear {critic.config}", part_NxF, *leaves) for part_NxF in parts]
    return np.concatenate(heard)[: len(rows_NxF)].reshape(len(cut), -1).mean(1, dtype=np.float64)


def in_register(critic: Critic | None, melody_T, parts_KxTx2, semitones: int) -> tuple[np.ndarray, np.ndarray]:
    """Draws of a song, uint16 [K, T, 2], their bass an octave lower where the critic would rather, and their log-odds.

    The octave is what a draw is least sure of, as all later notes stay near the first. Arguments as log_odds takes
    them; no note goes below a bass guitar's lowest.
    """
    lower_KxTx2 = parts_KxTx2.copy()
    bass_KxT = lower_KxTx2[..., 0]  # a view
    is_note_KxT = bass_KxT >= FIRST_PITCH
    may_KxT = (bass_KxT >= token_of_pitch(LOWEST_BASS) + _OCTAVE) | ~is_note_KxT
    np.subtract(bass_KxT, _OCTAVE, out=bass_KxT, where=is_note_KxT & may_KxT.all(1, keepdims=True))
    odds_2xK = log_odds(critic, melody_T, np.concatenate([parts_KxTx2, lower_KxTx2]), semitones).reshape(2, -1)
    is_lower_K = odds_2xK[1] > odds_2xK[0]
    return np.where(is_lower_K[:, None, None], lower_KxTx2, parts_KxTx2), odds_2xK.max(0)


@functools.partial(jax.jit, static_argnums=0)
def _hear(graphdef, state, statistics_NxF):
    return nnx.merge(graphdef, state)(statistics_NxF)


def loss(module: Critic, batch: dict, key=None, *, dropout: float = 0.0):
    """Cross-entropy of who wrote windows, people and surrogate counting alike.

    Args:
        module: the Critic.
        batch: statistics float32 [B, 1 + K, W, F], of people's and of K draws' windows, and counts bool [B, W].
        key: of what is left out.
        dropout: the share of what is heard that is left out.

    Returns:
        The loss, and metrics: it, and auc, how often people's window is heard as theirs rather than a draw's of it.
    """
    logit_BxKxW = module(batch["statistics"], dropout=dropout, key=key)
    people, drawn = logit_BxKxW[:, :1], logit_BxKxW[:, 1:]
    share_BxW = batch["counts"] / jnp.maximum(batch["counts"].sum(), 1)

    def mean(values_BxKxW):
        return (values_BxKxW.mean(1) * share_BxW).sum()

    value = (mean(jax.nn.softplus(-people)) + mean(jax.nn.softplus(drawn))) / 2
    return value, {"loss": value, "auc": mean((people > drawn) + 0.5 * (people == drawn))}


def save(folder, critic: Critic, **options) -> None:
    """Writes a Critic inside a model folder; options as checkpoint.save_module takes them."""
    checkpoint.save_module(pathlib.Path(folder) / PART, critic, kind=KIND, config=critic.config, **options)


def load(name_or_folder=checkpoint.DEFAULT) -> Critic | None:
    """Loads the Critic of a model, None where it has none; CheckpointError where it cannot be read."""
    folder = checkpoint.resolve(name_or_folder) / PART
    if not folder.is_dir():
        return None
    return checkpoint.load_module(folder, kind=KIND, build=lambda config: Critic(CriticConfig(**config), rngs=None))
