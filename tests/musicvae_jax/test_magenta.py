"""Magenta's checkpoints as model folders: what is read of them, what is refused, and in which words."""

import shutil
import subprocess
import sys
import tarfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tensorflow as tf

import musicvae_jax
from musicvae_jax import magenta
from musicvae_jax.model import MusicVAEConfig
from surrogate.commands import import_checkpoint
from tests.golden import BUNDLE, folder_of, golden_of


def test_a_checkpoint_with_optimizer_slots_gives_the_same_numbers(tmp_path):
    golden = golden_of(BUNDLE.parent)
    notes = magenta.import_checkpoint(BUNDLE, tmp_path / "model")["notes"]
    model = musicvae_jax.load(tmp_path / "model")
    mu, sigma = model.encoder(jnp.asarray(golden["tokens"]), jnp.asarray(golden["len_enc"]))
    np.testing.assert_allclose(mu, golden["mu"], atol=1e-5)
    np.testing.assert_allclose(sigma, golden["sigma"], atol=1e-5)
    np.testing.assert_array_equal(
        model.decode(golden["z"], key=jax.random.key(0), temperature=0), golden["greedy_tokens"]
    )
    assert notes["layout"] == "hierdec-trio" and notes["source"] == "bundle.tar"
    assert notes["sha256"] == {"bundle.tar": magenta.sha256(BUNDLE)}
    assert set(notes["versions"]) == {"jax", "flax", "safetensors", "tensorflow"}
    # A third of the 177,662 floats are the model's, the rest Adam's; the conductor's unused kernel row is left out.
    assert notes["parameters"] == (177_662 - 2) // 3 - 24


def test_a_folder_a_prefix_and_an_index_are_one_checkpoint(tmp_path):
    folder = folder_of("flat-trio")
    for name, source in (("a", folder), ("b", folder / "model.ckpt"), ("c", folder / "model.ckpt.index")):
        magenta.import_checkpoint(source, tmp_path / name)
    golden = golden_of(folder)
    models = [musicvae_jax.load(tmp_path / name) for name in "abc"]
    for model in models:
        np.testing.assert_array_equal(model.encode(golden["tokens"])[0], models[0].encode(golden["tokens"])[0])


def test_the_official_sizes_are_inferred():
    shapes = {name: shape for name, (shape, _) in magenta.placements(MusicVAEConfig()).items()}
    assert len(shapes) == 42
    assert sum(np.prod(shape) for shape in shapes.values()) == 230_975_156
    assert shapes["core_decoder/core_decoder_0/decoder/multi_rnn_cell/cell_0/lstm_cell/kernel"] == (2138, 4096)
    assert shapes["core_decoder/core_decoder_2/decoder/multi_rnn_cell/cell_0/lstm_cell/kernel"] == (2560, 4096)
    assert shapes["decoder/hierarchical_level_0/cell_0/lstm_cell/kernel"] == (1025, 4096)
    assert magenta.infer(shapes) == MusicVAEConfig()


@pytest.mark.parametrize(
    "config",
    [
        MusicVAEConfig(5, "bidirectional", (8, 4, 12), (4,), (8, 4, 4)),
        MusicVAEConfig(5, "hierarchical", (8, 4), (4, 12), (8,)),
        MusicVAEConfig(5, "hierarchical", ((8, 4), (4, 12)), (4, 12), (8,)),
        MusicVAEConfig(5, "bidirectional", (8,), (), (4, 8)),
    ],
)
def test_any_layer_sizes_are_inferred(config):
    shapes = {name: shape for name, (shape, _) in magenta.placements(config).items()}
    assert magenta.infer(shapes) == config


def write(path, variables):
    """Save variables as TensorFlow does."""
    names = list(variables)
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=names,
        shape_and_slices=[""] * len(names),
        tensors=[tf.constant(variables[name]) for name in names],
    )
    return path


@pytest.fixture(scope="module")
def variables():
    reader = tf.train.load_checkpoint(str(folder_of("hier-trio") / "model.ckpt"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


EXTRA = {
    "encoder/mu/kernel/Adam": np.ones(3, np.float32),
    "encoder/mu/kernel/Adam_1": np.ones(3, np.float32),
    "beta1_power": np.float32(0.9),
    "encoder/cudnn_lstm/opaque_kernel": np.ones(7, np.float32),
    "encoder/cudnn_lstm/opaque_kernel/Adam": np.ones(7, np.float32),
    "somebody/elses": np.array(["text"]),
}


def test_what_a_model_has_no_place_for_is_skipped(variables, tmp_path):
    prefix = write(tmp_path / "model.ckpt", variables | EXTRA)
    magenta.import_checkpoint(prefix, tmp_path / "model")
    golden = golden_of(folder_of("hier-trio"))
    mu, _ = musicvae_jax.load(tmp_path / "model").encoder(jnp.asarray(golden["tokens"]), jnp.asarray(golden["len_enc"]))
    np.testing.assert_allclose(mu, golden["mu"], atol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        "encoder/mu/kernel",
        "encoder/sigma/bias",
        "encoder/hierarchical_level_1/cell_0/bidirectional_rnn/bw/multi_rnn_cell/cell_0/lstm_cell/bias",
        "decoder/hierarchical_level_0/cell_1/lstm_cell/kernel",
        "decoder/hierarchical_level_0/initial_state/kernel",
        "core_decoder/core_decoder_1/decoder/output_projection/bias",
        "core_decoder/core_decoder_2/decoder/multi_rnn_cell/cell_0/lstm_cell/kernel",
    ],
)
def test_a_missing_or_misshaped_variable_is_named(variables, name):
    shapes = {key: value.shape for key, value in variables.items()}
    without = {key: shape for key, shape in shapes.items() if key != name}
    with pytest.raises(musicvae_jax.CheckpointError, match=f"{name} is missing"):
        magenta.check(without, magenta.placements(magenta.infer(without)))
    bent = shapes | {name: (*shapes[name][:-1], shapes[name][-1] + 4)}
    with pytest.raises(musicvae_jax.CheckpointError, match="shape") as caught:
        magenta.check(bent, magenta.placements(magenta.infer(bent)))
    assert name in str(caught.value)


def cut(path, fraction=0.6):
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * fraction)])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def only_melody(path):
    for file in path.glob("model.ckpt*"):
        file.unlink()
    write(path / "model.ckpt", {"core_decoder/decoder/output_projection/bias": np.zeros(90, np.float32)})


