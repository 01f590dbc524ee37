"""As many notes as are asked for."""

import numpy as np

from musicvae_jax.events import token_of_pitch
from surrogate.model import density, song_band


def test_density_is_told_again_until_it_is_reached():
    """A model whose notes are what it is told, but for a bias that it is not told of."""
    told = np.zeros((1, 4), np.float32)

    def draws(notes):
        tokens = np.zeros((4, 32 * 16, 2), np.uint16)
        for number, own in enumerate(tokens):
            own[: notes + number, 0] = token_of_pitch(40)
            own[:8, 1] = 1
        return song_band.Draws(tokens, np.zeros((4, 32, 2, 2), int))

    def draw():
        per_bar = 2 ** ((told[0, 0] + 1) * 2) - 0.5
        return [draws(int(np.clip(32 * per_bar * 0.7, 0, 400)))]

    before = [draws(100)]
    everywhere = [np.ones((32 * 16, 2), bool)]
    [after] = density.reached(before, draw, told, [np.array([32, 32])], (1, 0), everywhere)
    played = density.notes(before[0].tokens)[0, 0]
    assert (np.abs(density.notes(after.tokens)[:, 0] / (2 * played) - 1) < 0.1).all()
    assert told[0, 2] == 1 and told[0, 3] == 0, "of the drums nothing is told"
