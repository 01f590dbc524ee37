"""MusicVAE for trios: an encoder, a conductor and track decoders (magenta/models/music_vae/lstm_models.py).

A window of 16 bars is encoded into a Gaussian over z; z starts the conductor, which gives one vector a bar; from it,
each track's decoder writes that bar's 16 tokens, seeing only its own previous token. A flat model has no conductor: one
decoder writes the three tracks of all 256 steps from z.
"""

import dataclasses
import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import decode, summary
from musicvae_jax.decoder import Conductor, TrackDecoder, teacher_forced
from musicvae_jax.encoder import Encoder
from musicvae_jax.events import BARS_PER_WINDOW, BASS, DEPTHS, DRUMS, MELODY, WINDOW_STEPS


@dataclasses.dataclass(frozen=True)
class MusicVAEConfig:
    """Sizes of a trio MusicVAE; the defaults are Magenta's hierdec-trio_16bar.

    z_size: dimensions of the latent.
    encoder: "bidirectional" (layers over all 256 steps) or "hierarchical" (a level over each bar's steps, one over the
        16 bars).
    encoder_sizes: units a direction of each layer; of each level when hierarchical, a tuple where a level has several
        layers.
    conductor_sizes: units of each layer; empty for a flat decoder.
    decoder_sizes: units of each layer.
    """

    z_size: int = 512
    encoder: str = "bidirectional"
    encoder_sizes: tuple[int | tuple[int, ...], ...] = (2048, 2048)
    conductor_sizes: tuple[int, ...] = (1024, 1024)
    decoder_sizes: tuple[int, ...] = (1024, 1024)

    def __post_init__(self):
        if self.encoder not in ("bidirectional", "hierarchical"):
            raise ValueError(f'encoder must be "bidirectional" or "hierarchical", not {self.encoder!r}')
        if self.encoder == "hierarchical" and len(self.encoder_sizes) != 2:
            raise ValueError(f"a hierarchical encoder has 2 levels (steps, bars), not {len(self.encoder_sizes)}")
        for field in ("encoder_sizes", "conductor_sizes", "decoder_sizes"):
            sizes = tuple(tuple(x) if isinstance(x, list) else x for x in getattr(self, field))  # JSON gives lists
            object.__setattr__(self, field, sizes)

    @classmethod
    def of_saved(cls, config: dict) -> "MusicVAEConfig":
        """The sizes that a model folder tells; earlier versions also told bar_size, of which only 0 is known now."""
        return cls(**{name: value for name, value in config.items() if name != "bar_size" or value})

    @property
    def encoder_levels(self) -> tuple[tuple, ...]:
        """Units of each layer, level by level."""
        levels = (self.encoder_sizes,) if self.encoder == "bidirectional" else self.encoder_sizes
        return tuple(level if isinstance(level, tuple) else (level,) for level in levels)

    @property
    def segments(self) -> int:
        """How many pieces the decoder's LSTMs start afresh for: bars, or the whole window."""
        return BARS_PER_WINDOW if self.conductor_sizes else 1


