"""The ways to write bass and drums that are compared, a row of the table each: floors first, ceilings last."""

import jax
import numpy as np
import tqdm

from musicvae_jax.bar_model import BarMusicVAE
from musicvae_jax.events import BASS, DRUMS, MELODY, STEPS_PER_BAR
from musicvae_jax.events import transpose as transposed
from surrogate.corpus.dataset import DatasetError
from surrogate.evaluation import baselines
from surrogate.evaluation.selection import windows
from surrogate.model.band import MelodyLine, Wishes, WrittenParts

ANOTHER_SONG, RULE, NEIGHBOUR = "another song", "rule", "nearest neighbour"
ACCOMPANY, CHORDS_GIVEN, ORACLE, HUMAN = "accompany", "accompany, chords given", "oracle", "human"
SONGS_AT_ONCE = 16
"""Given to a band together, those of like length."""


def write(songs, *, band=None, vae=None, neighbours=None, seed=0, seeds=3) -> dict[str, list[list[np.ndarray]]]:
    """Write bass and drums in every way there is.

    Args:
        songs: list of selection.Song.
        band: a surrogate.model.band.Band; None leaves out its row.
        vae: the MusicVAE or BarMusicVAE of the oracle; None leaves out its row.
        neighbours: what selection.training_windows gives; None leaves out the nearest neighbour.
        seed: of all that is drawn, for the band the first.
        seeds: how many the band gets, one after the other.

    Returns:
        {row: [music of each song, uint16 [T, 3] with its own melody, for each draw]}; another song only where there are
        two tunes or more.
    """
    written = {}
    if len({song.tune for song in songs}) > 1:
        written[ANOTHER_SONG] = [of_another_song(songs, seed=seed)]
    written[RULE] = [[baselines.rule(song.tokens, song.shift) for song in songs]]
    if neighbours is not None:
        written[NEIGHBOUR] = [of_neighbours(songs, *neighbours)]
    if band is not None:
        written[ACCOMPANY] = [of_band(band, songs, seed=seed + draw) for draw in range(seeds)]
        if band.knows_chords:
            written[CHORDS_GIVEN] = [of_band(band, songs, seed=seed + draw, gives_chords=True) for draw in range(seeds)]
    if vae is not None:
        of_oracle = of_bars if isinstance(vae, BarMusicVAE) else of_windows
        written[ORACLE] = [of_oracle(vae, songs)]
    return written | {HUMAN: [[song.tokens for song in songs]]}


def of_another_song(songs, *, seed) -> list[np.ndarray]:
    """For each song the bass and drums of one of another tune, drawn at random, brought to its key and length."""
    rng, written = np.random.default_rng(seed), []
    for song in songs:
        others = [other for other in songs if other.tune != song.tune]
        if not others:
            raise DatasetError("all songs are of one tune; another song's accompaniment takes two")
        other = others[rng.integers(len(others))]
        written.append(baselines.another_song(song.tokens, song.shift, (other.tokens, other.shift)))
    return written


def of_neighbours(songs, training, training_tune) -> list[np.ndarray]:
    """For each song the windows of nearest neighbours, end to end."""
    cut = _in_windows(songs)
    tune = np.repeat([song.tune for song in songs], [len(part) for part in cut])
    return _end_to_end(songs, baselines.nearest_neighbour(np.concatenate(cut), tune, training, training_tune))


def of_band(band, songs, *, seed, gives_chords=False) -> list[np.ndarray]:
    """What a band writes first for each song's melody; its chords may be given."""
    takes = takes_of(band, songs, seed=seed, gives_chords=gives_chords)
    return [baselines.with_melody(song.tokens, best.tokens) for song, (best, *_) in zip(songs, takes, strict=True)]


def takes_of(band, songs, *, seed, takes=1, gives_chords=False) -> list[list[WrittenParts]]:
    """What a band writes for each song's melody; its chords may be given."""
    written = [None] * len(songs)
    order = sorted(range(len(songs)), key=lambda i: len(songs[i].tokens))
    for first in tqdm.trange(0, len(order), SONGS_AT_ONCE, desc=f"accompany, seed {seed}", unit="part"):
        numbers = order[first : first + SONGS_AT_ONCE]
        lines = [
            MelodyLine(songs[i].tokens[:, MELODY], songs[i].tempo, chords=songs[i].chords if gives_chords else None)
            for i in numbers
        ]
        for i, own in zip(numbers, band.write(lines, Wishes(seed=seed, takes=takes)), strict=True):
            written[i] = own
    return written


def of_bars(vae, songs) -> list[np.ndarray]:
    """What a BarMusicVAE makes of the mean latents of each song's bars, told their chords."""
    bars = np.concatenate([song.tokens for song in songs]).reshape(-1, STEPS_PER_BAR, 3)
    roots = np.concatenate([song.roots for song in songs])
    mu, _ = vae.encode_bars(bars, roots)
    parts = vae.decode_bars(mu, roots, tracks=(BASS, DRUMS)).reshape(-1, 2)
    ends = np.cumsum([len(song.tokens) for song in songs])[:-1]
    return [baselines.with_melody(song.tokens, own) for song, own in zip(songs, np.split(parts, ends), strict=True)]


def of_windows(vae, songs) -> list[np.ndarray]:
    """What a MusicVAE makes of the mean latents of each song's windows in C, end to end."""
    cut = _in_windows(songs)
    shift = np.repeat([song.shift for song in songs], [len(part) for part in cut])
    mu, _ = vae.encode(transposed(np.concatenate(cut), shift))
    return _end_to_end(songs, transposed(vae.decode(mu, key=jax.random.key(0), temperature=0), -shift))


def _in_windows(songs):
    return [windows(song.tokens) for song in songs]


def _end_to_end(songs, tokens_nx256x3):
    """The bass and drums of windows as _in_windows cuts them, as music of each song."""
    ends = np.cumsum([len(part) for part in _in_windows(songs)])[:-1]
    each = zip(songs, np.split(tokens_nx256x3[..., 1:], ends), strict=True)
    return [baselines.with_melody(song.tokens, own.reshape(-1, 2)[: len(song.tokens)]) for song, own in each]
