"""Bass and drums of whole songs from a model that knows windows of 16 bars, as Magenta's do."""

import os
import typing
from collections.abc import Sequence

import jax
import numpy as np

from musicvae_jax import events
from musicvae_jax.checkpoint import CheckpointError
from musicvae_jax.events import BASS, DRUMS, MELODY
from musicvae_jax.model import MusicVAE
from surrogate.model import choice, window_surrogate, windows
from surrogate.model.band import NO_WISHES, MelodyLine, Wishes, WrittenParts, with_what_stays
from surrogate.model.window_surrogate import WindowSurrogate

DRAWS = 8
SPREAD = 0.5
"""How far draws stray from the mean of p(z | melody), in standard deviations."""
TEMPERATURES = 0.3, 0.4
"""What the decoder's logits are divided by, of bass and of drums, where nobody wishes otherwise."""


class WindowBand:
    """A MusicVAE with one latent for 16 bars, and its surrogate: a surrogate.model.band.Band.

    Windows are predicted one by one, and whole songs drawn from them; those most like the others are played. In a draw
    all windows of a song stray from their means alike and are decoded by the same dice, so that where melodies are the
    same, bass and drums are, too. Bars before the first note and windows without melody stay silent. What bass or drums
    a song has stays, and is not heard.
    """

    knows_chords = False

    def __init__(self, vae: MusicVAE, surrogate: WindowSurrogate) -> None:
        self.vae, self.surrogate = vae, surrogate
        self.in_c = surrogate.config.in_c

    def write(self, lines: Sequence[MelodyLine], wishes: Wishes = NO_WISHES) -> list[list[WrittenParts]]:
        """As band.Band; chords, other harmonies, densities and a song to be like are refused."""
        _check(lines, wishes)
        cuts = [_cut(line, in_c=self.in_c) for line in lines]
        melody_nxT = np.concatenate([np.zeros((0, events.WINDOW_STEPS), np.uint16), *(cut.windows for cut in cuts)])
        parts_KxnxTx2 = self._draws(melody_nxT, wishes)
        ends = np.cumsum([len(cut.spans) for cut in cuts])
        of_songs = np.split(parts_KxnxTx2, ends[:-1], axis=1) if cuts else []
        return [_best(*each, wishes.takes) for each in zip(lines, cuts, of_songs, strict=True)]

    def _draws(self, melody_nxT, wishes):
        """Bass and drums of windows, uint16 [K, n, 256, 2]."""
        count, own = max(DRAWS, wishes.takes), (wishes.bass_temperature, wishes.drum_temperature)
        mean_nxZ, std_nxZ = self.surrogate.predict(melody_nxT)
        noise_KxZ = np.random.default_rng(wishes.seed).normal(size=(count, mean_nxZ.shape[1])).astype(np.float32)
        z_KxnxZ = mean_nxZ + SPREAD * std_nxZ * noise_KxZ[:, None]
        drawn = self.vae.decode(
            z_KxnxZ.reshape(-1, mean_nxZ.shape[1]),
            key=jax.random.key(wishes.seed),
            temperature=(0, *(usual if x is None else x for x, usual in zip(own, TEMPERATURES, strict=True))),
            tracks=(BASS, DRUMS),
            rows=np.repeat(np.arange(count), len(melody_nxT)),
        )
        return drawn.reshape(count, len(melody_nxT), *drawn.shape[1:])


def load(name_or_folder: str | os.PathLike, vae: MusicVAE) -> WindowBand:
    """Loads the band of a MusicVAE that is loaded.

    Args:
        name_or_folder: the model folder, or a pretrained name.
        vae: the MusicVAE in there.

    Raises:
        CheckpointError: there is no surrogate of it, or it cannot be read.
    """
    surrogate = window_surrogate.load(name_or_folder)
    sizes = surrogate.config.z_size, vae.config.z_size
    if sizes[0] != sizes[1]:
        reason = "its surrogate predicts {} numbers a window, its MusicVAE has {}".format(*sizes)
        raise CheckpointError(f"{name_or_folder}: {reason}; train the surrogate again")
    return WindowBand(vae, surrogate)


def _check(lines, wishes):
    asked = {
        "chords": any(line.chords is not None for line in lines),
        "a density": wishes.bass_density or wishes.drum_density,
        "a song to be like": wishes.like is not None,
        "other harmonies": wishes.reharmonise,
    }
    refused = " or ".join(what for what, is_asked in asked.items() if is_asked)
    if refused:
        raise CheckpointError(f"a model of 16-bar windows cannot be given {refused}; the default model can")


class _Cut(typing.NamedTuple):
    """A melody as the model reads it: semitones up to its key, its steps, and its windows, uint16 [n, 256]."""

    shift: int
    steps: int
    spans: list[windows.WindowSpan]
    windows: np.ndarray


def _cut(line, *, in_c):
    shift = line.semitones_to_c if in_c else 0
    song_Tx3 = np.zeros((len(line.tokens), len(events.TRACKS)), np.uint16)
    song_Tx3[:, MELODY] = line.tokens
    return _Cut(shift, len(song_Tx3), *windows.cut(events.transpose(song_Tx3, shift)[:, MELODY]))


def _best(line, cut, parts_KxnxTx2, takes):
    """The takes of one song, from draws of its windows."""
    song_KxTx3 = np.zeros((len(parts_KxnxTx2), cut.steps, len(events.TRACKS)), np.uint16)
    for song_Tx3, parts_nxTx2 in zip(song_KxTx3, parts_KxnxTx2, strict=True):
        song_Tx3[:, 1:] = windows.join(cut.spans, parts_nxTx2, cut.steps)
    own_KxTx2 = with_what_stays(line, events.transpose(song_KxTx3, -cut.shift)[..., 1:])
    chosen, ratings = choice.ranked(own_KxTx2, takes)
    return [WrittenParts(own_KxTx2[i], float(rating)) for i, rating in zip(chosen, ratings, strict=True)]
