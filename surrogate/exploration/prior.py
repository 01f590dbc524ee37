"""Songs from the prior: for a melody p(latents | melody); without one N(0, I) of a window, or a walk through bars."""

import jax
import numpy as np

from musicvae_jax.checkpoint import CheckpointError
from musicvae_jax.events import BARS_PER_WINDOW, FIRST_PITCH, MELODY, STEPS_PER_BAR, TRACKS
from musicvae_jax.notes import DEFAULT_QPM
from surrogate.corpus import dataset
from surrogate.corpus.song_survey import MOST_BARS
from surrogate.exploration import songs as song_reading
from surrogate.exploration.pieces import Pieces
from surrogate.model import bands
from surrogate.model.band import MelodyLine, Wishes
from surrogate.reading import keys

TEMPERATURE = 0.5
"""Of the tokens of windows, as Magenta samples them."""
FORM, PHRASE = "AABA", 8
"""The order of the phrases of a melody that is walked, and their bars."""
NEIGHBOURS = 6
_WINDOWS = 400


def generate(
    space, songs: int = 4, *, melody=None, corpus=None, bars: int = 32, seed: int = 0, temperature: float | None = None
) -> Pieces:
    """Writes songs from the prior.

    With a melody they are draws of p(latents of bass and drums | melody), the surrogate's; the one that is played
    comes first. Without one, a model of windows of 16 bars is sampled as it was trained: z of N(0, I), a window a song.
    Latents of single bars drawn so would be bars without a song. There the melody is a walk through the latents of a
    corpus: from each bar to what follows one of the bars nearest to it, in whatever song, two phrases of 8 bars in the
    form AABA; each bar is then drawn from its q(z | bar), and the surrogate writes bass and drums.

    Args:
        space: the LatentSpace.
        songs: how many.
        melody: a MIDI file or a score.
        corpus: a pack of windows or an encoded corpus to walk through, of models of bars.
        bars: of a walked melody.
        seed: of all that is drawn.
        temperature: of bass and drums, or of the tokens of a window; None: the model's own, or TEMPERATURE.

    Raises:
        musicvae_jax.FileError: the melody cannot be used.
        musicvae_jax.CheckpointError: there is no surrogate, or a model of bars has nothing to walk through.
        surrogate.corpus.errors.DatasetError: the corpus cannot be read.
        ValueError: songs or bars are out of range, or a melody and a corpus are both given.
    """
    if melody is not None and corpus is not None:
        raise ValueError("give a melody, or a corpus to walk through for one; not both")
    if songs < 1 or not 1 <= bars <= MOST_BARS:
        raise ValueError(f"songs must be 1 or more, and bars 1 to {MOST_BARS}, not {songs} and {bars}")
    wishes = {"seed": seed, "bass_temperature": temperature, "drum_temperature": temperature}
    if melody is not None:
        song = song_reading.read(melody)
        line = MelodyLine(song.tokens[:, MELODY], song.tempo)
        [takes] = bands.around(space.vae, space.checkpoint).write([line], Wishes(takes=songs, **wishes))
        tokens = tuple(np.column_stack([line.tokens, take.tokens]) for take in takes)
        labels = tuple(f"draw {number}: {take.rating:.2f}" for number, take in enumerate(takes, 1))
        return Pieces(f"bass and drums for {song.name}", labels, tokens, song.tempo)
    labels = tuple(f"song {number}" for number in range(1, songs + 1))
    if space.span > 1:
        z = np.random.default_rng(seed).normal(size=(songs, space.size)).astype(np.float32)
        drawn = TEMPERATURE if temperature is None else temperature
        tokens = tuple(space.vae.decode(z, key=jax.random.key(seed), temperature=drawn))
        return Pieces("songs from N(0, I)", labels, tokens, DEFAULT_QPM)
    if corpus is None:
        raise CheckpointError(
            f"{space.checkpoint}: its latents are of single bars, which by themselves make no song; "
            "give a melody, or a corpus to walk through"
        )
    lines = [MelodyLine(tokens, DEFAULT_QPM) for tokens in _walked_melodies(space, corpus, songs, bars, seed)]
    written = bands.around(space.vae, space.checkpoint).write(lines, Wishes(**wishes))
    tokens = tuple(np.column_stack([line.tokens, take.tokens]) for line, (take,) in zip(lines, written, strict=True))
    return Pieces("songs from a walk", labels, tokens, DEFAULT_QPM)


def _walked_melodies(space, corpus, songs, bars, seed):
    """Melodies in C, uint16 [bars * 16] each."""
    windows = dataset.open(corpus)
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(windows), min(_WINDOWS, len(windows)), replace=False))
    in_c = np.concatenate([keys.to_c(tokens[None]) for tokens in windows.rows(chosen, "tokens")])
    mu, sigma = space.vae.encode_bars(in_c.reshape(-1, STEPS_PER_BAR, len(TRACKS)))
    own = space.vae.config.slices()[MELODY]
    starts = np.flatnonzero(in_c[:, 0, MELODY] >= FIRST_PITCH) * BARS_PER_WINDOW
    if not len(starts):
        starts = np.arange(len(chosen)) * BARS_PER_WINDOW
    for _ in range(songs):
        phrases = {name: walk(mu[:, own], int(rng.choice(starts)), PHRASE, rng) for name in sorted(set(FORM))}
        order = [phrases[FORM[i % len(FORM)]] for i in range(-(-bars // PHRASE))]
        drawn = {bar: mu[bar] + sigma[bar] * rng.normal(size=space.size) for bar in np.unique(order)}
        z = np.stack([drawn[bar] for bar in np.concatenate(order)[:bars]]).astype(np.float32)
        yield space.vae.decode_bars(z, tracks=(MELODY,)).reshape(-1)


def walk(mu_SxZ, start: int, bars: int, rng) -> list[int]:
    """Walks through the bars of windows: to what follows one of the bars nearest to where it is, as far in a phrase.

    Args:
        mu_SxZ: float32 [S, Z], latents of bars, 16 a window.
        start: the first bar.
        bars: how many.
        rng: a NumPy generator.

    Returns:
        The numbers of the bars.
    """
    place = np.arange(len(mu_SxZ)) % BARS_PER_WINDOW
    path = [start]
    while len(path) < bars:
        here = path[-1]
        others = np.flatnonzero((place % 4 == here % 4) & (place < BARS_PER_WINDOW - 1))
        distance = ((mu_SxZ[others] - mu_SxZ[here]) ** 2).sum(-1)
        path.append(int(others[rng.choice(np.argsort(distance, kind="stable")[:NEIGHBOURS])]) + 1)
    return path
