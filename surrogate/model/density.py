"""As many notes as the player asks for: the model is told several densities, and draws that have it are kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from musicvae_jax.events import FIRST_PITCH
from surrogate.model import choice
from surrogate.model.song_batches import density_features

NEAR = 0.13
"""Draws whose number of notes is as near to what is asked for, in octaves, are as good as each other."""
_USUAL = np.array([2.3, 3.4])
"""The level of bass and drums: logarithms to base 2 of half a note more than they play in a bar."""
_OVERSTATED = 2.5
"""How many times the change that is wanted is told at first: draws make a part of it theirs."""
_BESIDE = np.array([-0.3, 0.3])
"""Octaves beside what is wanted, at which the last two draws are aimed, as no aim is sure."""
_TOLD = -1.0, 6.5
"""The least and the most that is told."""
_RESPONSE = 0.2, 1.0
"""The least and the most by which draws follow what is told."""


def notes(parts_KxTx2) -> np.ndarray:
    """Bass notes and drum hits of draws, int [K, T, 2] of tokens: int64 [K, 2]."""
    bass = (parts_KxTx2[..., 0] >= FIRST_PITCH).sum(-1)
    return np.stack([bass, np.bitwise_count(parts_KxTx2[..., 1]).sum(-1, dtype=np.int64)], -1)


def reached(draw: Callable, playing, steps, written, takes: int = 1):
    """Draws songs with more notes than they would have, or fewer.

    Args:
        draw: a function that draws the songs, song_band.Draws of each, from a number, for other dice each time, and
            what the model is told of their densities, float32 [B, 4]. Called by two threads at once, as a draw keeps
            little more than a core busy.
        playing: in how many bars bass and drums play, int [2] of each song.
        steps: how many times to double the bass notes, and the drum hits.
        written: of each song the steps at which bass and drums are written, bool [T, 2]; notes elsewhere do not count.
        takes: how many are wanted at least.

    Returns:
        Draws of each song, of all that were drawn those near what is asked for, or the nearest if too few are.
    """
    steps_2 = np.array(steps)
    told_2 = steps_2 != 0

    def features(level_Bx2):
        return np.stack([density_features(level_2, told_2) for level_2 in level_Bx2])

    guess_2 = np.clip(_USUAL + _OVERSTATED * steps_2, *_TOLD)
    guess_Bx4 = features([guess_2] * len(written))
    with ThreadPoolExecutor(2) as pool:
        usual, guessed = pool.map(draw, (0, 1), (np.zeros_like(guess_Bx4), guess_Bx4))
        each = zip(usual, guessed, playing, written, strict=True)
        searches = [_Search(*own, steps_2, guess_2) for own in each]
        aims_NxBx2 = np.stack([search.aims() for search in searches], 1)
        for songs in pool.map(draw, (2, 3), map(features, aims_NxBx2)):
            for search, draws in zip(searches, songs, strict=True):
                search.add(draws)
    return [search.nearest(takes) for search in searches]


class _Search:
    """The draws of a song that were told a density, what is wanted of them, and how far away they are."""

    def __init__(self, usual, guessed, playing_2, written_Tx2, steps_2, guess_2):
        self._written_Tx2, self._is_told_2 = written_Tx2, steps_2 != 0
        usual_Kx2, guessed_Kx2 = self._notes(usual), self._notes(guessed)
        [played], _ = choice.ranked(usual.tokens, 1, roots_KxT=usual.roots, odds_K=usual.odds)
        played_2 = usual_Kx2[played]
        self._wanted_2 = np.maximum(played_2, 0.5) * 2.0**steps_2
        usual_2, reached_2, self._goal_2 = (
            np.log2(0.5 + notes_2 / playing_2)
            for notes_2 in (np.median(usual_Kx2, axis=0), np.median(guessed_Kx2, axis=0), self._wanted_2)
        )
        self._usual_2, further_2 = usual_2, np.where(guess_2 == usual_2, 1.0, guess_2 - usual_2)
        self._response_2 = np.clip((reached_2 - usual_2) / further_2, *_RESPONSE)
        self._draws, self._away = guessed, self._octaves(guessed)

    def aims(self):
        """The levels that are to be told next, float64 [2, 2]."""
        goal_2x2 = self._goal_2 + _BESIDE[:, None]
        return np.clip(self._usual_2 + (goal_2x2 - self._usual_2) / self._response_2, *_TOLD)

    def add(self, draws):
        """Takes in more draws."""
        self._away = np.append(self._away, self._octaves(draws))
        self._draws = type(draws)(*map(np.concatenate, zip(self._draws, draws, strict=True)))

    def nearest(self, least):
        """The draws that are near, or as many of the nearest."""
        order = np.argsort(np.maximum(self._away, NEAR), kind="stable")[: max((self._away <= NEAR).sum(), least)]
        return type(self._draws)(*(values[order] for values in self._draws))

    def _notes(self, draws):
        return notes(draws.tokens * self._written_Tx2)

    def _octaves(self, draws):
        """Octaves between the notes of draws and those that are wanted, the larger of both parts: float64 [K]."""
        octaves_Kx2 = np.log2((0.5 + self._notes(draws)) / (0.5 + self._wanted_2))
        return (np.abs(octaves_Kx2) * self._is_told_2).max(-1)
