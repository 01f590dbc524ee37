"""Bars of a pack's songs with the roots of their chords: what a MusicVAE with a latent for each bar learns from."""

import numpy as np

from musicvae_jax import beats
from musicvae_jax.sharding import own_rows
from musicvae_jax.training import TrainingError

_UNTOLD_SHARE = 0.25


class PackBars:
    """All bars of a split's songs that have melody, bass and drums.

    bars: uint16 [S, 16, 3]. roots: int8 [S, 2], of each half bar's chord, silence filled in (beats.known_roots).
    """

    def __init__(self, songs, split: str, *, share: float = 1.0):
        """Reads a split of a corpus.song_pack.Songs; share: of its tunes. Raises TrainingError where it holds none."""
        chosen = complete_songs(songs, split, share=share)
        self.bars = np.concatenate([song.trio for song in chosen])
        self.roots = np.concatenate([song.roots for song in chosen]).astype(np.int8)

    def batches(self, size: int, seed):
        """A function: step -> this process's rows of `size` random bars that seed and step settle.

        The chords of some are not told.
        """
        own = own_rows(size)

        def batch_at(step):
            rng = np.random.default_rng([seed, step])
            rows, untold = rng.integers(len(self.bars), size=size)[own], rng.random(size)[own] < _UNTOLD_SHARE
            roots = np.where(untold[:, None], beats.UNTOLD, self.roots[rows]).astype(np.int32)
            return {"bars": self.bars[rows], "roots": roots}

        return batch_at


def complete_songs(songs, split: str, *, share: float = 1.0) -> list:
    """The songs of a split, or of a share of its tunes, that have melody, bass and drums.

    Args:
        songs: corpus.song_pack.Songs.
        split, share: as Songs.indices takes them.

    Raises:
        TrainingError: there is none.
    """
    chosen = [songs[i] for i in songs.indices(split, complete=True, share=share)]
    if not chosen:
        raise TrainingError(f"no {split} song of the pack has melody, bass and drums")
    return chosen
