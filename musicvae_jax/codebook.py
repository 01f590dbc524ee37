"""Latents of bass and drums as codes: each part of a beat's latent is the nearest of those of the most frequent beats.

A codebook holds the latents that the encoder gives the beats that occur most often in a corpus, so that every code is
music that people play, and what a code decodes to is known. First notes of the bass have a code each.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import beats
from musicvae_jax.events import BASS, BEATS_PER_BAR, DRUMS, FIRST_PITCH, STEPS_PER_BEAT, token_of_pitch
from musicvae_jax.model import in_batches

FIRST_NOTES = 49
"""Codes of a beat's first bass note: none, and FIRST_NOTES - 1 pitches from LOWEST_FIRST on."""
LOWEST_FIRST = token_of_pitch(beats.ROOT - 12)
DRUM_CODES_PER_BAR = BASS_CODES_PER_BAR = 2 * BEATS_PER_BAR
CODES_PER_BAR = DRUM_CODES_PER_BAR + BASS_CODES_PER_BAR
"""Of a bar: for each beat kick, snare and toms, then cymbals; then for each beat the bass's pattern, its first note."""
KICK_SNARE_TOMS, CYMBALS, PATTERN, FIRST_NOTE = range(4)
KIND_OF_CODE = np.array([KICK_SNARE_TOMS, CYMBALS] * BEATS_PER_BAR + [PATTERN, FIRST_NOTE] * BEATS_PER_BAR)
_BEATS_AT_ONCE = 4096


class Codebook(nnx.Variable):
    """What no training moves: a table of beats or of their latents."""


class Codebooks(nnx.Module):
    """The codes of a BarMusicVAE.

    beats: int32 [3, K, 4], what each code of KICK_SNARE_TOMS, CYMBALS and PATTERN stands for, as musicvae_jax.beats
        reads beats. latents: their means under q, float32 [K, D] each.
    """

    def __init__(self, config):
        self.config = config
        self.beats = Codebook(jnp.zeros((3, config.codes, STEPS_PER_BEAT), jnp.int32))
        sizes = (*config.drum_sizes, config.pattern_size)
        self.latents = nnx.List([Codebook(jnp.zeros((config.codes, size))) for size in sizes])


def fill(model, bars: np.ndarray, roots: np.ndarray) -> None:
    """Makes the codebooks of a trained BarMusicVAE, in place, of the most frequent beats.

    Args:
        model: the BarMusicVAE.
        bars: uint16 [S, 16, 3], those of a corpus.
        roots: int [S, 2], of their chords.

    Raises:
        ValueError: there are fewer different beats than codes.
    """
    books = model.codebooks
    tables = []
    for beats_Nx4 in _beats_of(bars, roots)[:3]:
        unique, count = np.unique(beats_Nx4, axis=0, return_counts=True)
        if len(unique) < books.config.codes:
            raise ValueError(f"there are {len(unique)} different beats, fewer than {books.config.codes} codes")
        tables.append(unique[np.argsort(-count, kind="stable")[: books.config.codes]])
    books.beats[...] = jnp.asarray(np.stack(tables), jnp.int32)
    for kind, table in enumerate(tables):
        books.latents[kind][...] = jnp.asarray(_means(model, kind, table))


