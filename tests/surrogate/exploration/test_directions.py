"""Directions: what they are found from, how far music goes along them, and what is measured."""

import numpy as np
import pytest

from musicvae_jax import checkpoint
from musicvae_jax.events import BASS, DRUMS, MELODY
from surrogate.corpus.errors import DatasetError
from surrogate.exploration import directions, traits
from surrogate.exploration.latent_space import LatentSpace
from tests.paths import DATA


def bar(melody=(), bass=(), drums=()):
    tokens = np.zeros((1, 16, 3), np.uint16)
    for track, own in ((MELODY, melody), (BASS, bass), (DRUMS, drums)):
        for step, token in own:
            tokens[0, step, track] = token
    return tokens


def trait(name, tokens):
    return traits.of_music(tokens)[0, traits.NAMES.index(name)]


def test_density_and_range_are_notes_a_bar_and_semitones():
    tokens = bar(melody=[(0, 40), (4, 47), (8, 1), (12, 45)], bass=[(0, 20)], drums=[(0, 3), (8, 1)])
    assert trait("melody_density", tokens) == 3 and trait("melody_range", tokens) == 7
    assert trait("bass_density", tokens) == 1 and trait("bass_range", tokens) == 0
    assert trait("drums_density", tokens) == 2
    assert trait("melody_density", np.concatenate([tokens, 0 * tokens], 1)) == 1.5


@pytest.mark.parametrize(
    ("steps", "syncopated"),
    [
        ((0, 4, 8, 12), 0),
        ((0, 2, 4, 6, 8), 0),
        ((0, 3, 6), 2),  # nothing comes on the second beat, nor on the third
        ((0, 3, 6, 8), 1),
        ((0, 2, 3), 1),  # of two notes before a beat only the last one goes on over it
        ((2,), 1),
        ((0,), 0),
        ((15,), 0),  # what comes after the end is not known
    ],
)
def test_syncopation_counts_notes_that_go_on_over_a_stronger_step(steps, syncopated):
    tokens = bar(melody=[(step, 40) for step in steps])
    assert trait("melody_syncopation", tokens) == syncopated


def test_the_fewest_strides_are_taken(monkeypatch):
    monkeypatch.setattr(directions, "STRIDES", (0.0, 1.0, 2.0, 4.0, 8.0, 16.0))
    changes = np.array([0, 0.2, 0.8, 0.7, 1.6, 1.0])
    assert directions._strides(changes, 0.5) == pytest.approx(1.5)
    assert directions._strides(changes, 0.8) == 2.0
    assert directions._strides(changes, 9.0) == 8.0, "as far as it goes"
    assert directions._strides(-changes, 1.0) == 0.0


def test_music_of_held_out_songs_becomes_denser_along_its_directions(bar_corpus, monkeypatch):
    monkeypatch.setattr(directions, "_TRIED", 3)
    monkeypatch.setattr(directions, "STRIDES", (0.0, 1.0, 2.0, 3.0, 4.0, 8.0))
    space = LatentSpace.load()
    found = space.attributes(bar_corpus)
    assert found.names == traits.NAMES and found.directions.shape == (8, 248)
    for name in ("melody_density", "bass_density", "drums_density"):
        place = traits.NAMES.index(name)
        down, up = found.reached[name]["down"][place], found.reached[name]["up"][place]
        assert down < -0.2 and up > 0.2, str(found)
    table = str(found).splitlines()
    assert len(table) == 9 and table[1].split()[0] == "melody_density"
    pieces = found.apply(DATA / "synth" / "synth_00.mid", {"melody_density": 1.5}, bars=8)
    _, reconstruction, denser = (piece[:, MELODY] for piece in pieces.tokens)
    assert (denser > 1).sum() > (reconstruction > 1).sum()
    assert pieces.labels == ("original", "reconstruction", "melody_density +1.5")
    with pytest.raises(ValueError, match="there is no attribute loudness, only melody_density"):
        found.move(np.zeros((1, 248), np.float32), {"loudness": 1})
    everything = found.move(np.zeros((1, 248), np.float32), {"density": 1})
    parts = [found.move(np.zeros((1, 248), np.float32), {f"{part}_density": 1}) for part in ("melody", "bass", "drums")]
    np.testing.assert_allclose(everything, sum(parts), atol=1e-5)


def test_models_of_windows_have_directions_of_windows(window_corpus, model_folder, monkeypatch):
    monkeypatch.setattr(directions, "LEAST", 8)
    monkeypatch.setattr(directions, "_TRIED", 1)
    monkeypatch.setattr(directions, "STRIDES", (0.0, 1.0))
    found = LatentSpace.load(model_folder).attributes(window_corpus)
    assert found.directions.shape == (8, 4) and found.changes.shape == (8, 2, 2)


def test_a_corpus_of_another_model_or_a_small_one_is_refused(bar_corpus, window_corpus, model_folder):
    with pytest.raises(checkpoint.CheckpointError, match="its latents have 4 numbers, those of trio_16bar_small 3968"):
        LatentSpace.load().attributes(window_corpus)
    with pytest.raises(DatasetError, match="all three parts play in [0-9]+ segments, of 100 that are needed"):
        LatentSpace.load(model_folder).attributes(window_corpus)
