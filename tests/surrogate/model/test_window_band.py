"""Whole songs from models of windows: alike where the melody is, in its key, the draw like the others first."""

import numpy as np
import pytest
from flax import nnx

import musicvae_jax
from musicvae_jax.events import FIRST_PITCH, NOTE_OFF
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from surrogate.model import choice, window_band, window_surrogate
from surrogate.model.band import ExampleSong, MelodyLine, Wishes
from surrogate.model.window_band import DRAWS, WindowBand
from tests import tiny
from tests.melodies import random_model

FLAT = MusicVAEConfig(4, "bidirectional", (6,), (), (6,))


def write(songs, *, vae=None, takes=1, seed=0, **changes):
    wishes = Wishes(takes=takes, seed=seed, bass_temperature=1.0, drum_temperature=1.0)
    return WindowBand(vae or tiny.vae(), tiny.surrogate(**changes)).write(songs, wishes)


def line(bars, seed=0):
    """Notes of C major on the beats, another melody for each seed."""
    tokens = np.zeros(16 * bars, np.uint16)
    degrees = np.random.default_rng(seed).integers(0, 7, 4 * bars)
    tokens[::4] = FIRST_PITCH + 39 + np.array([0, 2, 4, 5, 7, 9, 11])[degrees]
    return tokens


def song(tokens):
    return MelodyLine(tokens, 120.0)


@pytest.mark.parametrize("vae", [tiny.vae(), MusicVAE(FLAT, rngs=nnx.Rngs(0))], ids=["hierarchical", "flat"])
def test_takes_are_as_long_as_the_song_and_the_best_comes_first(vae):
    written = write([song(line(20)), song(line(3, 1))], vae=vae, takes=3, seed=5)
    assert [take.tokens.shape for take in written[0] + written[1]] == [(320, 2)] * 3 + [(48, 2)] * 3
    for takes in written:
        assert takes[0].rating >= takes[1].rating and takes[0].chords is None
        assert takes[0].tokens.dtype == np.uint16 and takes[0].tokens[:, 0].max() < 90
        assert takes[0].tokens[:, 1].max() < 512
        assert len({take.tokens.tobytes() for take in takes}) == 3


def test_what_is_written_for_a_song_does_not_depend_on_the_others_or_on_the_number_of_takes():
    songs = [song(line(20, i)) for i in range(3)]
    together = write(songs, takes=2, seed=3)
    for own, takes in zip(songs, together, strict=True):
        [alone], [[first]] = write([own], takes=2, seed=3), write([own], seed=3)
        for one, other in zip(takes, alone, strict=True):
            np.testing.assert_array_equal(one.tokens, other.tokens)
        np.testing.assert_array_equal(first.tokens, takes[0].tokens)
    assert (write(songs[:1], seed=4)[0][0].tokens != together[0][0].tokens).any()
    assert write([]) == []


def test_a_window_that_returns_is_played_as_before():
    melody = np.concatenate([line(16), line(16, 1), line(16)])
    [[take]] = write([song(melody)])
    first, other, again = take.tokens.reshape(3, 256, 2)
    np.testing.assert_array_equal(again[1:], first[1:])
    assert (other != first).any()


def test_takes_are_those_most_like_the_others_of_all_draws():
    [takes] = write([song(line(16))], takes=8, seed=2)
    tokens = np.stack([take.tokens for take in takes])
    assert len(takes) == DRAWS and len(np.unique(tokens.reshape(8, -1), axis=0)) == 8
    chosen, ratings = choice.ranked(tokens, 8)
    assert chosen.tolist() == list(range(8))
    np.testing.assert_allclose([take.rating for take in takes], ratings)


def test_models_in_c_write_in_the_melodys_key():
    """Transposed up a tone, a melody in C comes to the models as it was; the bass is a tone higher, drums the same."""
    tokens = line(16)
    [[in_c], [in_d]] = write([song(tokens), song(np.where(tokens > 1, tokens + 2, tokens))], in_c=True)
    np.testing.assert_array_equal(in_c.tokens[:, 1], in_d.tokens[:, 1])
    notes = in_c.tokens[:, 0] >= FIRST_PITCH
    np.testing.assert_array_equal(in_d.tokens[:, 0] >= FIRST_PITCH, notes)
    assert notes.any() and set(np.subtract(in_d.tokens[notes, 0], in_c.tokens[notes, 0], dtype=int)) <= {2, -10}
    [[as_it_is]] = write([song(np.where(tokens > 1, tokens + 2, tokens))])
    assert (as_it_is.tokens != in_d.tokens).any()


def test_a_key_that_is_told_has_the_last_word():
    tokens = line(16)
    up = np.where(tokens > 1, tokens + 2, tokens)
    [[found], [told], [told_in_c]] = write(
        [song(tokens), MelodyLine(tokens, 120.0, semitones=2), MelodyLine(up, 120.0, semitones=0)], in_c=True
    )
    np.testing.assert_array_equal(told.tokens[:, 1], told_in_c.tokens[:, 1])
    assert (told.tokens != found.tokens).any()


def test_it_is_silent_before_the_melody_and_where_there_is_none():
    melody = np.concatenate([np.zeros(32, np.uint16), line(4), np.zeros(256, np.uint16)])
    melody[32 + 64] = NOTE_OFF
    [[take], [silence]] = write([song(melody), song(np.zeros(64, np.uint16))])
    assert not take.tokens[:32].any() and take.tokens[32:96, 1].any() and not silence.tokens.any()


EXAMPLE = ExampleSong(np.zeros((16, 16, 3), np.uint16), np.zeros((16, 2, 2), int))


@pytest.mark.parametrize(
    "what, chords, wishes",
    [
        ("a density", None, Wishes(drum_density=1.0)),
        ("a density or a song to be like", None, Wishes(bass_density=-1.0, like=EXAMPLE)),
        ("chords", np.zeros((1, 2, 2), int), Wishes()),
    ],
)
def test_what_it_cannot_be_given_is_refused_in_a_line(what, chords, wishes):
    with pytest.raises(musicvae_jax.CheckpointError, match=f"cannot be given {what}; the default model can") as caught:
        WindowBand(tiny.vae(), tiny.surrogate()).write([MelodyLine(line(1), 120.0, chords=chords)], wishes)
    assert "\n" not in str(caught.value)


def test_a_temperature_is_that_of_its_part():
    def draws(temperature):
        wishes = Wishes(takes=DRAWS, bass_temperature=temperature)
        [takes] = WindowBand(tiny.vae(), tiny.surrogate()).write([song(line(16))], wishes)
        return [{take.tokens[:, part].tobytes() for take in takes} for part in (0, 1)]

    usual, safe, bold = draws(None), draws(0), draws(3)
    assert len(bold[0]) == DRAWS and not bold[0] & usual[0] and not usual[0] & safe[0]
    assert usual[1] == safe[1] == bold[1] == draws(window_band.TEMPERATURES[0])[1]
    assert draws(window_band.TEMPERATURES[0])[0] == usual[0]


def test_it_loads_with_a_surrogate_of_the_same_latent_alone(tmp_path):
    folder = random_model(tmp_path, in_c=True)
    vae = musicvae_jax.load(folder)
    loaded = window_band.load(folder, vae)
    assert loaded.in_c is True and loaded.vae is vae
    window_surrogate.save(folder, tiny.surrogate())
    with pytest.raises(musicvae_jax.CheckpointError, match="predicts 4 numbers a window, its MusicVAE has 8; train"):
        window_band.load(folder, vae)
