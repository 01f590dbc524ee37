"""Model folders: written, read back, refused in one line when they are not what they should be."""

import json
import os
import shutil
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from flax import nnx

import musicvae_jax
from musicvae_jax import carrying, checkpoint
from surrogate.model import window_surrogate


@pytest.fixture
def folder(tiny_vae, tmp_path):
    musicvae_jax.save(tmp_path / "model", tiny_vae, notes={"about": "a test"})
    return tmp_path / "model"


def test_a_model_comes_back_as_it_was(tiny_vae, folder):
    model = musicvae_jax.load(folder)
    assert model.config == tiny_vae.config
    saved, loaded = checkpoint.flat_params(tiny_vae), checkpoint.flat_params(model)
    assert saved.keys() == loaded.keys()
    assert all((saved[name] == loaded[name]).all() for name in saved)
    assert json.loads((folder / "config.json").read_text())["notes"] == {"about": "a test"}
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "params.safetensors"]
    assert (folder / "config.json").stat().st_mode == (folder / "params.safetensors").stat().st_mode


def test_a_folder_that_an_earlier_version_wrote_still_loads(tiny_vae, folder):
    params = {name: np.asarray(leaf, jnp.bfloat16) for name, leaf in checkpoint.flat_params(tiny_vae).items()}
    (folder / "params.safetensors").unlink()
    checkpoint.orbax_v1().save(folder / "params", params)
    loaded = checkpoint.flat_params(musicvae_jax.load(folder))
    for name, array in params.items():
        np.testing.assert_array_equal(loaded[name], array.astype(np.float32))


def test_sizes_that_earlier_versions_knew_are_no_matter_where_they_are_0(tiny_vae, folder):
    text = (folder / "config.json").read_text()
    saved = json.loads(text)
    for bar_size, loads in ((0, True), (2, False)):
        (folder / "config.json").write_text(json.dumps(saved | {"config": saved["config"] | {"bar_size": bar_size}}))
        if loads:
            assert musicvae_jax.load(folder).config == tiny_vae.config
        else:
            with pytest.raises(musicvae_jax.CheckpointError, match="not a model's config .*bar_size") as caught:
                musicvae_jax.load(folder)
            assert "\n" not in str(caught.value)


def test_parameters_are_written_in_the_order_of_their_indices(tmp_path, tiny_vae):
    params = {name: np.asarray(leaf, order="F") for name, leaf in checkpoint.flat_params(tiny_vae).items()}
    checkpoint.save_params(tmp_path / "model", params, kind="musicvae", config=tiny_vae.config)
    for name, leaf in checkpoint.flat_params(musicvae_jax.load(tmp_path / "model")).items():
        np.testing.assert_array_equal(leaf, params[name])


def test_what_cannot_be_written_is_told_in_one_line_and_leaves_the_model_as_it_was(folder, tiny_vae, monkeypatch):
    with pytest.raises(musicvae_jax.CheckpointError, match="cannot be written") as caught:
        musicvae_jax.save(folder / "config.json" / "model", tiny_vae)
    assert "\n" not in str(caught.value)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(*_):
        raise safetensors.SafetensorError("No space left on device")

    monkeypatch.setattr(safetensors.numpy, "save_file", fail)
    with pytest.raises(musicvae_jax.CheckpointError, match="No space left"):
        musicvae_jax.save(folder, tiny_vae)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_loading_the_default_imports_neither_orbax_nor_another_framework():
    code = (
        "import sys, musicvae_jax; musicvae_jax.load(encoder=False)\n"
        "print(sys.modules.keys() & {'orbax', 'tensorstore', 'torch', 'tensorflow'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_bfloat16_halves_it_and_comes_back_in_float32(tiny_vae, folder, tmp_path):
    musicvae_jax.save(tmp_path / "half", tiny_vae, dtype="bfloat16")
    loaded = checkpoint.flat_params(musicvae_jax.load(tmp_path / "half"))
    for name, leaf in checkpoint.flat_params(tiny_vae).items():
        assert loaded[name].dtype == np.float32
        np.testing.assert_allclose(loaded[name], leaf, rtol=0.01)

    sizes = [(path / "params.safetensors").stat().st_size for path in (tmp_path / "half", folder)]
    assert sizes[0] < 0.7 * sizes[1]


def test_a_decoder_alone_decodes_the_same(tiny_vae, folder):
    decoder = musicvae_jax.load(folder, encoder=False)
    assert not any("encoder" in name for name in checkpoint.flat_params(decoder))
    z = np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32)
    drawn = [model.decode(z, key=jax.random.key(0), temperature=1.0) for model in (decoder, tiny_vae)]
    np.testing.assert_array_equal(*drawn)
    with pytest.raises(ValueError, match="without its encoder"):
        decoder.encode(drawn[0])


