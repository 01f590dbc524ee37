"""MusicVAE for trios: encoder, conductor and three track decoders (magenta/models/music_vae/lstm_models.py).

A window of 16 bars is encoded into a Gaussian over z; z starts the conductor, which gives one vector a bar; from it,
each track's decoder writes that bar's 16 tokens, seeing only its own previous token.
"""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import decode
from musicvae_jax.events import BARS_PER_WINDOW, DEPTHS, STEPS_PER_BAR, WINDOW_STEPS
from musicvae_jax.lstm import BidirectionalStack, Dense, LSTMCell

_TRACK_OFFSETS = np.cumsum((0, *DEPTHS[:-1]))  # of a track's classes in the encoder's one-hot input


@dataclasses.dataclass(frozen=True)
class MusicVAEConfig:
    """Sizes of a trio MusicVAE.

    encoder: "bidirectional" (layers over all 256 steps) or "hierarchical" (one bidirectional layer over each bar, one
    over the 16 bars). encoder_sizes: units a direction, by layer or level. The defaults are Magenta's
    hierdec-trio_16bar.
    """

    z_size: int = 512
    encoder: str = "bidirectional"
    encoder_sizes: tuple[int, ...] = (2048, 2048)
    conductor_sizes: tuple[int, ...] = (1024, 1024)
    decoder_sizes: tuple[int, ...] = (1024, 1024)

    def __post_init__(self):
        if self.encoder not in ("bidirectional", "hierarchical"):
            raise ValueError(f'encoder must be "bidirectional" or "hierarchical", not {self.encoder!r}')
        if self.encoder == "hierarchical" and len(self.encoder_sizes) != 2:
            raise ValueError(f"a hierarchical encoder has 2 levels (steps, bars), not {len(self.encoder_sizes)}")
        for field in ("encoder_sizes", "conductor_sizes", "decoder_sizes"):
            object.__setattr__(self, field, tuple(getattr(self, field)))  # JSON gives lists


def _split_states(packed_BxN, sizes):
    """tanh(dense(z)) cut into a (c, h) per layer, c first (lstm_utils.initial_cell_state_from_embedding)."""
    parts = jnp.split(jnp.tanh(packed_BxN), np.cumsum(np.repeat(sizes, 2))[:-1], axis=-1)
    return list(zip(parts[::2], parts[1::2], strict=True))


