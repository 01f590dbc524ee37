"""Encoding, teacher forcing and sampling of a MusicVAE with random weights."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import musicvae_jax
from musicvae_jax import decode, elbo
from musicvae_jax.events import DEPTHS
from musicvae_jax.model import MusicVAE, MusicVAEConfig


@pytest.fixture(scope="module")
def tokens():
    rng = np.random.default_rng(0)
    return np.stack([rng.integers(0, depth, (3, 256)) for depth in DEPTHS], -1).astype(np.uint16)


@pytest.fixture(scope="module")
def z():
    return np.random.default_rng(1).normal(size=(3, 8)).astype(np.float32)


def test_the_default_sizes_are_magentas():
    model = nnx.eval_shape(lambda: MusicVAE(MusicVAEConfig(), rngs=nnx.Rngs(0)))
    parameters = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model)))
    conductor_input_rows = 4096  # one row of the conductor's kernel meets only zeros and is left out
    assert parameters == 230_975_156 - conductor_input_rows


def test_encode_gives_a_gaussian_and_takes_any_number_of_windows(tiny_vae, tokens):
    mu, sigma = tiny_vae.encode(tokens)
    assert mu.shape == sigma.shape == (3, 8) and mu.dtype == np.float32
    assert (sigma > 0).all() and np.ptp(mu, axis=0).min() > 0
    one_by_one = [tiny_vae.encode(row[None])[0] for row in tokens]
    np.testing.assert_allclose(mu, np.concatenate(one_by_one), atol=1e-6)
    np.testing.assert_allclose(mu, tiny_vae.encode(tokens, batch_size=2)[0], atol=1e-6)
    assert tiny_vae.encode(tokens[:0])[0].shape == (0, 8)


def test_empty_rows_are_as_magenta_has_them(tiny_vae, tokens):
    mu, _ = tiny_vae.encoder(jnp.asarray(tokens), jnp.array([256, 256, 0]))
    np.testing.assert_allclose(mu[:2], tiny_vae.encode(tokens[:2])[0], atol=1e-6)
    bias_only = np.allclose(mu[2], tiny_vae.encoder.mu.bias[...], atol=1e-7)
    # An empty row of a flat encoder is its bias; the second level of a hierarchical one still reads 16 empty bars.
    assert bias_only == (tiny_vae.config.encoder == "bidirectional")


def test_greedy_decoding_agrees_with_teacher_forcing(tiny_vae, z):
    tokens = tiny_vae.decode(z, key=jax.random.key(0), temperature=0)
    assert tokens.shape == (3, 256, 3) and tokens.dtype == np.uint16
    _, likeliest = tiny_vae.track_log_probs(jnp.asarray(tokens), jnp.asarray(z))
    assert likeliest.all()
    assert (tokens == tiny_vae.decode(z, key=jax.random.key(9), temperature=0)).all()


def test_log_prob_normalises(tiny_vae, z, tokens):
    """Over all values of the last melody token, everything else fixed, probabilities sum to one."""
    windows = np.repeat(tokens[:1], 90, axis=0)
    windows[:, -1, 0] = np.arange(90)
    log_prob = tiny_vae.log_prob(windows, np.repeat(z[:1], 90, axis=0))
    others, _ = tiny_vae.track_log_probs(jnp.asarray(windows[:1]), jnp.asarray(z[:1]))
    last = log_prob[:, 0] - float(others[0, :-1, 0].sum())
    assert np.exp(last).sum() == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(log_prob[:, 1:], np.repeat(log_prob[:1, 1:], 90, axis=0), atol=1e-3)


def test_a_token_moves_only_later_steps_of_its_own_track_up_to_the_next_bar(tiny_vae, z, tokens):
    changed = tokens.copy()
    changed[:, 20, 1] = (changed[:, 20, 1] + 1) % 90
    before, _ = tiny_vae.track_log_probs(jnp.asarray(tokens), jnp.asarray(z))
    after, _ = tiny_vae.track_log_probs(jnp.asarray(changed), jnp.asarray(z))
    moved = np.abs(np.asarray(before - after)).max(0) > 1e-7
    assert moved[20:32, 1].all()
    moved[20:32, 1] = False
    assert not moved.any()


def test_the_token_is_carried_over_the_bar_line(tiny_vae, z, tokens):
    changed = tokens.copy()
    changed[:, 31, 1] = (changed[:, 31, 1] + 1) % 90
    before, _ = tiny_vae.track_log_probs(jnp.asarray(tokens), jnp.asarray(z))
    after, _ = tiny_vae.track_log_probs(jnp.asarray(changed), jnp.asarray(z))
    assert (np.abs(before - after)[:, 32, 1] > 1e-7).all()


def test_some_tracks_are_what_they_are_among_all(tiny_vae, z, tokens):
    whole, _ = tiny_vae.track_log_probs(jnp.asarray(tokens), jnp.asarray(z))
    some, hits = tiny_vae.track_log_probs(jnp.asarray(tokens), jnp.asarray(z), (1, 2))
    np.testing.assert_allclose(some, whole[..., 1:], atol=1e-5)
    assert hits.shape == some.shape
    written = tiny_vae.decode(z, key=jax.random.key(0))
    np.testing.assert_array_equal(tiny_vae.decode(z, key=jax.random.key(0), tracks=(2, 0)), written[..., [2, 0]])


def test_sampling_depends_on_key_and_row_not_on_the_batch(tiny_vae, z):
    def sample(rows, seed=0, **options):
        return tiny_vae.decode(rows, key=jax.random.key(seed), temperature=1.0, **options)

    first = sample(z)
    assert (first == sample(z)).all()
    assert (first != sample(z, seed=1)).mean() > 0.3
    assert (first == sample(z, batch_size=2)).all()
    assert (first[:2] == sample(z[:2])).all()


def test_a_large_model_draws_the_same_alone_as_in_a_batch():
    """Of a model this large, a few windows are decoded all bars together, and more of them bar after bar."""
    model = MusicVAE(MusicVAEConfig(4, "hierarchical", (4, 4), (4,), (512,)), rngs=nnx.Rngs(0))
    assert decode.best_redo(1, 512) and decode.best_redo(4, 512) and not decode.best_redo(8, 512)
    z = np.random.default_rng(2).normal(size=(8, 4)).astype(np.float32)
    batch = model.decode(z, key=jax.random.key(0), temperature=1.0)
    for count in (1, 2, 4):
        np.testing.assert_array_equal(model.decode(z[:count], key=jax.random.key(0), temperature=1.0), batch[:count])


def test_sampling_follows_the_softmax(tiny_vae, z):
    """First melody token of 1,024 draws against softmax(logits / temperature): chi-square within 5 deviations."""
    draws, temperature = 1024, 0.5
    tokens = tiny_vae.decode(
        np.repeat(z[:1], draws, axis=0), key=jax.random.key(3), temperature=(temperature, 0, 0), batch_size=draws
    )
    counts = np.bincount(tokens[:, 0, 0], minlength=90)
    windows = np.zeros((90, 256, 3), np.uint16)
    windows[:, 0, 0] = np.arange(90)
    log_probs, _ = tiny_vae.track_log_probs(jnp.asarray(windows), jnp.asarray(np.repeat(z[:1], 90, axis=0)))
    scaled = np.asarray(log_probs)[:, 0, 0] / temperature
    expected = draws * np.exp(scaled) / np.exp(scaled).sum()
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert statistic < 89 + 5 * (2 * 89) ** 0.5
    assert (tokens[:, :, 1:] == tokens[:1, :, 1:]).all()  # the temperature is a track's own


@pytest.mark.parametrize("temperature", [-0.1, float("nan"), float("inf")])
def test_an_impossible_temperature_is_refused(tiny_vae, z, temperature):
    with pytest.raises(ValueError, match="temperature"):
        tiny_vae.decode(z, key=jax.random.key(0), temperature=temperature)


def test_impossible_configs_are_refused():
    with pytest.raises(ValueError, match="encoder"):
        MusicVAEConfig(encoder="transformer")
    with pytest.raises(ValueError, match="2 levels"):
        MusicVAEConfig(encoder="hierarchical", encoder_sizes=(8,))


def test_kl_is_that_of_gaussians():
    mu, sigma = jnp.array([[1.0, -2.0]]), jnp.array([[0.5, 2.0]])
    draws = mu + sigma * jax.random.normal(jax.random.key(0), (200_000, 2))
    log_q = -0.5 * ((draws - mu) / sigma) ** 2 - jnp.log(sigma)
    estimate = (log_q + 0.5 * draws**2).sum(1).mean()
    assert float(elbo.gaussian_kl(mu, sigma)[0]) == pytest.approx(float(estimate), rel=0.01)


def test_loss_adds_up(tiny_vae, tokens):
    value, m = elbo.loss(tiny_vae, jnp.asarray(tokens), jax.random.key(0), beta=0.2, free_bits=0)
    nats = m["melody_nats"] + m["bass_nats"] + m["drums_nats"]
    assert float(value) == pytest.approx(float(nats + 0.2 * m["kl"]), rel=1e-6)
    assert float(m["elbo"]) == pytest.approx(float(-nats - m["kl"]), rel=1e-6)
    free, _ = elbo.loss(tiny_vae, jnp.asarray(tokens), jax.random.key(0), beta=0.2, free_bits=1e6)
    assert float(free) == pytest.approx(float(nats), rel=1e-6)


def test_output_biases_start_at_the_frequencies(tokens):
    model = MusicVAE(MusicVAEConfig(4, "hierarchical", (4, 4), (4,), (4,)), rngs=nnx.Rngs(0))
    ones = np.ones_like(tokens)
    before = model.log_prob(ones, np.zeros((3, 4)))
    model.start_from_frequencies(ones)
    assert (model.log_prob(ones, np.zeros((3, 4))) > before / 10).all()


def test_reading_music_does_not_import_jax():
    code = "import sys, musicvae_jax; musicvae_jax.trio_windows; assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert musicvae_jax.trio_windows


def test_print_tells_of_a_model_in_five_lines(tiny_vae):
    lines = f"{tiny_vae}\n{tiny_vae!r}".splitlines()
    assert len(lines) == 10 and lines[:5] == lines[5:] and lines[0].startswith("MusicVAE: 16 bars")
    assert f"{tiny_vae.config.encoder} LSTM of 16 and 12" in lines[1] and "14 and 12" in lines[3]
    flat = MusicVAE(MusicVAEConfig(4, "bidirectional", (6,), (), (6,)), rngs=nnx.Rngs(0), encoder=False)
    assert [line.split()[1] for line in str(flat).splitlines()[1:4]] == ["left", "none", "1,"]
