"""MusicVAE with a latent for each bar and part: a song is a sequence of latents, whatever its length.

A bar's z is made of slices, end to end: of the melody, of the bass, of the drums; each slice of one for each beat. A
line's beat has a latent of its pattern and one of its first note; a beat of drums one of kick, snare and toms, and one
of cymbals. Decoders write a bar's 16 steps one after the other, all bars side by side. The chords of half bars may be
told: then the bass's z holds what is played over a chord, and the chord the pitches (musicvae_jax.beats).
"""

import dataclasses
import functools
import itertools
import typing
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import beats, compiled, summary
from musicvae_jax.bar_decoder import DrumDecoder, LineDecoder, teacher_forced
from musicvae_jax.bar_encoder import DrumEncoder, LineEncoder
from musicvae_jax.codebook import Codebooks
from musicvae_jax.elbo import gaussian_kl
from musicvae_jax.events import (
    BARS_PER_WINDOW,
    BASS,
    BEATS_PER_BAR,
    DEPTHS,
    DRUMS,
    MELODY,
    STEPS_PER_BAR,
    TRACKS,
)
from musicvae_jax.model import in_batches, of_each_track

HALVES_PER_BAR = 2
BARS_AT_ONCE = 256
"""Bars are encoded, decoded and scored in batches of so many."""


@dataclasses.dataclass(frozen=True)
class BarMusicVAEConfig:
    """Sizes of a BarMusicVAE.

    pattern_size, first_size: dimensions of the latents of a line's beat, of its pattern and of its first note.
    drum_sizes: of those of a beat of drums: of kick, snare and toms, and of cymbals.
    width: units of the encoders' hidden layer. decoder_size: units of the decoders.
    codes: latents in each codebook (musicvae_jax.codebook).
    """

    pattern_size: int = 12
    first_size: int = 8
    drum_sizes: tuple[int, int] = (12, 10)
    width: int = 128
    decoder_size: int = 96
    codes: int = 512

    def __post_init__(self):
        object.__setattr__(self, "drum_sizes", tuple(self.drum_sizes))  # JSON gives lists
        if min(self.pattern_size, self.first_size, *self.drum_sizes, self.width, self.decoder_size, self.codes) < 1:
            raise ValueError(f"sizes must be more than 0, not {self}")

    @property
    def beat_sizes(self) -> tuple[int, int, int]:
        """Dimensions of a beat of melody, bass and drums."""
        line = self.pattern_size + self.first_size
        return line, line, sum(self.drum_sizes)

    @property
    def bar_size(self) -> int:
        """Dimensions of a bar's z."""
        return BEATS_PER_BAR * sum(self.beat_sizes)

    @property
    def z_size(self) -> int:
        """Dimensions of the z of a window of 16 bars."""
        return BARS_PER_WINDOW * self.bar_size

    def slices(self) -> list[slice]:
        """Where a bar's z holds melody, bass and drums."""
        ends = np.cumsum([0, *(BEATS_PER_BAR * size for size in self.beat_sizes)])
        return [slice(int(first), int(last)) for first, last in itertools.pairwise(ends)]