class Encoder(nnx.Module):
    """tokens -> mean and standard deviation of q(z | trio)."""

    def __init__(self, config, *, rngs):
        classes = sum(DEPTHS)
        if config.encoder == "hierarchical":
            steps, bars = config.encoder_sizes
            self.levels = nnx.List(
                [
                    BidirectionalStack([steps], tokens=classes, rngs=rngs),
                    BidirectionalStack([bars], inputs=2 * steps, rngs=rngs),
                ]
            )
        else:
            self.levels = nnx.List([BidirectionalStack(config.encoder_sizes, tokens=classes, rngs=rngs)])
        outputs = 2 * config.encoder_sizes[-1]
        self.mu = Dense(outputs, config.z_size, rngs=rngs)
        self.sigma = Dense(outputs, config.z_size, rngs=rngs)

    def features(self, tokens_BxTx3, lengths=None):
        """The encoder's output before mu and sigma, float32 [B, 2H].

        lengths: steps of each row that count, int [B]; for a hierarchical encoder also steps of each bar, [B, 16].
        """
        batch = tokens_BxTx3.shape[0]
        tokens = tokens_BxTx3.astype(jnp.int32) + _TRACK_OFFSETS.reshape(1, 1, -1)
        if len(self.levels) == 1:
            return self.levels[0](tokens_TxBxN=tokens.swapaxes(0, 1), lengths_B=lengths)
        steps, bars = self.levels
        tokens_TxNx3 = tokens.reshape(batch * BARS_PER_WINDOW, STEPS_PER_BAR, 3).swapaxes(0, 1)
        if lengths is not None:
            if lengths.ndim == 1:  # all or nothing: 0 or 256 steps
                lengths = jnp.repeat(lengths[:, None] // BARS_PER_WINDOW, BARS_PER_WINDOW, axis=1)
            lengths = lengths.reshape(-1)
        bars_BxSxD = steps(tokens_TxBxN=tokens_TxNx3, lengths_B=lengths).reshape(batch, BARS_PER_WINDOW, -1)
        return bars(inputs_TxBxD=bars_BxSxD.swapaxes(0, 1))

    def __call__(self, tokens_BxTx3, lengths=None):
        features = self.features(tokens_BxTx3, lengths)
        return self.mu(features), jax.nn.softplus(self.sigma(features))


class Conductor(nnx.Module):
    """z -> one vector a bar; its own input is nothing, z enters through the initial state."""

    def __init__(self, z_size, sizes, *, rngs):
        self.sizes = tuple(sizes)
        self.initial_state = Dense(z_size, 2 * sum(sizes), rngs=rngs)
        self.cells = nnx.List(
            [LSTMCell(size, inputs=below, rngs=rngs) for size, below in zip(sizes, (0, *sizes[:-1]), strict=True)]
        )

    def __call__(self, z_BxZ):
        """float32 [16, B, H], bars first."""
        states = _split_states(self.initial_state(z_BxZ), self.sizes)
        x = None
        for cell, state in zip(self.cells, states, strict=True):
            gates = cell.gate_inputs(x)
            if x is None:
                gates = jnp.broadcast_to(gates, (BARS_PER_WINDOW, z_BxZ.shape[0], gates.shape[-1]))
            x, _ = cell.scan(gates, state)
        return x


class TrackDecoder(nnx.Module):
    """One track's tokens of a bar, from the conductor's vector of that bar and the track's previous token."""

    def __init__(self, classes, inputs, sizes, *, rngs):
        self.classes, self.sizes = classes, tuple(sizes)
        self.initial_state = Dense(inputs, 2 * sum(sizes), rngs=rngs)
        self.cells = nnx.List([LSTMCell(sizes[0], tokens=classes, inputs=inputs, rngs=rngs)])
        for size, below in zip(sizes[1:], sizes[:-1], strict=True):
            self.cells.append(LSTMCell(size, inputs=below, rngs=rngs))
        self.output = Dense(sizes[-1], classes, rngs=rngs)

    def begin_bar(self, bar_BxD):
        """What a bar's steps share: the conductor's part of the first layer's gates, and the initial states."""
        return self.cells[0].gate_inputs(bar_BxD), _split_states(self.initial_state(bar_BxD), self.sizes)

    def step(self, token_B, bar_gates_Bx4H, states):
        """One step: logits float32 [B, classes] and the next states."""
        gates = bar_gates_Bx4H + self.cells[0].token_rows(token_B)
        after = []
        for cell, state in zip(self.cells, states, strict=True):
            if after:
                gates = cell.gate_inputs(after[-1][1])
            after.append(cell.step(gates, state))
        return self.output(after[-1][1]), after

    def teacher_forced(self, before_TxN, bar_NxD):
        """Logits float32 [T, N, classes] of N bars at once, each step given its true previous token."""
        bar_gates, states = self.begin_bar(bar_NxD)
        gates = bar_gates[None] + self.cells[0].token_rows(before_TxN)
        x = None
        for cell, state in zip(self.cells, states, strict=True):
            if x is not None:
                gates = cell.gate_inputs(x)
            x, _ = cell.scan(gates, state)
        return self.output(x)


class MusicVAE(nnx.Module):
    """The trio MusicVAE. `encode`, `decode` and `log_prob` take and give numpy arrays of any length."""

    def __init__(self, config, *, rngs):
        self.config = config
        self.encoder = Encoder(config, rngs=rngs)
        self.conductor = Conductor(config.z_size, config.conductor_sizes, rngs=rngs)
        self.tracks = nnx.List(
            [TrackDecoder(classes, config.conductor_sizes[-1], config.decoder_sizes, rngs=rngs) for classes in DEPTHS]
        )

    def start_from_frequencies(self, tokens):
        """Set the output biases to the log frequencies of tokens uint16 [n, 256, 3]: training need not learn them."""
        for i, track in enumerate(self.tracks):
            counts = np.bincount(np.asarray(tokens)[..., i].ravel(), minlength=track.classes) + 1.0
            track.output.bias[...] = jnp.asarray(np.log(counts / counts.sum()), jnp.float32)

    def track_log_probs(self, tokens_BxTx3, z_BxZ):
        """Teacher-forced log-probabilities of a window's tokens, and whether each was the likeliest.

        Returns float32 [B, T, 3] (nats) and bool [B, T, 3].
        """
        batch = tokens_BxTx3.shape[0]
        bars_NxD = self.conductor(z_BxZ).swapaxes(0, 1).reshape(batch * BARS_PER_WINDOW, -1)
        log_probs, hits = [], []
        for track, tokens_BxT in zip(self.tracks, jnp.moveaxis(tokens_BxTx3.astype(jnp.int32), -1, 0), strict=True):
            # The whole window is shifted by one before it is cut into bars: the token carries over the bar line.
            before_BxT = jnp.pad(tokens_BxT[:, :-1], ((0, 0), (1, 0)), constant_values=track.classes)
            before_TxN, tokens_TxN = (
                x.reshape(batch * BARS_PER_WINDOW, STEPS_PER_BAR).T for x in (before_BxT, tokens_BxT)
            )
            logits_TxNxV = track.teacher_forced(before_TxN, bars_NxD)
            target_TxN = jnp.take_along_axis(logits_TxNxV, tokens_TxN[..., None], axis=-1)[..., 0]
            log_prob_TxN = target_TxN - jax.nn.logsumexp(logits_TxNxV, axis=-1)
            log_probs.append(log_prob_TxN.T.reshape(batch, WINDOW_STEPS))
            hits.append((logits_TxNxV.argmax(-1) == tokens_TxN).T.reshape(batch, WINDOW_STEPS))
        return jnp.stack(log_probs, -1), jnp.stack(hits, -1)

    def encode(self, tokens, batch_size=64):
        """q(z | trio) of windows: tokens uint16 [n, 256, 3] -> mu, sigma (standard deviation), float32 [n, z] each."""
        return in_batches(_encode, self, batch_size, np.asarray(tokens))

    def decode(self, z, *, key, temperature=0.5, batch_size=64):
        """Sample trios: z float32 [n, z] -> tokens uint16 [n, 256, 3].

        temperature divides the logits; 0 takes the likeliest token. It may be three, one a track. The same key gives
        the same tokens, whatever the batch size.
        """
        temperature = np.broadcast_to(np.asarray(temperature, np.float32), (3,))
        if not (np.isfinite(temperature).all() and (temperature >= 0).all()):
            raise ValueError(f"temperature must be 0 or more, not {temperature}")
        z = np.asarray(z, np.float32)
        row = np.arange(len(z), dtype=np.uint32)
        return in_batches(_decode, self, batch_size, z, row, shared=(key, temperature))

    def log_prob(self, tokens, z, batch_size=64):
        """Teacher-forced log p(track | z) in nats: tokens [n, 256, 3], z [n, z] -> float32 [n, 3]."""
        return in_batches(_log_prob, self, batch_size, np.asarray(tokens), np.asarray(z, np.float32))


def in_batches(function, model, batch_size, *arrays, shared=()):
    """Apply a jitted function to rows in batches, padded to powers of two so that few shapes are compiled."""
    graphdef, state = nnx.split(model)
    n = len(arrays[0])
    if n == 0:
        one = [np.zeros((1, *array.shape[1:]), array.dtype) for array in arrays]
        results = jax.eval_shape(functools.partial(function, graphdef), state, *one, *shared)
        return jax.tree.map(lambda x: np.zeros((0, *x.shape[1:]), x.dtype), results)
    results = []
    for start in range(0, n, batch_size):
        rows = [array[start : start + batch_size] for array in arrays]
        count = len(rows[0])
        padding = min(batch_size, 1 << (count - 1).bit_length()) - count
        rows = [np.concatenate([row, np.repeat(row[-1:], padding, axis=0)]) for row in rows]
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


@functools.partial(jax.jit, static_argnums=0)
def _decode(graphdef, state, z_BxZ, row_B, key, temperature_3):
    return decode.sample(nnx.merge(graphdef, state), z_BxZ, row_B, key, temperature_3)