def no_variables(path):
    write(path / "model.ckpt", {"global_step": np.int64(3)})


def no_index(path):
    (path / "model.ckpt.index").unlink()
    (path / "checkpoint").unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: cut(path / "model.ckpt.data-00000-of-00001"), "cannot be read"),
        (lambda path: flip(path / "model.ckpt.data-00000-of-00001"), "cannot be read"),
        (lambda path: cut(path / "model.ckpt.index"), "cannot be read"),
        (lambda path: (path / "model.ckpt.data-00000-of-00001").unlink(), "cannot be read"),
        (no_index, "holds no checkpoint"),
        (shutil.rmtree, "neither a .tar nor a folder nor a checkpoint prefix"),
        (only_melody, "not a trio MusicVAE"),
        (no_variables, "not a trio MusicVAE"),
    ],
)
def test_a_damaged_checkpoint_is_refused_in_one_line_and_nothing_is_written(tmp_path, capsys, spoil, message):
    source = tmp_path / "checkpoint"
    shutil.copytree(folder_of("hierdec-trio"), source)
    spoil(source)
    before = sorted(tmp_path.iterdir())
    assert import_checkpoint.main([f"--input={source}", f"--output={tmp_path}/model"]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("import_checkpoint: ") and message in error and str(source) in error
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("fraction", [0.95, 0.5, 0.001])
def test_a_cut_tar_is_refused(tmp_path, capsys, fraction):
    shutil.copy(BUNDLE, tmp_path / "bundle.tar")
    cut(tmp_path / "bundle.tar", fraction)
    assert import_checkpoint.main([f"--input={tmp_path}/bundle.tar", f"--output={tmp_path}/model"]) == 2
    assert "bundle.tar: " in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.tar"]


def test_a_tar_without_a_checkpoint_is_refused(tmp_path):
    (tmp_path / "note.txt").write_text("hello")
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        tar.add(tmp_path / "note.txt", arcname="note.txt")
    with pytest.raises(musicvae_jax.CheckpointError, match=r"x.tar: holds no checkpoint"):
        magenta.import_checkpoint(tmp_path / "x.tar", tmp_path / "model")


@pytest.mark.parametrize("inside", ["", "../../", "..\\..\\", "C:\\somewhere/", "C:"])
def test_a_tar_is_unpacked_into_the_workspace_whatever_folders_its_names_tell(tmp_path, inside):
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for path in folder_of("hier-trio").glob("model.ckpt.*"):
            tar.add(path, arcname=f"{inside}{path.name}")
    workspace = tmp_path / "a" / "b"
    workspace.mkdir(parents=True)
    assert magenta.find(tmp_path / "x.tar", workspace) == workspace / "model.ckpt"
    unpacked = sorted(path.relative_to(workspace).as_posix() for path in tmp_path.rglob("*model.ckpt*"))
    assert unpacked == ["model.ckpt.data-00000-of-00001", "model.ckpt.index"]
    magenta.read(workspace / "model.ckpt")


def test_an_existing_folder_is_not_replaced(tmp_path, capsys):
    (tmp_path / "model").mkdir()
    assert import_checkpoint.main([f"--input={BUNDLE}", f"--output={tmp_path}/model"]) == 2
    assert "already there" in capsys.readouterr().err


def test_without_tensorflow_the_extra_is_named(tmp_path):
    code = (
        "import sys; sys.modules['tensorflow'] = None\n"
        f"from scripts import import_checkpoint as s; sys.exit(s.main(['--input={BUNDLE}', '--output={tmp_path}/m']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "import_checkpoint: reading Magenta's checkpoints needs TensorFlow: pip install '.[magenta]'"
    )


def test_only_this_room_imports_tensorflow():
    code = "import sys, musicvae_jax.magenta, surrogate; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_script_tells_what_it_wrote(tmp_path, capsys):
    assert import_checkpoint.main([f"--input={BUNDLE}", f"--output={tmp_path}/model", "--dtype=bfloat16"]) == 0
    line = capsys.readouterr().out.strip()
    assert "hierdec-trio" in line and "bfloat16" in line and magenta.sha256(BUNDLE) in line
    with pytest.raises(SystemExit) as caught:
        import_checkpoint.main(["--output=x", "--dtype=int8"])
    assert caught.value.code == 2