class MusicVAE(nnx.Module):
    """The trio MusicVAE; `encode`, `decode` and `log_prob` take and give numpy arrays of any length.

    Args:
        config: its sizes.
        rngs: what its first weights are drawn from.
        encoder: False makes a model that only decodes.
    """

    def __init__(self, config: MusicVAEConfig, *, rngs: nnx.Rngs, encoder: bool = True):
        self.config = config
        self.encoder = Encoder(config, rngs=rngs) if encoder else None
        inputs = config.z_size
        groups: list[tuple[int, ...]] = [DEPTHS]
        if config.conductor_sizes:
            self.conductor = Conductor(config.z_size, config.conductor_sizes, rngs=rngs)
            inputs, groups = config.conductor_sizes[-1], [(depth,) for depth in DEPTHS]
        self.tracks = nnx.List([TrackDecoder(depths, inputs, config.decoder_sizes, rngs=rngs) for depths in groups])

    def __repr__(self) -> str:
        return summary.of_windows(self)

    __str__ = __repr__

    def start_from_frequencies(self, tokens: np.ndarray) -> None:
        """Sets the output biases to the log frequencies of tokens uint16 [n, 256, 3]: training need not learn them."""
        counts = [np.bincount(np.asarray(tokens)[..., i].ravel(), minlength=n) + 1.0 for i, n in enumerate(DEPTHS)]
        biases = [np.log(count / count.sum()) for count in counts]
        for track, bias in zip(self.tracks, biases if len(self.tracks) > 1 else [np.concatenate(biases)], strict=True):
            track.output.bias[...] = jnp.asarray(bias, jnp.float32)

    def segments(self, z_BxZ) -> jax.Array:
        """The vectors that the track decoders write from, float32 [S, B, D]: a bar's each, or z for a whole window."""
        return self.conductor(z_BxZ) if self.config.conductor_sizes else z_BxZ[None]

    def track_log_probs(self, tokens_BxTx3, z_BxZ, tracks=(0, 1, 2)):
        """Teacher-forced log-probabilities of windows' tokens, and whether each was the likeliest.

        Args:
            tokens_BxTx3: int [B, 256, 3].
            z_BxZ: float32 [B, Z].
            tracks: the numbers of those that are wanted (P).

        Returns:
            float32 [B, 256, P] (nats) and bool [B, 256, P].
        """
        batch = len(tokens_BxTx3)
        tokens_TxNx3 = self._cut(tokens_BxTx3.astype(jnp.int32))
        log_probs, hits = [], []
        for track, logits_TxNxV in self.track_logits(tokens_BxTx3, z_BxZ, tracks).items():
            tokens_TxN = tokens_TxNx3[..., track]
            target_TxN = jnp.take_along_axis(logits_TxNxV, tokens_TxN[..., None], axis=-1)[..., 0]
            log_prob_TxN = target_TxN - jax.nn.logsumexp(logits_TxNxV, axis=-1)
            log_probs.append(log_prob_TxN.T.reshape(batch, -1))
            hits.append((logits_TxNxV.argmax(-1) == tokens_TxN).T.reshape(batch, -1))
        return jnp.stack(log_probs, -1), jnp.stack(hits, -1)

    def track_logits(self, tokens_BxTx3, z_BxZ, tracks=(0, 1, 2)):
        """Teacher-forced logits of windows' tokens.

        Args:
            tokens_BxTx3, z_BxZ, tracks: as track_log_probs takes them.

        Returns:
            {track: float32 [T / S, B * S, V]}: the steps of a segment, segments as rows.
        """
        segments_SxBxD = self.segments(z_BxZ)
        segments_NxD = segments_SxBxD.swapaxes(0, 1).reshape(-1, segments_SxBxD.shape[-1])
        # The whole window is shifted by one before it is cut into bars: the token carries over the bar line.
        none_Bx1x3 = jnp.broadcast_to(jnp.array(DEPTHS), (len(tokens_BxTx3), 1, len(DEPTHS)))
        before_BxTx3 = jnp.concatenate([none_Bx1x3, tokens_BxTx3[:, :-1].astype(jnp.int32)], axis=1)
        before_TxNx3 = self._cut(before_BxTx3)
        decoders, numbers = zip(*decode.decoders_of(self, tracks), strict=True)
        befores = [before_TxNx3[..., own[0] : own[-1] + 1] for own in numbers]
        logits = {}
        for own, parts in zip(numbers, teacher_forced(decoders, befores, segments_NxD), strict=True):
            logits |= zip(own, parts, strict=True)
        return {track: logits[track] for track in tracks}

    def _cut(self, x_BxTxP):
        """What is told of each step, [B, T, P], as steps of a segment with segments as rows: [T / S, B * S, P]."""
        rows, tracks = len(x_BxTxP) * self.config.segments, x_BxTxP.shape[-1]
        return x_BxTxP.reshape(rows, WINDOW_STEPS // self.config.segments, tracks).swapaxes(0, 1)

    def encode(self, tokens: np.ndarray, batch_size: int = 64) -> tuple[np.ndarray, np.ndarray]:
        """Encodes windows into q(z | trio).

        Args:
            tokens: uint16 [n, 256, 3].
            batch_size: windows that are computed at once, at most.

        Returns:
            Mean and standard deviation, float32 [n, z_size] each.

        Raises:
            ValueError: the model was loaded without its encoder.
        """
        if self.encoder is None:
            raise ValueError("this model was loaded without its encoder")
        return in_batches(_encode, self, batch_size, np.asarray(tokens))

    def decode(
        self,
        z: np.ndarray,
        *,
        key: jax.Array,
        temperature: float | Sequence[float] = 0.5,
        tracks: Sequence[int] = (MELODY, BASS, DRUMS),
        rows: np.ndarray | None = None,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Samples trios from their latents; the same key gives the same tokens, whatever the batch size.

        Args:
            z: float32 [n, z_size].
            key: what the tokens are drawn with, such as jax.random.key(0).
            temperature: what divides the logits; 0 takes the likeliest token. It may be three, one a track.
            tracks: the numbers of those that are wanted (P).
            rows: int [n], which dice each window gets, 0, 1, ... when None: the same key and number, the same dice.
            batch_size: windows that are computed at once, at most.

        Returns:
            uint16 [n, 256, P].

        Raises:
            ValueError: a temperature is negative or no number.
        """
        temperature_3 = of_each_track(temperature)
        z = np.asarray(z, np.float32)
        row = np.arange(len(z), dtype=np.uint32) if rows is None else np.asarray(rows, np.uint32)
        write = functools.partial(_decode, tuple(tracks))
        return in_batches(write, self, batch_size, z, row, shared=(key, temperature_3))

    def log_prob(self, tokens: np.ndarray, z: np.ndarray, *, batch_size: int = 64) -> np.ndarray:
        """Teacher-forced log p(track | z), by which decode draws at temperature 1.

        Args:
            tokens: uint16 [n, 256, 3].
            z: float32 [n, z_size].
            batch_size: windows that are computed at once, at most.

        Returns:
            float32 [n, 3], nats.
        """
        return in_batches(_log_prob, self, batch_size, np.asarray(tokens), np.asarray(z, np.float32))


def of_each_track(temperature: float | Sequence[float]) -> np.ndarray:
    """A temperature, or three, as float32 [3]; ValueError where one is negative or no number."""
    temperature_3 = np.broadcast_to(np.asarray(temperature, np.float32), (3,))
    if not (np.isfinite(temperature_3).all() and (temperature_3 >= 0).all()):
        raise ValueError(f"temperature must be 0 or more, not {temperature}")
    return temperature_3


def in_batches(function, model: nnx.Module, batch_size: int, *arrays, shared=()):
    """Applies a jitted function to rows in batches, padded to powers of two so that few shapes are compiled.

    Args:
        function: (graphdef, state, *rows, *shared) -> a tree of arrays that have as many rows.
        model: the module whose graphdef and state these are.
        batch_size: the most rows that are computed at once.
        arrays: trees of arrays with n rows each.
        shared: what every batch gets whole.

    Returns:
        The function's tree, numpy arrays with n rows each.
    """
    graphdef, state = nnx.split(model)
    n = len(jax.tree.leaves(arrays)[0])
    if n == 0:
        one = jax.tree.map(lambda array: np.zeros((1, *array.shape[1:]), array.dtype), arrays)
        results = jax.eval_shape(functools.partial(function, graphdef), state, *one, *shared)
        return jax.tree.map(lambda x: np.zeros((0, *x.shape[1:]), x.dtype), results)
    results = []
    for start in range(0, n, batch_size):
        count = min(batch_size, n - start)
        padding = min(batch_size, 1 << (count - 1).bit_length()) - count
        of_batch = np.minimum(np.arange(start, start + count + padding), start + count - 1)
        rows = jax.tree.map(lambda array, of_batch=of_batch: array[of_batch], arrays)
        result = function(graphdef, state, *rows, *shared)
        results.append(jax.tree.map(lambda x, count=count: np.asarray(x)[:count], result))
    return jax.tree.map(lambda *parts: np.concatenate(parts), *results)


@functools.partial(jax.jit, static_argnums=0)
def _encode(graphdef, state, tokens_BxTx3):
    return nnx.merge(graphdef, state).encoder(tokens_BxTx3)


@functools.partial(jax.jit, static_argnums=0)
def _log_prob(graphdef, state, tokens_BxTx3, z_BxZ):
    log_probs_BxTx3, _ = nnx.merge(graphdef, state).track_log_probs(tokens_BxTx3, z_BxZ)
    return log_probs_BxTx3.sum(axis=1)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _decode(tracks, graphdef, state, z_BxZ, row_B, key, temperature_3):
    model = nnx.merge(graphdef, state)
    redo = decode.best_redo(len(z_BxZ), max(model.config.decoder_sizes))
    return decode.sample(model, z_BxZ, row_B, key, temperature_3, tracks=tracks, redo=redo)