class BarMusicVAE(nnx.Module):
    """A MusicVAE whose z is a sequence of bars'; it has the methods of musicvae_jax.MusicVAE, and those for bars."""

    def __init__(self, config: BarMusicVAEConfig, *, rngs: nnx.Rngs | None):
        self.config = config
        self.lines = nnx.List([LineEncoder(config, rngs=rngs) for _ in (MELODY, BASS)])
        self.drums = DrumEncoder(config, rngs=rngs)
        line, units = (config.pattern_size, config.first_size), (config.width, config.decoder_size)
        lines = [LineDecoder(*line, *units, rngs=rngs) for _ in (MELODY, BASS)]
        self.decoders = nnx.List([*lines, DrumDecoder(sum(config.drum_sizes), *units, rngs=rngs)])
        self.codebooks = Codebooks(config)

    def __repr__(self) -> str:
        return summary.of_bars(self)

    __str__ = __repr__

    def gaussian(self, bars_SxTx3, root_SxH):
        """Mean and standard deviation of q(z | bar), float32 [S, Z] each, of bars int [S, 16, 3]."""
        bars = bars_SxTx3.astype(jnp.int32)
        bass_SxT = beats.relative_bass(bars[..., BASS], root_SxH)
        parts = self.lines[MELODY](bars[..., MELODY]), self.lines[BASS](bass_SxT), self.drums(bars[..., DRUMS])
        mu, raw = (jnp.concatenate(values, -1) for values in zip(*parts, strict=True))
        return mu, jax.nn.softplus(raw - 2) + 1e-4

    def encoder(self, tokens_BxTx3):
        """q(z | trio) of windows, int [B, 256, 3], whose chords are not told: float32 [B, z_size] each."""
        batch = len(tokens_BxTx3)
        bars = tokens_BxTx3.reshape(-1, STEPS_PER_BAR, tokens_BxTx3.shape[-1])
        untold = jnp.full((len(bars), HALVES_PER_BAR), beats.UNTOLD)
        return tuple(values.reshape(batch, -1) for values in self.gaussian(bars, untold))

    def beat_latents(self, z_SxZ):
        """The latents of beats of melody, bass and drums, float32 [S, 4, D] each."""
        return [z_SxZ[:, own].reshape(len(z_SxZ), BEATS_PER_BAR, -1) for own in self.config.slices()]

    def bar_log_probs(self, bars_SxTx3, z_SxZ, root_SxH):
        """Teacher-forced log p(track | z) of bars, nats, and the share of likeliest steps: [S, 3] each."""
        bars = bars_SxTx3.astype(jnp.int32)
        columns = bars[..., MELODY], beats.relative_bass(bars[..., BASS], root_SxH), bars[..., DRUMS]
        parts = list(zip(self.decoders, columns, self.beat_latents(z_SxZ), strict=True))
        told = zip(*(decoder.classes(own, z_SxBxD) for decoder, own, z_SxBxD in parts), strict=True)
        each = zip(parts, teacher_forced(self.decoders, *told), strict=True)
        log_probs, hits = zip(*(decoder.log_probs(*own, logits) for (decoder, *own), logits in each), strict=True)
        return jnp.stack(log_probs, -1).sum(1), jnp.stack(hits, -1).mean(1)

    def encode_bars(self, bars: np.ndarray, roots: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Encodes bars into q(z | bar).

        Args:
            bars: uint16 [S, 16, 3], the columns in the order of events.TRACKS.
            roots: int [S, 2], pitch classes of the roots of the half bars' chords (beats.known_roots); None: untold.

        Returns:
            Mean and standard deviation, float32 [S, bar_size] each.
        """
        return in_batches(_encode_bars, self, BARS_AT_ONCE, np.asarray(bars), _roots(roots, len(bars)))

    def decode_bars(
        self,
        z: np.ndarray,
        roots: np.ndarray | None = None,
        *,
        key: jax.Array | None = None,
        temperature: float | Sequence[float] = 0.0,
        tracks: Sequence[int] = (MELODY, BASS, DRUMS),
    ) -> np.ndarray:
        """Writes bars from their latents; the same key gives the same tokens, whatever the number of bars.

        Args:
            z: float32 [S, bar_size].
            roots: as encode_bars takes them.
            key: what the tokens are drawn with; not needed at temperature 0.
            temperature: what divides the logits; 0 takes the likeliest token. It may be three, one a track.
            tracks: the numbers of those that are wanted (P).

        Returns:
            uint16 [S, 16, P].

        Raises:
            ValueError: a temperature is negative or no number.
        """
        temperature_3 = of_each_track(temperature)
        dice = np.arange(len(z), dtype=np.uint32)
        rows = np.asarray(z, np.float32), _roots(roots, len(z)), dice
        tracks = tuple(tracks)
        if temperature_3.any():
            key = jax.random.key(0) if key is None else key
            return in_batches(
                functools.partial(_decode_bars, tracks), self, BARS_AT_ONCE, *rows, shared=(key, temperature_3)
            )

        def write(graphdef, *arrays):
            leaves, tree = jax.tree.flatten((*arrays, None, temperature_3))

            def likeliest(*leaves):
                return _decode_bars(tracks, graphdef, *jax.tree.unflatten(tree, leaves))

            return compiled.call(likeliest, f"decode_bars {tracks} {self.config}", *leaves)

        return in_batches(write, self, BARS_AT_ONCE, *rows)

    def encode(self, tokens: np.ndarray, roots: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Encodes windows into q(z | trio): their bars' z end to end.

        Args:
            tokens: uint16 [n, 256, 3].
            roots: int [n, 32], the pitch classes of the roots of each half bar's chord; None: untold.

        Returns:
            Mean and standard deviation, float32 [n, z_size] each.
        """
        mu, sigma = self.encode_bars(_bars(tokens), _halves(roots))
        return mu.reshape(len(tokens), self.config.z_size), sigma.reshape(len(tokens), self.config.z_size)

    def decode(self, z: np.ndarray, roots: np.ndarray | None = None, **options: typing.Any) -> np.ndarray:
        """Writes windows from their latents.

        Args:
            z: float32 [n, z_size].
            roots: as encode takes them.
            options: key, temperature and tracks, as decode_bars takes them.

        Returns:
            uint16 [n, 256, P].
        """
        bars = self.decode_bars(np.reshape(z, (-1, self.config.bar_size)), _halves(roots), **options)
        return bars.reshape(len(z), BARS_PER_WINDOW * STEPS_PER_BAR, bars.shape[-1])

    def log_prob(self, tokens: np.ndarray, z: np.ndarray, roots: np.ndarray | None = None) -> np.ndarray:
        """Teacher-forced log p(track | z) of windows, by which decode draws at temperature 1.

        Args:
            tokens: uint16 [n, 256, 3].
            z: float32 [n, z_size].
            roots: as encode takes them.

        Returns:
            float32 [n, 3], nats.
        """
        bars, halves = _bars(tokens), _halves(roots)
        z = np.reshape(np.asarray(z, np.float32), (-1, self.config.bar_size))
        of_bars = in_batches(_bar_log_probs, self, BARS_AT_ONCE, bars, z, _roots(halves, len(bars)))
        return of_bars.reshape(len(tokens), BARS_PER_WINDOW, -1).sum(1)


def loss(model: BarMusicVAE, batch: dict, key, *, beta: float):
    """Negative beta-ELBO of bars, and what it is made of.

    Args:
        model: the BarMusicVAE.
        batch: bars int [S, 16, 3] and roots int [S, 2] of their half bars.
        key: a random key.
        beta: weight of the KL.

    Returns:
        The loss, nats a bar, and metrics: it, the ELBO (beta 1), KL, and of each track the reconstruction loss (nats a
        bar) and teacher-forced accuracy.
    """
    mu, sigma = model.gaussian(batch["bars"], batch["roots"])
    z = mu + sigma * jax.random.normal(key, mu.shape)
    log_probs, hits = model.bar_log_probs(batch["bars"], z, batch["roots"])
    nats_3, kl = -log_probs.mean(0), gaussian_kl(mu, sigma).mean()
    value = nats_3.sum() + beta * kl
    metrics = {"loss": value, "elbo": -(nats_3.sum() + kl), "kl": kl}
    for i, track in enumerate(TRACKS):
        metrics |= {f"{track}_nats": nats_3[i], f"{track}_accuracy": hits[:, i].mean()}
    return value, metrics


def _roots(roots, bars):
    if roots is None:
        return np.full((bars, HALVES_PER_BAR), beats.UNTOLD, np.int32)
    return np.asarray(roots, np.int32).reshape(bars, HALVES_PER_BAR)


def _halves(roots):
    return None if roots is None else np.reshape(roots, (-1, HALVES_PER_BAR))


def _bars(tokens):
    return np.reshape(tokens, (-1, STEPS_PER_BAR, len(DEPTHS)))


@functools.partial(jax.jit, static_argnums=0)
def _encode_bars(graphdef, state, bars, root):
    return nnx.merge(graphdef, state).gaussian(bars, root)


@functools.partial(jax.jit, static_argnums=0)
def _bar_log_probs(graphdef, state, bars, z, root):
    return nnx.merge(graphdef, state).bar_log_probs(bars, z, root)[0]


@functools.partial(jax.jit, static_argnums=(0, 1))
def _decode_bars(tracks, graphdef, state, z_SxZ, root_SxH, dice_S, key, temperature_3):
    model, written = nnx.merge(graphdef, state), []
    for track in tracks:
        decoder, noise = model.decoders[track], None
        if key is not None:
            keys_S = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.fold_in(key, track), dice_S)
            noise = jax.vmap(decoder.noise)(keys_S)
        tokens_SxT = decoder.write(model.beat_latents(z_SxZ)[track], noise, temperature_3[track])
        written.append(beats.absolute_bass(tokens_SxT, root_SxH) if track == BASS else tokens_SxT)
    return jnp.stack(written, -1).astype(jnp.uint16)
