"""As many notes as the player asks for: the model is told a density, and told it again until its draws have it."""

import numpy as np

from musicvae_jax.events import FIRST_PITCH
from surrogate.model import choice
from surrogate.model.song_batches import density_features

ROUNDS = 5
NEAR = 0.1
"""Draws whose number of notes is as near to what is asked for, in octaves, are as good as each other."""
ENOUGH = 3
"""Draws that are near are enough to choose from, where no more takes are wanted."""
_MOST_TOLD = 5.5


def notes(parts_KxTx2) -> np.ndarray:
    """Bass notes and drum hits of draws, int [K, T, 2] of tokens: int64 [K, 2]."""
    bass = (parts_KxTx2[..., 0] >= FIRST_PITCH).sum(-1)
    return np.stack([bass, np.bitwise_count(parts_KxTx2[..., 1]).sum(-1, dtype=np.int64)], -1)


def reached(drawn, draw, density_BxD, playing, steps, written, takes: int = 1):
    """Draws songs again, with more notes or fewer.

    Args:
        drawn: song_band.Draws of each song, as they are without a wish.
        draw: a function that draws the songs anew.
        density_BxD: where the model reads what it is told, a row for each song; written to.
        playing: in how many bars bass and drums play, int [2] of each song.
        steps: how many times to double the bass notes, and the drum hits.
        written: of each song the steps at which bass and drums are written, bool [T, 2]; notes elsewhere do not count.
        takes: how many are wanted at least.

    Returns:
        Draws of each song, of all that were drawn those near what is asked for, or the nearest if too few are.
    """
    told_2 = np.array([step != 0 for step in steps])
    played = [
        notes(draws.tokens * own)[choice.ranked(draws.tokens, 1)[0][0]]
        for draws, own in zip(drawn, written, strict=True)
    ]
    wanted = [np.maximum(own, 0.5) * 2.0 ** np.array(steps) for own in played]
    asked = [np.log2(0.5 + want / own) for want, own in zip(wanted, playing, strict=True)]
    best, enough = [None] * len(drawn), max(ENOUGH, takes)
    for _ in range(ROUNDS):
        for row, value in enumerate(asked):
            density_BxD[row] = density_features(np.minimum(value, _MOST_TOLD), told_2)
        for song, draws in enumerate(draw()):
            best[song] = _nearest(best[song], draws, wanted[song], told_2, written[song])
            level = np.log2(0.5 + np.median(notes(draws.tokens * written[song]), axis=0) / playing[song])
            asked[song] = asked[song] + np.log2(0.5 + wanted[song] / playing[song]) - level
        near = [
            int((_away(notes(draws.tokens * own), want, told_2) <= NEAR).sum())
            for draws, own, want in zip(best, written, wanted, strict=True)
        ]
        if min(near) >= enough:
            break
    kept = zip(best, (max(count, enough) for count in near), strict=True)
    return [type(draws)(*(values[:count] for values in draws)) for draws, count in kept]


def _nearest(before, draws, wanted, told_2, written_Tx2):
    """As many draws as there are, of them and of those before, nearest first; those that are near are equally so."""
    together = draws if before is None else type(draws)(*map(np.concatenate, zip(before, draws, strict=True)))
    away = np.maximum(_away(notes(together.tokens * written_Tx2), wanted, told_2), NEAR)
    order = np.argsort(away, kind="stable")[: len(draws.tokens)]
    return type(draws)(*(values[order] for values in together))


def _away(counted_Kx2, wanted_2, told_2):
    """Octaves between the notes there are and those asked for, the larger of both parts: float64 [K]."""
    return (np.abs(np.log2((0.5 + counted_Kx2) / (0.5 + wanted_2))) * told_2).max(-1)
