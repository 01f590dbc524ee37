"""Magenta's checkpoints: what they compute here against what Magenta computed from them."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import musicvae_jax
from musicvae_jax import decode, magenta
from tests.golden import LAYOUTS, folder_of, golden_of


@pytest.fixture(scope="module", params=LAYOUTS)
def pair(request, tmp_path_factory):
    """An imported model and Magenta's numbers."""
    output = tmp_path_factory.mktemp("models") / request.param
    magenta.import_checkpoint(folder_of(request.param), output)
    return musicvae_jax.load(output), golden_of(folder_of(request.param))


def whole(logits_TxNxV, segments):
    """Logits [B, T, V] from those that segments have as rows."""
    steps, rows, classes = logits_TxNxV.shape
    return np.swapaxes(logits_TxNxV, 0, 1).reshape(rows // segments, segments * steps, classes)


def test_encoder_is_magentas(pair):
    model, golden = pair
    tokens, lengths = jnp.asarray(golden["tokens"]), jnp.asarray(golden["len_enc"])
    assert (golden["len_enc"] < 256).any()  # a shorter or an empty sequence is among them
    np.testing.assert_allclose(model.encoder.features(tokens, lengths), golden["enc_out"], atol=1e-5)
    mu, sigma = model.encoder(tokens, lengths)
    np.testing.assert_allclose(mu, golden["mu"], atol=1e-5)
    np.testing.assert_allclose(sigma, golden["sigma"], atol=1e-5)
    if "seg_len" in golden:
        mu, sigma = model.encoder(tokens, jnp.asarray(golden["seg_len"]))
        np.testing.assert_allclose(mu, golden["mu_seg"], atol=1e-5)
        np.testing.assert_allclose(sigma, golden["sigma_seg"], atol=1e-5)


def test_an_empty_sequence_gives_the_biases(pair):
    model, golden = pair
    mu, sigma = model.encoder(jnp.asarray(golden["tokens"]), jnp.zeros(3, jnp.int32))
    if model.config.encoder == "bidirectional":
        np.testing.assert_array_equal(mu, np.tile(model.encoder.mu.bias[...], (3, 1)))
        np.testing.assert_allclose(sigma, np.tile(jax.nn.softplus(model.encoder.sigma.bias[...]), (3, 1)), atol=1e-7)
    else:  # the second level still reads 16 empty bars
        assert np.abs(mu - model.encoder.mu.bias[...][None]).max() > 1e-3


def test_decoder_is_magentas_under_teacher_forcing(pair):
    model, golden = pair
    tokens, z = jnp.asarray(golden["tokens"]), jnp.asarray(golden["z"])
    if "conductor_out" in golden:
        np.testing.assert_allclose(model.segments(z).swapaxes(0, 1), golden["conductor_out"], atol=1e-5)
    logits = [whole(np.asarray(x), model.config.segments) for x in model.track_logits(tokens, z).values()]
    np.testing.assert_allclose(np.concatenate(logits, -1)[:, golden["logit_steps"]], golden["tf_logits"], atol=1e-4)
    wanted = golden["tf_target_logit"] - golden["tf_logsumexp"]
    log_probs, _ = model.track_log_probs(tokens, z)
    # Of a row that ends early, only the steps before its end enter Magenta's loss.
    np.testing.assert_allclose(log_probs, wanted, atol=1e-4)
    inside = np.arange(256) < golden["len_dec"][:, None]
    loss = -(np.asarray(log_probs).sum(-1) * inside).sum(1)
    np.testing.assert_allclose(loss, golden["tf_r_loss"], rtol=1e-5)


@pytest.mark.parametrize("redo", [0, 8])
def test_greedy_tokens_are_magentas(pair, redo):
    model, golden = pair
    z, rows = jnp.asarray(golden["z"]), jnp.arange(3, dtype=jnp.uint32)
    tokens = jax.jit(lambda z: decode.sample(model, z, rows, jax.random.key(0), jnp.zeros(3), redo=redo))(z)
    assert tokens.shape == (3, 256, 3)
    np.testing.assert_array_equal(tokens, golden["greedy_tokens"])
    if not redo:
        np.testing.assert_array_equal(
            model.decode(golden["z"], key=jax.random.key(1), temperature=0), golden["greedy_tokens"]
        )


@pytest.mark.parametrize("pair", ["hierdec-trio", "hier-trio"], indirect=True)  # a flat decoder has no bars
def test_bars_written_together_are_those_of_the_loop(pair):
    model, golden = pair
    random = np.random.default_rng(3).normal(size=(5, model.config.z_size)).astype(np.float32)
    z, rows = jnp.concatenate([golden["z"], random]), jnp.arange(8, dtype=jnp.uint32)

    @functools.partial(jax.jit, static_argnames="redo")
    def sample(temperatures, redo):
        return decode.sample(model, z, rows, jax.random.key(5), temperatures, redo=redo)

    drawn = []
    for temperature in (0.0, 0.5, 1.0, 2.0):
        drawn.append(sample(jnp.full(3, temperature), redo=0))
        for redo in (3, 16):
            np.testing.assert_array_equal(sample(jnp.full(3, temperature), redo=redo), drawn[-1])
    assert all((x != y).mean() > 0.05 for x, y in itertools.pairwise(drawn))


def test_bfloat16_stays_close(pair, tmp_path):
    """mu, greedy tokens and log-likelihood of the small checkpoints; measured: 0.6 %, 91 %, 0.3 % or better."""
    exact, golden = pair
    musicvae_jax.save(tmp_path / "half", exact, dtype="bfloat16")
    half = musicvae_jax.load(tmp_path / "half", dtype="bfloat16")
    assert half.tracks[0].output.kernel[...].dtype == jnp.bfloat16
    mu = half.encode(golden["tokens"])[0]
    wanted = exact.encode(golden["tokens"])[0]
    relative = np.linalg.norm(mu - wanted) / np.linalg.norm(wanted)
    equal = (half.decode(golden["z"], key=jax.random.key(0), temperature=0) == golden["greedy_tokens"]).mean()
    change = half.log_prob(golden["tokens"], golden["z"]) / exact.log_prob(golden["tokens"], golden["z"]) - 1
    assert 0 < relative < 0.02
    assert equal > 0.8
    assert np.abs(change).max() < 0.01
