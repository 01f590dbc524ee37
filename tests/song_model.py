"""A small random song model, and a MusicVAE whose codebooks are filled, for tests of what writes songs."""

import functools

from flax import nnx

import musicvae_jax
from musicvae_jax import codebook
from musicvae_jax.bar_model import BarMusicVAE, BarMusicVAEConfig
from surrogate.model import song_band
from surrogate.model.song_model import SongSurrogate, SongSurrogateConfig
from tests.bars import random_bars

CODES = 8
VAE_SIZES = BarMusicVAEConfig(pattern_size=3, first_size=2, drum_sizes=(3, 2), width=16, decoder_size=8, codes=CODES)
SIZES = SongSurrogateConfig(codes=CODES, width=16, encoder_layers=1, decoder_layers=1, heads=2, source_width=8)


@functools.cache
def vae():
    model = BarMusicVAE(VAE_SIZES, rngs=nnx.Rngs(0))
    codebook.fill(model, *random_bars(40))
    return model


def surrogate():
    """One of its own for each who asks, as tests change weights."""
    return SongSurrogate(SIZES, rngs=nnx.Rngs(1))


def band():
    return song_band.SongBand(vae(), surrogate())


def save(folder):
    """A model folder of both; returns its path as text."""
    musicvae_jax.save(folder, vae())
    song_band.save_surrogate(folder, surrogate())
    return str(folder)
