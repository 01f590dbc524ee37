"""How much of a song its latents hold."""

import numpy as np
import pytest

from musicvae_jax import events
from surrogate.corpus.errors import DatasetError
from surrogate.exploration import reconstruction
from surrogate.exploration.latent_space import LatentSpace
from surrogate.reading import keys
from tests import melodies
from tests.paths import DATA, EXAMPLES


def test_the_embedded_models_means_hold_every_track():
    """0.95 of the onsets of each track: songs of people's, and random ones, whose notes are harder."""
    space = LatentSpace.load()
    tune = space.reconstruct(EXAMPLES / "korobeiniki.mid")
    assert tune.scores["melody"]["onset_f1"] > 0.99 and tune.scores["melody"]["note_f1"] > 0.95
    assert np.isnan(tune.scores["bass"]["onset_f1"]) and tune.pieces.labels == ("original", "reconstruction")
    band = space.reconstruct(DATA / "synth" / "synth_00.mid")
    assert all(values["onset_f1"] > 0.95 for values in band.scores.values()), str(band)
    assert [line.split()[0] for line in str(band).splitlines()] == ["track", "melody", "bass", "drums"]


def test_models_of_windows_are_asked_in_the_keys_that_they_know(tmp_path, monkeypatch):
    asked = []
    for in_c in (False, True):
        space = LatentSpace.load(melodies.random_model(tmp_path / str(in_c), in_c=in_c))
        assert space.in_c is in_c
        monkeypatch.setattr(space, "encode", lambda tokens: asked.append(tokens) or (np.zeros((1, 8)), None))
        monkeypatch.setattr(space, "decode", lambda z: asked[-1])
        found = space.reconstruct(DATA / "synth" / "synth_00.mid")
        assert found.scores["melody"]["accuracy"] == 1 and found.songs == 1
    shift = keys.semitones_to_c(asked[0][:, 0])
    assert shift != 0
    np.testing.assert_array_equal(asked[1], events.transpose(asked[0], shift))


def test_scores_count_what_they_say():
    real, made = np.zeros((2, 16, 3), np.uint16)
    real[[0, 4, 8], 0] = 40
    made[[0, 4, 9], 0] = 40, 41, 40
    real[0, 2], made[0, 2] = 0b101, 0b001
    scores = reconstruction._scores([(real, made)])
    assert scores["melody"] == pytest.approx({"accuracy": 13 / 16, "onset_f1": 4 / 6, "note_f1": 2 / 6})
    assert scores["drums"] == pytest.approx({"accuracy": 15 / 16, "onset_f1": 2 / 3, "note_f1": 2 / 3})


def test_what_is_no_pack_is_told_of(tmp_path):
    (tmp_path / "pack.npz").write_bytes(b"no pack")
    with pytest.raises(DatasetError, match=r"pack.npz: not a pack of whole songs"):
        LatentSpace.load().reconstruct(tmp_path / "pack.npz")
