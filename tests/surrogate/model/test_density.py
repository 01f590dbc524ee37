"""As many notes as are asked for."""

import numpy as np
import pytest

from musicvae_jax.events import token_of_pitch
from surrogate.model import density, song_band

BARS = 32


def draws(notes_K):
    """Draws with so many bass notes, and eight drum hits each."""
    tokens = np.zeros((len(notes_K), BARS * 16, 2), np.uint16)
    for own, notes in zip(tokens, notes_K, strict=True):
        own[:notes, 0] = token_of_pitch(40)
        own[:8, 1] = 1
    roots = np.zeros(tokens.shape[:2], int)
    return song_band.Draws(tokens, np.zeros((len(tokens), BARS, 2, 2), int), np.zeros(len(tokens)), roots)


@pytest.mark.parametrize("response", [0.3, 0.6])
@pytest.mark.parametrize(("steps", "usual"), [(1, 100), (-1, 100), (0.5, 200), (2, 60)])
def test_density_is_reached_in_four_draws(steps, usual, response):
    """A model that plays a part of the change that it is told, in draws that differ."""
    told = {}

    def draw(number, told_Bx4):
        told[number] = told_Bx4
        if not told_Bx4.any():
            return [draws([usual] * 9)]
        notes_a_bar = 2 ** ((told_Bx4[0, 0] + 1) * 2) - 0.5
        heard = usual * (notes_a_bar * BARS / usual) ** response
        return [draws(np.clip(heard * np.linspace(0.7, 1.3, 9), 0, 500).astype(int))]

    everywhere = [np.ones((BARS * 16, 2), bool)]
    [after] = density.reached(draw, [np.array([BARS, BARS])], (steps, 0), everywhere)
    assert (np.abs(np.log2(density.notes(after.tokens)[:, 0] / usual) - steps) <= 0.15).all()
    assert sorted(told) == [0, 1, 2, 3] and not told[0].any()
    assert all(told[number][0, 2] == 1 and told[number][0, 3] == 0 for number in (1, 2, 3)), "of the drums nothing"


def test_of_what_cannot_be_reached_the_nearest_is_left():
    def draw(number, told_Bx4):
        return [draws([100, 110 + number])]

    everywhere = [np.ones((BARS * 16, 2), bool)]
    [after] = density.reached(draw, [np.array([BARS, BARS])], (1, 0), everywhere, takes=2)
    assert density.notes(after.tokens)[:, 0].tolist() == [113, 112]
