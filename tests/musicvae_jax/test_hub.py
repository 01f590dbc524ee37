"""Models pushed to and loaded from a stand-in of the Hugging Face hub on this machine; never the network."""

import json

import numpy as np
import pytest
from huggingface_hub import constants

import musicvae_jax
from musicvae_jax import checkpoint, hub
from musicvae_jax.checkpoint import CheckpointError
from surrogate.model import bands, song_band, window_band
from tests import hub_service, melodies, song_model


@pytest.fixture
def service(tmp_path, monkeypatch):
    """The stand-in; what is fetched goes into a folder of the test's own."""
    with hub_service.running() as (service, address):
        monkeypatch.setenv("HF_ENDPOINT", address)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "none"))
        monkeypatch.setenv("HF_TOKEN", "a-token")
        hub.fetch.cache_clear()
        yield service
        hub.fetch.cache_clear()


def same(one, other):
    one, other = checkpoint.flat_params(one), checkpoint.flat_params(other)
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_pushed_model_is_loaded_again_with_its_surrogate_and_card(service, tmp_path):
    folder = song_model.save(tmp_path / "model")
    (tmp_path / "model" / "notes.txt").write_text("stays here")
    address = musicvae_jax.push(folder, "ada/trio", license="apache-2.0", private=True)
    made = service.created["ada/trio"]
    assert "/ada/trio/commit/" in address and (made.get("visibility") == "private" or made.get("private") is True)
    files = service.commits[service.branches["ada/trio"]["main"]]
    assert set(files) == {
        "README.md", "config.json", "params.safetensors", "surrogate/config.json", "surrogate/params.safetensors",
    }  # fmt: skip
    card = files["README.md"].decode()
    assert card.startswith("---\n") and "license: apache-2.0" in card and "library_name: musicvae-jax" in card
    assert "- bar-musicvae" in card and "# ada/trio" in card
    assert json.loads(files["config.json"])["kind"] == "bar_musicvae"
    assert same(musicvae_jax.load("hf:ada/trio"), song_model.vae())
    assert isinstance(bands.load("hf:ada/trio"), song_band.SongBand)
    assert same(song_band.load_surrogate("hf:ada/trio"), song_model.surrogate())
    asked = [path for _, path in service.asked if "/revision/" in path]
    assert len(asked) == 1, "the service is asked once for a name"


def test_a_model_of_windows_and_its_surrogate_go_the_same_way_and_revisions_are_apart(service, tmp_path):
    first = melodies.random_model(tmp_path / "first")
    second = song_model.save(tmp_path / "second")
    (tmp_path / "first" / "README.md").write_text("# My own card\n")
    musicvae_jax.push(first, "hf:ada/trio@windows")
    musicvae_jax.push(second, "ada/trio")
    assert isinstance(bands.load("hf:ada/trio@windows"), window_band.WindowBand)
    assert same(musicvae_jax.load("hf:ada/trio@windows"), musicvae_jax.load(first))
    assert isinstance(musicvae_jax.load("hf:ada/trio"), musicvae_jax.BarMusicVAE)
    card = service.commits[service.branches["ada/trio"]["windows"]]["README.md"].decode()
    assert card.endswith("# My own card\n") and "- musicvae\n" in card and "license" not in card
    assert (tmp_path / "first" / "README.md").read_text() == "# My own card\n"


@pytest.mark.parametrize("name", ["hf:trio", "hf:a/b/c", "hf:/trio", "hf:ada/trio@"])
def test_a_name_that_is_none_is_told_of(name):
    with pytest.raises(CheckpointError, match=r"named as in hf:owner/name or hf:owner/name@revision"):
        musicvae_jax.load(name)


def test_what_is_not_there_or_cannot_be_reached_ends_in_one_line(service, tmp_path, monkeypatch):
    with pytest.raises(CheckpointError, match="^hf:ada/none: cannot be fetched from http://127.0.0.1") as caught:
        musicvae_jax.load("hf:ada/none")
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match="ada/none: cannot be pushed to .*404 Client Error"):
        monkeypatch.setattr(service, "create", lambda request: None)
        musicvae_jax.push(song_model.save(tmp_path / "model"), "ada/none")
    with pytest.raises(CheckpointError, match="nowhere: neither a pretrained model"):
        musicvae_jax.push(tmp_path / "nowhere", "ada/trio")


def test_without_the_extra_the_way_to_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(CheckpointError, match=r"hf:ada/trio-2: needs huggingface_hub; pip install '\.\[hub\]'"):
        musicvae_jax.load("hf:ada/trio-2")
    with pytest.raises(CheckpointError, match="needs huggingface_hub"):
        musicvae_jax.push("trio_16bar_small", "ada/trio")
