"""Whatever writes a row gets each song as it is, and keeps its melody and length."""

import jax
import numpy as np
import pytest
from flax import nnx

from musicvae_jax import events
from musicvae_jax.bar_model import BarMusicVAE, BarMusicVAEConfig
from surrogate.corpus.dataset import DatasetError
from surrogate.evaluation import rows
from surrogate.evaluation.selection import Song, windows
from surrogate.reading import keys
from tests.surrogate.evaluation.bands import EchoBand


def songs(lengths, tunes=None):
    """Random songs of so many bars, in various keys."""
    rng, found = np.random.default_rng(0), []
    for number, bars in enumerate(lengths):
        tokens = np.where(rng.random((16 * bars, 3)) < 0.3, rng.choice(range(30, 50, 2), (16 * bars, 3)), 0)
        tokens = events.transpose(tokens.astype(np.uint16), number)
        shift = keys.semitones_to_c(tokens[:, 0])
        found.append(Song(tokens, rng.integers(0, 12, (bars, 2)), 100.0 + number, (tunes or range(9))[number], shift))
    return found


def kept(written, given):
    return all(
        a.dtype == np.uint16 and np.array_equal(a[:, 0], b.tokens[:, 0]) for a, b in zip(written, given, strict=True)
    )


def test_a_band_gets_all_songs_and_its_first_take_counts():
    given = songs([3, 17, 1, 40])
    band = EchoBand()
    written = rows.write(given, band=band, seed=5, seeds=2)
    assert list(written) == ["another song", "rule", "accompany", "human"]
    assert [call.seed for call in band.calls] == [5, 6]
    assert [line.tempo for line in band.calls[0].lines] == [102, 100, 101, 103]  # those of like length together
    for draw in written["accompany"]:
        assert kept(draw, given)
        for song, tokens in zip(given, draw, strict=True):
            np.testing.assert_array_equal(tokens[:, 1], song.tokens[:, 0])
    assert [len(draws) for draws in written.values()] == [1, 1, 2, 1]
    assert all(kept(draw, given) for draws in written.values() for draw in draws)


def test_many_songs_are_given_part_by_part():
    band = EchoBand()
    given = songs([1, 2] * 10, tunes=list(range(20)))
    assert kept(rows.of_band(band, given, seed=0), given) and [len(call.lines) for call in band.calls] == [16, 4]


def test_another_song_is_of_another_tune_and_all_can_come():
    given = songs([2, 2, 2, 2], tunes=[5, 3, 5, 9])
    found = set()
    for seed in range(30):
        for i, tokens in enumerate(rows.of_another_song(given, seed=seed)):
            source = [j for j, song in enumerate(given) if np.array_equal(song.tokens[:, 2], tokens[:, 2])]
            found.add((i, *source))
            pitch = events.held_pitches(events.transpose(tokens, given[i].shift)[:, 1]) % 12
            expected = events.held_pitches(events.transpose(given[source[0]].tokens, given[source[0]].shift)[:, 1]) % 12
            np.testing.assert_array_equal(pitch, expected)
    assert found == {(i, j) for i in range(4) for j in range(4) if given[i].tune != given[j].tune}
    with pytest.raises(DatasetError, match="one tune"):
        rows.of_another_song(songs([2, 2], tunes=[1, 1]), seed=0)
    assert "another song" not in rows.write(songs([2, 2], tunes=[1, 1]))


def test_neighbours_are_laid_end_to_end():
    given = songs([20, 5])
    training = np.concatenate([windows(song.tokens) for song in given])
    training[..., 1] = events.transpose(training, 0)[:, ::-1, 1]
    tokens, _ = rows.of_neighbours(given, training, np.array([7, 7, 7]))
    np.testing.assert_array_equal(tokens[:, 1:], training[:2].reshape(-1, 3)[: 20 * 16, 1:])
    assert kept(rows.of_neighbours(given, training, np.array([7, 7, 7])), given)


class Mirror:
    """A MusicVAE that gives back in C what it was given, an octave up."""

    def encode(self, tokens):
        for window in tokens:
            assert keys.semitones_to_c(window[:, 0]) == 0
        return tokens, None

    def decode(self, mu, *, key, temperature):
        assert temperature == 0
        return events.transpose(mu, 12)


def test_the_oracle_of_windows_hears_them_in_c():
    given = songs([16, 32, 7])
    written = rows.of_windows(Mirror(), given)
    assert kept(written, given)
    for song, tokens in zip(given, written, strict=True):
        np.testing.assert_array_equal(tokens[:, 1:], events.transpose(song.tokens, 12)[:, 1:])


@jax.numpy_rank_promotion("allow")
def test_the_oracle_of_bars_is_told_the_chords():
    vae = BarMusicVAE(BarMusicVAEConfig(4, 3, (3, 3), 8, 8, 4), rngs=nnx.Rngs(0))
    given = songs([3, 5])
    written = rows.write(given, vae=vae)["oracle"][0]
    assert kept(written, given)
    roots = np.concatenate([song.roots for song in given])
    mu, _ = vae.encode_bars(np.concatenate([song.tokens for song in given]).reshape(-1, 16, 3), roots)
    expected = vae.decode_bars(mu, roots, tracks=(1, 2)).reshape(-1, 2)
    np.testing.assert_array_equal(np.concatenate(written)[:, 1:], expected)
    other = [song._replace(roots=(song.roots + 5) % 12) for song in given]
    assert not np.array_equal(np.concatenate(rows.of_bars(vae, other))[:, 1:], expected)
