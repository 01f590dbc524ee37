"""The surrogate of windows: what it reads of a melody, what it refuses, and how it is kept."""

import jax
import numpy as np
import pytest
from flax import nnx

import musicvae_jax
from musicvae_jax import checkpoint
from musicvae_jax.events import FIRST_PITCH
from surrogate.model import bar_features, window_surrogate
from surrogate.model.window_surrogate import WindowSurrogate, WindowSurrogateConfig
from tests import tiny
from tests.arrays import random_tokens

BODIES = {"transformer": {}, "bilstm": dict(body="bilstm", layers=2)}


@pytest.fixture(params=BODIES)
def module(request):
    return tiny.surrogate(**BODIES[request.param])


@pytest.fixture(scope="module")
def melody():
    return random_tokens(0, 3)[..., 0]


def test_the_shipped_sizes_have_so_many_parameters():
    module = nnx.eval_shape(lambda: WindowSurrogate(WindowSurrogateConfig(512), rngs=nnx.Rngs(0)))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(module))) == 3_000_288


def test_it_predicts_any_number_of_windows(module, melody):
    mean, std = module.predict(melody)
    assert mean.shape == std.shape == (3, 4) and mean.dtype == np.float32
    assert (std > 0).all() and np.ptp(mean, axis=0).min() > 0
    for some in (
        module.predict(melody, batch_size=2),
        [np.concatenate(x) for x in zip(*map(module.predict, np.split(melody, 3)), strict=True)],
    ):
        np.testing.assert_allclose(some[0], mean, atol=1e-5)
        np.testing.assert_allclose(some[1], std, atol=1e-5)
    assert module.predict(melody[:0]).mean.shape == (0, 4)


def test_each_bars_melody_reaches_the_latent(module, melody):
    mean, _ = module.predict(melody[:1])
    for bar in range(16):
        changed = melody[:1].copy()
        changed[:, 16 * bar : 16 * bar + 16] = 0
        changed[:, 16 * bar] = FIRST_PITCH + 40
        assert np.abs(module.predict(changed).mean - mean).max() > 1e-6, bar


def test_bars_are_told_apart_without_any_attention():
    """The head reads the 16 bars side by side: where they change places the latent changes, too."""
    module = tiny.surrogate(layers=0)
    line = np.zeros((1, 256), np.int64)
    line[0, ::16] = FIRST_PITCH + 30 + np.arange(16)
    mean, _ = module.predict(line)
    swapped = line.copy()
    swapped[0, [0, 128]] = line[0, [128, 0]]
    assert np.abs(module.predict(swapped).mean - mean).max() > 1e-4


def test_the_melody_is_read_as_music_from_the_middle_of_a_song():
    batch = window_surrogate.with_features(tiny.batch_at(0) | {"mu": np.zeros((8, 4))})
    assert batch["mu"].shape == (8, 4) and batch["tokens"].shape == (8, 256, 3)
    np.testing.assert_array_equal(batch["line"], batch["tokens"][..., 0])
    for row, line in enumerate(batch["line"]):
        np.testing.assert_array_equal(batch["melody"][row], bar_features.melody_features(line))
        np.testing.assert_array_equal(batch["likeness"][row], bar_features.likeness(line))
    assert batch["is_bar"].all() and batch["is_bar"].shape == (8, 16)
    assert (batch["place"] == np.arange(16)).all()
    assert not any(batch[name].any() for name in ("edge", "tempo", "density"))


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(body="gru"), "body must be"),
        (dict(heads=3), "twice the heads must divide width"),
        (dict(heads=0), "more than 0"),
        (dict(body="bilstm", layers=0), "more than 0"),
    ],
)
def test_impossible_sizes_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        tiny.surrogate(**changes)


def test_it_comes_back_from_a_models_folder_as_it_was(module, melody, model_folder, tmp_path):
    checkpoint.save(tmp_path, musicvae_jax.load(model_folder))
    window_surrogate.save(tmp_path, module, part="other")
    loaded = window_surrogate.load(tmp_path, part="other")
    assert loaded.config == module.config
    for got, wanted in zip(loaded.predict(melody), module.predict(melody), strict=True):
        np.testing.assert_array_equal(got, wanted)
    with pytest.raises(musicvae_jax.CheckpointError, match="has no surrogate yet; train one with configs/window_tr"):
        window_surrogate.load(tmp_path)


def test_surrogates_of_earlier_versions_are_refused_in_a_line(module, model_folder, tmp_path):
    checkpoint.save(tmp_path, musicvae_jax.load(model_folder))
    checkpoint.save_module(tmp_path / "surrogate", module, kind="surrogate", config=module.config)
    with pytest.raises(musicvae_jax.CheckpointError, match="holds a surrogate, not a window_surrogate") as caught:
        window_surrogate.load(tmp_path)
    assert "\n" not in str(caught.value)
