"""A MusicVAE as a space of songs: each is a sequence of latents, of bars or of windows of 16 bars."""

import typing

import jax
import numpy as np

import musicvae_jax
from musicvae_jax import checkpoint as model_folder
from musicvae_jax.bar_model import BarMusicVAE
from musicvae_jax.events import BARS_PER_WINDOW, BEATS_PER_BAR, STEPS_PER_BAR, TRACKS
from musicvae_jax.files import FilePath
from musicvae_jax.model import MusicVAE
from surrogate.exploration import corpus_map, directions, interpolation, prior, reconstruction
from surrogate.exploration.corpus_map import CorpusMap
from surrogate.exploration.directions import Attributes
from surrogate.exploration.pieces import Pieces
from surrogate.exploration.reconstruction import Reconstruction
from surrogate.model import compatibility


class LatentSpace:
    """The latents of a MusicVAE, and what can be done with them.

    space = surrogate.LatentSpace.load()
    space.interpolate("a.mid", "b.mid", steps=9).save("between")

    vae: the MusicVAE. span: how many bars a latent is of, 1 or 16. size: its dimensions. in_c: whether songs are
    brought to C for it. checkpoint: where it is from.
    """

    def __init__(self, vae: MusicVAE | BarMusicVAE, checkpoint: FilePath = model_folder.DEFAULT):
        """Takes a MusicVAE that is loaded, and where from: its surrogate is looked for there."""
        self.vae, self.checkpoint = vae, checkpoint
        self.span = 1 if isinstance(vae, BarMusicVAE) else BARS_PER_WINDOW
        self.size = vae.config.bar_size if isinstance(vae, BarMusicVAE) else vae.config.z_size
        self.in_c = bool(compatibility.model_in_c(checkpoint))

    @classmethod
    def load(cls, checkpoint: FilePath = model_folder.DEFAULT) -> "LatentSpace":
        """Loads the MusicVAE of a checkpoint, a pretrained name or a model folder; CheckpointError if it cannot be."""
        return cls(musicvae_jax.load(checkpoint), checkpoint)

    def __repr__(self) -> str:
        return f"<LatentSpace of {self.checkpoint}: {self.size} numbers for each {self.span} bars>"

    @property
    def parts(self) -> list[int]:
        """Where a latent is cut into those that are Gaussians of their own, of beats and parts: places, rising."""
        if not isinstance(self.vae, BarMusicVAE):
            return []
        config = self.vae.config
        line = (config.pattern_size, config.first_size)
        sizes = [size for part in (line, line, config.drum_sizes) for size in part * BEATS_PER_BAR]
        return np.cumsum(sizes)[:-1].tolist()

    def encode(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Encodes a song, its chords untold.

        Args:
            tokens: uint16 [T, 3], whole bars; what lacks of the last latent's span is silence.

        Returns:
            Mean and standard deviation of q(z | trio), float32 [S, size] each.
        """
        steps = self.span * STEPS_PER_BAR
        segments = np.pad(tokens, ((0, -len(tokens) % steps), (0, 0))).reshape(-1, steps, len(TRACKS))
        return (self.vae.encode_bars if isinstance(self.vae, BarMusicVAE) else self.vae.encode)(segments)

    def decode(self, z: np.ndarray, *, temperature: float = 0.0, seed: int = 0) -> np.ndarray:
        """Writes a song from its latents.

        Args:
            z: float32 [S, size].
            temperature: what logits are divided by; 0 takes the likeliest token.
            seed: of what is drawn.

        Returns:
            uint16 [S * span * 16, 3].
        """
        write = self.vae.decode_bars if isinstance(self.vae, BarMusicVAE) else self.vae.decode
        return write(z, key=jax.random.key(seed), temperature=temperature).reshape(-1, len(TRACKS))

    def generate(self, songs: int = 4, **options: typing.Any) -> Pieces:
        """Writes songs from the prior; arguments and errors as of surrogate.exploration.prior.generate."""
        return prior.generate(self, songs, **options)

    def interpolate(self, a: FilePath, b: FilePath, **options: typing.Any) -> Pieces:
        """Writes what lies between two songs; as interpolation.interpolate."""
        return interpolation.interpolate(self, a, b, **options)

    def attributes(self, corpus: FilePath, **options: typing.Any) -> Attributes:
        """Finds directions of density, syncopation and range; as directions.find."""
        return directions.find(self, corpus, **options)

    def reconstruct(self, song: FilePath) -> Reconstruction:
        """Encodes and decodes a song, or the held-out ones of a corpus or pack; as reconstruction.reconstruct."""
        return reconstruction.reconstruct(self, song)

    def map(self, corpus: FilePath, **options: typing.Any) -> CorpusMap:
        """Lays the songs of an encoded corpus out in two dimensions; as corpus_map.of_corpus."""
        return corpus_map.of_corpus(self, corpus, **options)
