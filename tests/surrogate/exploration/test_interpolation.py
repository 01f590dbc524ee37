"""Ways between songs: arcs of latents, and pieces along them."""

import numpy as np
import pytest

from musicvae_jax import FileError
from musicvae_jax.events import MELODY
from surrogate.exploration import interpolation, songs
from surrogate.exploration.latent_space import LatentSpace
from tests import melodies, song_model
from tests.paths import DATA, EXAMPLES

A, B = EXAMPLES / "korobeiniki.mid", EXAMPLES / "ode_to_joy.mid"


def test_an_arc_keeps_lengths_and_ends_where_it_should():
    a, b = (np.random.default_rng(seed).normal(size=(5, 8)).astype(np.float32) for seed in (0, 1))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    np.testing.assert_allclose(interpolation.arc(a, b, 0), a, atol=1e-6)
    np.testing.assert_allclose(interpolation.arc(a, b, 1), b, atol=1e-6)
    middle = interpolation.arc(a, b, 0.5)
    np.testing.assert_allclose(np.linalg.norm(middle, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose((middle * a).sum(1), (middle * b).sum(1), atol=1e-6)


def test_what_two_bars_have_in_common_stays_on_the_way_and_opposites_are_no_trouble():
    rng = np.random.default_rng(0)
    common, a, b = (rng.normal(size=(3, 4)).astype(np.float32) for _ in range(3))
    ends = np.concatenate([common, a], 1), np.concatenate([common, b], 1)
    np.testing.assert_allclose(interpolation.arc(*ends, 0.4, parts=[4])[:, :4], common, atol=1e-6)
    assert np.isfinite(interpolation.arc(a, -a, 0.5)).all() and np.isfinite(interpolation.arc(0 * a, b, 0.5)).all()


def test_pieces_are_chosen_where_music_changes():
    way = np.zeros((65, 16, 3), np.uint16)
    for number in range(30, 38):  # eight changes, all in the middle
        way[number:, number - 30] += 1
    chosen = interpolation.evenly(way, 5)
    assert chosen[0] == 0 and chosen[-1] == 64 and all(29 <= place <= 37 for place in chosen[1:-1])
    gone = (way[chosen][1:] != way[chosen][:-1]).sum((1, 2))
    assert gone.tolist() == [6, 6, 6, 6]
    assert interpolation.evenly(0 * way, 4).tolist() == [0, 1, 2, 64] and len(interpolation.evenly(way, 65)) == 65


def test_songs_turn_into_each_other_bar_by_bar():
    """The embedded model: both ends are the songs themselves, the last in the first one's key and tempo."""
    pieces = LatentSpace.load().interpolate(A, B, steps=4, bars=8)
    assert len(pieces) == 4 and {piece.shape for piece in pieces.tokens} == {(128, 3)}
    first, last = songs.read(A), songs.read(B)
    shift = last.semitones_to_c - first.semitones_to_c
    for piece, song in ((pieces.tokens[0], first), (pieces.tokens[-1], last.transposed(shift))):
        assert (piece[:, MELODY] == song.tokens[:128, MELODY]).mean() > 0.97
    assert pieces.tempo == pytest.approx(first.tempo) and pieces.labels[0] == "0 % ode_to_joy"
    between = [(piece != pieces.tokens[0]).sum() for piece in pieces.tokens]
    assert between == sorted(between) and len(set(between)) == 4


@pytest.mark.parametrize("kind", ["bars", "windows"])
def test_models_of_bars_and_of_windows_both_give_whole_pieces(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(interpolation, "_TRIED", 3)
    folder = song_model.save(tmp_path) if kind == "bars" else melodies.random_model(tmp_path)
    space = LatentSpace.load(folder)
    assert space.span == {"bars": 1, "windows": 16}[kind]
    pieces = space.interpolate(A, B, steps=3, bars=4)
    assert {piece.shape for piece in pieces.tokens} == {(64, 3)}


def test_files_and_numbers_that_do_not_work_are_told_of(tmp_path):
    space = LatentSpace(song_model.vae(), song_model.save(tmp_path))
    with pytest.raises(FileError, match="greensleeves.mid: cannot be explored: no bar of 4/4"):
        space.interpolate(A, EXAMPLES / "greensleeves.mid")
    with pytest.raises(ValueError, match="steps must be 2 or more"):
        space.interpolate(A, B, steps=1)


def test_a_song_is_read_from_its_first_melody_on():
    song = songs.read(DATA / "synth" / "synth_00.mid")
    assert len(song.tokens) % 16 == 0 and (song.tokens[:16, MELODY] >= 2).any()
    assert songs.read(DATA / "synth" / "synth_00.mid").cut(2).tokens.shape == (32, 3)
