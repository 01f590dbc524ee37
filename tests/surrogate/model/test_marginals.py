"""Marginals: what a melody alone tells of bass and drums, step by step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import musicvae_jax
from musicvae_jax.events import BASS, CLOSED_HAT, DRUMS, KICK
from surrogate.accompaniment.models import load_models
from surrogate.commands import train
from surrogate.configs import marginals as marginals_config
from surrogate.corpus import encoding_job
from surrogate.model import marginals
from surrogate.model.marginals import Marginals, MarginalsConfig

C2, G2 = 36 - 21 + 2, 43 - 21 + 2  # tokens
SMALL = dict(patch=4, width=16, layers=1, heads=2)


@pytest.fixture
def module():
    return Marginals(MarginalsConfig(**SMALL), rngs=nnx.Rngs(0))


@pytest.fixture(scope="module")
def lines():
    return np.random.default_rng(0).integers(0, 90, (3, 256)).astype(np.uint16)


def test_features_are_onsets_sounding_pitch_classes_and_hits(window):
    tokens = window(melody=[(0, 50)], bass=[(2, C2), (4, G2), (6, 1)], drums=[(1, KICK | CLOSED_HAT)])
    bass, drums = (np.asarray(x)[0] for x in marginals.features(jnp.asarray(tokens)))
    assert bass.shape == (256, 13) and drums.shape == (256, 9)
    assert np.flatnonzero(bass[:, 0]).tolist() == [2, 4]
    assert np.argwhere(bass[:, 1:]).tolist() == [[2, 0], [3, 0], [4, 7], [5, 7]]
    assert np.argwhere(drums).tolist() == [[1, 0], [1, 2]]


def test_without_a_melody_they_know_the_frequencies(module, window):
    tokens = window(bass=[(0, C2), (64, G2)], drums=[(step, KICK) for step in range(0, 256, 4)])
    module.start_from_frequencies(tokens)
    onset, pitch_class, hits = marginals.log_probs(module.frequencies[...])
    np.testing.assert_allclose(jax.nn.sigmoid(onset), 2 / 256, rtol=1e-3)
    np.testing.assert_allclose(jnp.exp(pitch_class)[jnp.array([0, 7])], [0.25, 0.75], rtol=1e-3)
    np.testing.assert_allclose(jax.nn.sigmoid(hits)[:2], [0.25, 0], atol=1e-4)


def test_evidence_is_what_the_melody_changes(module, lines, window):
    module.start_from_frequencies(window(bass=[(0, C2), (64, G2)], drums=[(0, KICK)]))
    evidence = module.evidence(lines, batch_size=2)
    assert evidence[BASS].shape == (3, 256, 13) and evidence[DRUMS].shape == (3, 256, 9)
    assert all(np.abs(each).max() > 0.1 for each in evidence.values())
    known = np.exp(marginals.log_probs(module.frequencies[...])[1])
    np.testing.assert_allclose((known * np.exp(evidence[BASS][..., 1:])).sum(-1), 1, rtol=1e-4)
    of_drums = np.asarray(module(lines))[..., 13:] - np.asarray(module.frequencies)[13:]
    np.testing.assert_allclose(evidence[DRUMS], of_drums, rtol=1e-4, atol=1e-5)
    module.head.kernel[...] *= 0
    for each in module.evidence(lines).values():
        np.testing.assert_allclose(each, 0, atol=1e-5)


def test_the_loss_is_the_entropy_of_what_is_not_known(module, window):
    module.head.kernel[...] *= 0
    tokens = window(bass=[(0, C2), (128, 1)], drums=[(0, KICK)])
    value, metrics = marginals.loss(module, {"tokens": tokens}, None)
    assert metrics["onsets"] == pytest.approx(256 * np.log(2), rel=1e-5)
    assert metrics["pitch_classes"] == pytest.approx(128 * np.log(12), rel=1e-5)
    assert metrics["drums"] == pytest.approx(9 * 256 * np.log(2), rel=1e-5)
    assert value == pytest.approx(sum(float(metrics[name]) for name in ("onsets", "pitch_classes", "drums")), rel=1e-5)
    gradient = nnx.grad(lambda module: marginals.loss(module, {"tokens": tokens}, None)[0])(module)
    assert not gradient["frequencies"][...].any() and gradient["head"]["bias"][...].any()


def test_they_are_trained_and_kept_beside_the_surrogate(corpus_settings, accompanist, tmp_path, lines):
    pack = tmp_path / "pack.npz"
    encoding_job.run(corpus_settings(pack))
    config = marginals_config.get_config()
    config.update(data=str(pack), workdir=str(tmp_path), checkpoint=accompanist, model=SMALL)
    config.update(steps=8, warmup_steps=2, batch_size=4, evaluate_windows=4)
    train.run(config)
    kept = marginals.load(tmp_path / "model")
    assert kept.config == MarginalsConfig(**SMALL) and marginals.load(accompanist) is None
    assert load_models(tmp_path / "model").marginals is not None
    assert np.abs(kept.evidence(lines)[BASS]).max() > 0
    marginals.save(tmp_path / "model", Marginals(MarginalsConfig(**SMALL, in_c=True), rngs=nnx.Rngs(0)))
    with pytest.raises(musicvae_jax.CheckpointError, match="one in any key"):
        load_models(tmp_path / "model")


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="patch must divide 16"):
        MarginalsConfig(patch=3)