def codes_of(model, bars: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Quantises bars' latents of bass and drums.

    Args:
        model: a BarMusicVAE whose codebooks are filled.
        bars: uint16 [S, 16, 3].
        roots: int [S, 2], of their chords.

    Returns:
        int16 [S, CODES_PER_BAR], of the kinds KIND_OF_CODE.
    """
    *patterns, first_SxB = _beats_of(bars, roots)
    codes = np.zeros((len(bars), CODES_PER_BAR), np.int16)
    for kind, beats_Nx4 in enumerate(patterns):
        as_numbers = beats_Nx4.astype(np.uint16).view(np.uint64)[:, 0]  # sorted in a tenth of the time of rows
        unique, which = np.unique(as_numbers, return_inverse=True)
        unique_Nx4 = unique[:, None].view(np.uint16)
        codes[:, kind == KIND_OF_CODE] = _codes_of_beats(model, kind, unique_Nx4)[which].reshape(-1, BEATS_PER_BAR)
    within = np.clip(first_SxB - LOWEST_FIRST + 1, 1, FIRST_NOTES - 1)
    codes[:, KIND_OF_CODE == FIRST_NOTE] = np.where(first_SxB > 0, within, 0)
    return codes


def latents_of(model, codes: np.ndarray) -> np.ndarray:
    """The latents that codes stand for.

    Args:
        model: a BarMusicVAE whose codebooks are filled.
        codes: int [S, CODES_PER_BAR].

    Returns:
        float32 [S, bar_size], zeros where the melody's slice is.
    """
    codes = np.asarray(codes)
    config = model.config
    z = np.zeros((len(codes), config.bar_size), np.float32)
    books = [np.asarray(book[...]) for book in model.codebooks.latents]
    first_token = np.where(codes > 0, codes + LOWEST_FIRST - 1, 0)
    of_first = np.asarray(model.lines[BASS].first[...][:, : config.first_size])
    low, high, pattern = (books[kind][codes[:, kind == KIND_OF_CODE]] for kind in range(3))
    slices = config.slices()
    z[:, slices[DRUMS]] = np.concatenate([low, high], -1).reshape(len(z), -1)
    bass = np.concatenate([pattern, of_first[first_token[:, KIND_OF_CODE == FIRST_NOTE]]], -1)
    z[:, slices[BASS]] = bass.reshape(len(z), -1)
    return z


def densities(model) -> list[np.ndarray]:
    """How many hits or notes each code of KICK_SNARE_TOMS, CYMBALS and PATTERN has: int [K] each."""
    low, high, pattern = np.asarray(model.codebooks.beats[...])
    return [np.bitwise_count(low).sum(1), np.bitwise_count(high).sum(1), (pattern >= FIRST_PITCH).sum(1)]


def _beats_of(bars, roots):
    """Beats of KICK_SNARE_TOMS, CYMBALS and PATTERN, int [S * 4, 4] each, and first notes, int [S, 4]."""
    bars = np.asarray(bars).astype(np.int32)
    low, high = beats.drum_beats(bars[..., DRUMS])
    relative = beats.relative_bass(bars[..., BASS], np.asarray(roots, np.int32).reshape(len(bars), -1))
    pattern, first = beats.line_beats(relative)
    return [x.reshape(-1, STEPS_PER_BEAT) for x in (low, high, pattern)] + [first]


def _codes_of_beats(model, kind, beats_Nx4):
    """The code of each of N different beats of a kind: its own, or that whose latent is nearest; int64 [N]."""
    own = {beat.tobytes(): code for code, beat in enumerate(np.asarray(model.codebooks.beats[...])[kind])}
    codes = np.array([own.get(beat.tobytes(), -1) for beat in beats_Nx4.astype(np.int32)], np.int64)
    rare = np.flatnonzero(codes < 0)
    if len(rare):
        mean, book = _means(model, kind, beats_Nx4[rare]), np.asarray(model.codebooks.latents[kind][...])
        codes[rare] = ((book**2).sum(1) - 2 * mean @ book.T).argmin(1)
    return codes


def _means(model, kind, beats_Nx4):
    """The means of the latents of beats of a kind, float32 [N, D]."""
    return in_batches(functools.partial(_mean, kind), model, _BEATS_AT_ONCE, beats_Nx4.astype(np.int32))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _mean(kind, graphdef, state, beats_Nx4):
    model = nnx.merge(graphdef, state)
    return (model.lines[BASS].of_pattern(beats_Nx4) if kind == PATTERN else model.drums.of_half(kind, beats_Nx4))[0]
