"""As many notes as the player asks for: the model is told several densities, and draws that have it are kept."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from musicvae_jax.events import FIRST_PITCH
from surrogate.model import choice
from surrogate.model.song_batches import density_features

ROUNDS = 2
NEAR = 0.13
"""Draws whose number of notes is as near to what is asked for, in octaves, are as good as each other."""
ENOUGH = 2
"""Draws that are near are enough to choose from, where no more takes are wanted."""
_OVERSTATED = 2.8, 4.2
"""How many times the change that is wanted each batch of the first round is told: draws make a third of it theirs."""
_BESIDE = -0.4, 0.4
"""Octaves that each batch of the next round is told beside the density by which draws should have what is wanted."""
_TOLD = -1.0, 6.5
"""The least and the most that is told."""
_LEAST_RESPONSE = 0.2


def notes(parts_KxTx2) -> np.ndarray:
    """Bass notes and drum hits of draws, int [K, T, 2] of tokens: int64 [K, 2]."""
    bass = (parts_KxTx2[..., 0] >= FIRST_PITCH).sum(-1)
    return np.stack([bass, np.bitwise_count(parts_KxTx2[..., 1]).sum(-1, dtype=np.int64)], -1)


def reached(drawn, draw: Callable, playing, steps, written, takes: int = 1):
    """Draws songs again, with more notes or fewer.

    Args:
        drawn: song_band.Draws of each song, as they are without a wish.
        draw: a function that draws the songs anew, from a number from 1 on, for other dice, and what the model is told
            of their density, float32 [B, 4]; called by two threads at once, as a batch keeps little more than a core
            busy.
        playing: in how many bars bass and drums play, int [2] of each song.
        steps: how many times to double the bass notes, and the drum hits.
        written: of each song the steps at which bass and drums are written, bool [T, 2]; notes elsewhere do not count.
        takes: how many are wanted at least.

    Returns:
        Draws of each song, of all that were drawn those near what is asked for, or the nearest if too few are.
    """
    searches = [_Search(*each, np.array(steps)) for each in zip(drawn, playing, written, strict=True)]
    enough, batches = max(ENOUGH, takes), len(_BESIDE)
    with ThreadPoolExecutor(batches) as pool:
        for first in range(1, ROUNDS * batches, batches):
            told_NxBx4 = np.stack([search.next_told() for search in searches], 1)
            for songs in pool.map(draw, range(first, first + batches), told_NxBx4):
                for search, draws in zip(searches, songs, strict=True):
                    search.add(draws)
            if all(search.near >= enough for search in searches):
                break
    return [search.nearest(enough) for search in searches]


class _Search:
    """What a song's draws have played so far of what they were told, and those of them that are nearest.

    Levels are logarithms to base 2 of half a note more than bass notes, and drum hits, a bar.
    """

    def __init__(self, drawn, playing_2, written_Tx2, steps_2):
        self._playing_2, self._written_Tx2, self._is_told_2 = playing_2, written_Tx2, steps_2 != 0
        counted_Kx2 = notes(drawn.tokens * written_Tx2)
        played_2 = counted_Kx2[choice.ranked(drawn.tokens, 1)[0][0]]
        self._wanted_2 = np.maximum(played_2, 0.5) * 2.0**steps_2
        self._levels = [self._level(counted_Kx2)]
        self._told = self._levels.copy()
        self._draws, self._away = None, np.zeros(0)

    @property
    def near(self):
        """How many draws are near."""
        return int((self._away <= NEAR).sum())

    def next_told(self):
        """What each batch of the next round is told, as density_features gives it: float32 [N, 4]."""
        goal_2 = np.log2(0.5 + self._wanted_2 / self._playing_2)
        told_Nx2, level_Nx2 = np.array(self._told), np.array(self._levels)
        if len(told_Nx2) == 1:
            next_Nx2 = told_Nx2 + np.outer(_OVERSTATED, goal_2 - level_Nx2[0])
        else:  # where the line through what was told and what was played reaches the goal
            apart_Nx2 = told_Nx2 - told_Nx2.mean(0)
            response_2 = (apart_Nx2 * level_Nx2).sum(0) / np.maximum((apart_Nx2**2).sum(0), 1e-9)
            aim_2 = told_Nx2.mean(0) + (goal_2 - level_Nx2.mean(0)) / np.maximum(response_2, _LEAST_RESPONSE)
            next_Nx2 = aim_2 + np.array(_BESIDE)[:, None]
        next_Nx2 = np.clip(next_Nx2, *_TOLD)
        self._told += list(next_Nx2)
        return np.stack([density_features(told_2, self._is_told_2) for told_2 in next_Nx2])

    def add(self, draws):
        """Takes in the draws of the first batch that was told of and not yet added."""
        counted_Kx2 = notes(draws.tokens * self._written_Tx2)
        self._levels.append(self._level(counted_Kx2))
        octaves_Kx2 = np.log2((0.5 + counted_Kx2) / (0.5 + self._wanted_2))
        away_K = np.append(self._away, (np.abs(octaves_Kx2) * self._is_told_2).max(-1))
        if self._draws is not None:
            draws = type(draws)(*map(np.concatenate, zip(self._draws, draws, strict=True)))
        self._draws, self._away = draws, away_K

    def nearest(self, least):
        """The draws that are near, or as many of the nearest."""
        order = np.argsort(np.maximum(self._away, NEAR), kind="stable")[: max(self.near, least)]
        return type(self._draws)(*(values[order] for values in self._draws))

    def _level(self, counted_Kx2):
        return np.log2(0.5 + np.median(counted_Kx2, axis=0) / self._playing_2)
