"""Songs from the prior: for a melody, of windows, and from a walk through the bars of a corpus."""

import numpy as np
import pytest

from musicvae_jax.checkpoint import CheckpointError
from musicvae_jax.events import BASS, DRUMS, FIRST_PITCH, MELODY
from surrogate.exploration import prior, songs
from surrogate.exploration.latent_space import LatentSpace
from tests import melodies, song_model
from tests.paths import EXAMPLES


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    return LatentSpace(song_model.vae(), song_model.save(tmp_path_factory.mktemp("bars")))


def test_a_melody_stays_and_its_band_differs_from_draw_to_draw(space):
    pieces = space.generate(3, melody=EXAMPLES / "korobeiniki.mid", seed=1)
    own = songs.read(EXAMPLES / "korobeiniki.mid")
    assert len(pieces) == 3 and pieces.tempo == own.tempo and pieces.labels[0].startswith("draw 1: ")
    assert all((piece[:, MELODY] == own.tokens[:, MELODY]).all() for piece in pieces.tokens)
    assert len({piece[:, [BASS, DRUMS]].tobytes() for piece in pieces.tokens}) == 3


def test_models_of_windows_are_sampled_as_they_were_trained(tmp_path):
    space = LatentSpace.load(melodies.random_model(tmp_path))
    pieces, other = space.generate(3, seed=4), space.generate(3, seed=5)
    assert {piece.shape for piece in pieces.tokens} == {(256, 3)} and "N(0, I)" in pieces.title
    assert not np.array_equal(pieces.tokens[0], other.tokens[0])
    np.testing.assert_array_equal(pieces.tokens, space.generate(3, seed=4).tokens)
    band = space.generate(2, melody=EXAMPLES / "korobeiniki.mid")
    assert len(band) == 2 and len(band.tokens[0]) == len(songs.read(EXAMPLES / "korobeiniki.mid").tokens)


def test_a_walk_makes_songs_of_two_phrases_each_with_its_own_melody(space, bar_corpus):
    pieces = space.generate(2, corpus=bar_corpus, bars=32, seed=1)
    first, second = (piece[:, MELODY].reshape(4, -1) for piece in pieces.tokens)
    for phrases in (first, second):
        assert (phrases[0] == phrases[1]).all() and (phrases[0] == phrases[3]).all()
        assert (phrases[0] != phrases[2]).any()
    assert (first != second).any() and (first >= FIRST_PITCH).sum() > 16
    assert len(space.generate(1, corpus=bar_corpus, bars=3).tokens[0]) == 48


def test_a_walk_goes_to_what_follows_a_bar_nearby():
    """Bars of two kinds by turns: after one of a kind comes one of the other, wherever the walk is."""
    kind = np.arange(16 * 8) % 2
    mu = np.stack([10.0 * kind, np.random.default_rng(0).normal(size=len(kind))], -1).astype(np.float32)
    path = prior.walk(mu, 16, 8, np.random.default_rng(0))
    assert path[0] == 16 and kind[path].tolist() == [0, 1] * 4
    assert [bar % 4 for bar in path] == [0, 1, 2, 3] * 2, "as far in a phrase"
    assert len({bar // 16 for bar in path}) > 1, "through several songs"


def test_single_bars_of_noise_are_refused(space):
    with pytest.raises(CheckpointError, match="its latents are of single bars, .* give a melody, or a corpus"):
        space.generate(2)
    with pytest.raises(ValueError, match="give a melody, or a corpus .* not both"):
        space.generate(2, melody="song.mid", corpus="corpus")
    with pytest.raises(ValueError, match="songs must be 1 or more, and bars 1 to 1024, not"):
        space.generate(0)
