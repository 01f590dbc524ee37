"""Data and models that do not belong together are told in a line, before anything is trained."""

import shutil

import numpy as np
import pytest
from flax import nnx

import musicvae_jax
from musicvae_jax import checkpoint
from musicvae_jax.model import MusicVAE
from surrogate.configs import encode_corpus
from surrogate.model import compatibility
from tests import tiny
from tests.melodies import random_model


class Corpus:
    """As much of a Dataset as is looked at."""

    def __init__(self, manifest=None, *, z_size=4, encoded=True):
        self.manifest, self.encoded, self.z_size = manifest or {}, encoded, z_size

    def __getitem__(self, index):
        return {"mu": np.zeros(self.z_size, np.float32)}


def check(data, folder):
    return compatibility.check_latents(data, "corpus", folder, 4, compatibility.fingerprint(folder, data))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("saved", ["float32", "bfloat16"])
def test_a_model_is_known_by_the_fingerprint_that_encoding_noted(tmp_path, dtype, saved):
    checkpoint.save(tmp_path, tiny.vae(), dtype=saved)
    encoding = checkpoint.load(tmp_path, dtype=dtype)  # as the encoding job loads it
    manifest = {"model": checkpoint.fingerprint(encoding), "config": {"dtype": dtype}}
    assert check(Corpus(manifest), tmp_path) == []


def test_latents_of_other_models_are_refused(model_folder, tmp_path):
    other = MusicVAE(tiny.vae().config, rngs=nnx.Rngs(1))
    checkpoint.save(tmp_path, other)
    manifest = {"model": checkpoint.fingerprint(other)}
    with pytest.raises(musicvae_jax.CheckpointError, match=f"of another model than .*checkpoint={model_folder}"):
        check(Corpus(manifest), model_folder)
    with pytest.raises(musicvae_jax.CheckpointError, match="its latents have 8 numbers, those of .* 4; encode it"):
        check(Corpus(manifest, z_size=8), model_folder)
    with pytest.raises(musicvae_jax.CheckpointError, match="holds no latents"):
        check(Corpus(encoded=False), model_folder)


def test_latents_that_nothing_tells_of_are_trusted_with_a_warning(model_folder):
    [warning] = check(Corpus(), model_folder)
    assert "does not tell whose latents" in warning


def test_a_model_tells_whether_its_songs_are_in_c(model_folder, tmp_path):
    assert compatibility.model_in_c(checkpoint.DEFAULT) is None, "it reads songs in any key"
    assert compatibility.model_in_c(model_folder) is None
    folder = random_model(tmp_path / "pair", in_c=True)
    assert compatibility.model_in_c(folder) is True
    shutil.move(tmp_path / "pair" / "surrogate", tmp_path / "pair" / "bilstm")
    assert compatibility.model_in_c(folder) is True
    checkpoint.save(folder, tiny.vae(), notes={"data": {"in_c": False}})
    assert compatibility.model_in_c(folder) is False


def test_songs_in_c_and_in_their_own_keys_do_not_go_together():
    assert compatibility.agree_on_c({"a": None, "b": True, "c": True}) is True
    assert compatibility.agree_on_c({"a": None}) is None
    with pytest.raises(musicvae_jax.CheckpointError, match="corpus: in their own keys, model: in C"):
        compatibility.agree_on_c({"corpus": False, "model": True, "model.in_c": None})


def test_songs_are_encoded_as_the_model_knows_them(tmp_path):
    config = encode_corpus.get_config()
    config.update(input="songs", output="corpus")
    assert compatibility.encoding_in_c(config) is False
    config.checkpoint = random_model(tmp_path / "in_c", in_c=True)
    assert compatibility.encoding_in_c(config) is True
    with pytest.raises(musicvae_jax.CheckpointError, match="songs.npz: in their own keys, .*in_c: in C"):
        config.input = "songs.npz"
        compatibility.encoding_in_c(config, Corpus({"config": {"in_c": False}}))
    config.output = "pack.npz"
    assert compatibility.encoding_in_c(config) is False, "a pack is not for one model"
    config.in_c = True
    assert compatibility.encoding_in_c(config) is True
