"""Shared settings and models: silent mistakes are loud here."""

import os
import shutil

import jax
import ml_collections
import numpy as np
import pytest
from flax import nnx

import musicvae_jax
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from surrogate.configs import encode_corpus as corpus_config
from tests import melodies
from tests.paths import DATA

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_disable_most_optimizations", True)  # compiling is most of a small test's time


def _no_skip(report):
    """In CI every test runs: what a test lacks is to be installed."""
    if report.skipped and not hasattr(report, "wasxfail") and "CI" in os.environ:
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI: {report.longrepr[-1]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _no_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _no_skip((yield))


@pytest.fixture(scope="session", autouse=True)
def compile_cache(tmp_path_factory):
    """Keep what the tests compile out of the user's cache folder."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("xla")))


@pytest.fixture(scope="session")
def accompanist(tmp_path_factory):
    """A model folder with a small random MusicVAE and a surrogate for it."""
    return melodies.random_model(tmp_path_factory.mktemp("accompanist"))


SIZES = dict(z_size=8, conductor_sizes=(12, 10), decoder_sizes=(14, 12))
ENCODERS = {"bidirectional": (16, 12), "hierarchical": (16, 12)}


@pytest.fixture(scope="session", params=ENCODERS)
def tiny_vae(request):
    """A MusicVAE with random weights, in both layouts."""
    config = MusicVAEConfig(encoder=request.param, encoder_sizes=ENCODERS[request.param], **SIZES)
    model = MusicVAE(config, rngs=nnx.Rngs(0))
    for i, leaf in enumerate(jax.tree.leaves(nnx.state(model), is_leaf=lambda x: isinstance(x, nnx.Variable))):
        if leaf.ndim == 1:  # biases start at zero, which would hide mistakes with them
            leaf[...] = 0.2 * jax.random.normal(jax.random.key(i), leaf.shape)
    return model


@pytest.fixture(scope="session")
def window():
    """A function: (step, token) pairs of melody, bass and drums -> one trio window, uint16 [1, 256, 3]."""

    def window(melody=(), bass=(), drums=()):
        tokens = np.zeros((1, 256, 3), np.uint16)
        for column, events in enumerate((melody, bass, drums)):
            for step, token in events:
                tokens[0, step, column] = token
        return tokens

    return window


SYNTH = DATA / "synth"


@pytest.fixture(scope="session")
def songs(tmp_path_factory):
    """Eight synthetic songs, of which the first two are one tune, a file that is none, and a bad one."""
    folder = tmp_path_factory.mktemp("songs")
    golden = np.load(SYNTH / "golden.npz")
    names = [str(name) for name, n in zip(golden["files"], golden["n_per_file"], strict=True) if n > 4][:8]
    for i, name in enumerate(names):
        (folder / f"{i % 2}").mkdir(exist_ok=True)
        shutil.copy(next(SYNTH.rglob(name)), folder / f"{i % 2}" / f"song{i}.mid")
    (folder / "bad.mid").write_bytes(b"MThd, but no more")
    (folder / "notes.txt").write_text("not music")
    lines = ["file,tune_group", "0/song0.mid,a", "1/song1.mid,a", *(f"{i % 2}/song{i}.mid,{i}" for i in range(2, 8))]
    (folder / "tunes.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A tiny MusicVAE."""
    folder = tmp_path_factory.mktemp("model")
    model = MusicVAE(MusicVAEConfig(4, "hierarchical", (6, 6), (6,), (6,)), rngs=nnx.Rngs(0))
    musicvae_jax.save(folder, model)
    return folder


@pytest.fixture(scope="session")
def corpus_settings(songs, model_folder):
    """A function: output and changes -> the settings of a small encode_corpus."""

    def settings(output, **changes):
        small = dict(
            tunes=str(songs / "tunes.csv"), workers=1, checkpoint=str(model_folder), batch_size=8, shard_windows=16
        )
        small |= dict(input=str(songs), output=str(output), hop_bars=1, max_windows=9, validation_fraction=0.4)
        return ml_collections.ConfigDict(corpus_config.get_config().to_dict() | small | changes)

    return settings
