"""The band of a checkpoint, by what kind of MusicVAE it holds."""

import os

import musicvae_jax
from musicvae_jax import checkpoint as model_folder
from musicvae_jax.bar_model import BarMusicVAE
from musicvae_jax.model import MusicVAE
from surrogate.model import critic, song_band, window_band
from surrogate.model.band import Band


def load(checkpoint: str | os.PathLike | None = None) -> Band:
    """Loads the models of a checkpoint.

    Args:
        checkpoint: a pretrained name or a model folder; None is the built-in default.

    Raises:
        musicvae_jax.CheckpointError: there is no such model, or its parts do not fit together.
    """
    name = model_folder.DEFAULT if checkpoint is None else checkpoint
    return around(musicvae_jax.load(name), name)


def around(vae: MusicVAE | BarMusicVAE, checkpoint: str | os.PathLike) -> Band:
    """Loads the surrogate of a MusicVAE that is loaded from a checkpoint; errors as of load."""
    if isinstance(vae, BarMusicVAE):
        return song_band.SongBand(vae, song_band.load_surrogate(checkpoint), critic.load(checkpoint))
    return window_band.load(checkpoint, vae)