def spoil_kind(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"kind": "surrogate"}))


def spoil_sizes(folder):
    config = json.loads((folder / "config.json").read_text())
    config["config"]["z_size"] += 1
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (shutil.rmtree, "neither a pretrained model"),
        (lambda folder: (folder / "config.json").write_text("{"), "not a model's config"),
        (spoil_kind, "not a MusicVAE"),
        (spoil_sizes, "parameters cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "not a model's config"),
        (lambda folder: (folder / "params.safetensors").unlink(), "cannot be read .*params.safetensors"),
        (lambda folder: os.truncate(folder / "params.safetensors", 1000), "parameters cannot be read"),
        (lambda folder: (folder / "params.safetensors").write_bytes(b"no"), "parameters cannot be read"),
    ],
)
def test_what_is_not_a_model_is_refused_in_one_line(folder, spoil, message):
    spoil(folder)
    with pytest.raises(musicvae_jax.CheckpointError, match=message) as caught:
        musicvae_jax.load(folder)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_the_work_folder_of_a_training_leads_to_its_model(folder):
    message = f"^{folder.parent}: is the work folder of a training; its model is {folder}$"
    with pytest.raises(musicvae_jax.CheckpointError, match=message):
        musicvae_jax.load(folder.parent)


def test_what_lies_in_a_models_folder_is_known(folder, tmp_path):
    for path in (folder, folder / "new" / "file.npz", folder / "x" / ".."):
        assert checkpoint.model_around(path) == folder
    (tmp_path / "link").symlink_to(folder)
    assert checkpoint.model_around(tmp_path / "link" / "new") == folder
    (folder / "params.safetensors").rename(folder / "params")  # where earlier versions kept them
    assert checkpoint.model_around(folder / "new") == folder
    assert checkpoint.model_around(folder.parent) is None and checkpoint.model_around(tmp_path / "nowhere") is None


def test_what_is_wrong_with_jax_is_not_taken_for_a_damaged_folder(folder, monkeypatch):
    def devices():
        raise RuntimeError("Unable to initialize backend 'nonsense'")

    monkeypatch.setattr(jax, "devices", devices)
    with pytest.raises(RuntimeError, match="backend 'nonsense'"):
        musicvae_jax.load(folder)


def test_a_surrogate_lives_in_its_models_folder(folder, tiny_vae):
    for part, config in (("surrogate", "window_transformer"), ("bilstm", "bilstm")):
        with pytest.raises(musicvae_jax.CheckpointError, match=f"no {part} yet; train one with configs/{config}.py$"):
            window_surrogate.load(folder, part=part)
    config = window_surrogate.WindowSurrogateConfig(z_size=8, width=16, layers=1, heads=2)
    encoder = window_surrogate.WindowSurrogate(config, rngs=nnx.Rngs(0))
    window_surrogate.save(folder, encoder)
    melody = np.random.default_rng(0).integers(0, 90, (3, 256))
    assert encoder.predict(melody).mean.shape == (3, 8)
    for got, wanted in zip(window_surrogate.load(folder).predict(melody), encoder.predict(melody), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_parts_join_with_cat_and_tar(folder, tmp_path):
    parts = carrying.cut(folder, tmp_path / "parts", part_bytes=10_000)
    assert len(parts) > 1 and all(part.stat().st_size <= 10_000 for part in parts)
    subprocess.run(f"cat {tmp_path}/parts/model.tar.* | tar x -C {tmp_path}/parts", shell=True, check=True)
    joined = musicvae_jax.load(tmp_path / "parts" / "model")
    original = musicvae_jax.load(folder)
    assert all(
        (a == b).all() for a, b in zip(*(checkpoint.flat_params(m).values() for m in (joined, original)), strict=True)
    )
