"""The MusicVAE with a latent for each bar: shapes, chords, likelihoods, codes, folders."""

import dataclasses

import jax
import numpy as np
import pytest
from flax import nnx

import musicvae_jax
from musicvae_jax import bar_decoder, bar_model, beats, checkpoint, codebook
from musicvae_jax.bar_model import BarMusicVAE, BarMusicVAEConfig
from musicvae_jax.events import BASS, DRUMS, KICK, MELODY
from tests.bars import random_bars

SIZES = BarMusicVAEConfig(pattern_size=3, first_size=2, drum_sizes=(3, 2), width=16, decoder_size=8, codes=8)


@pytest.fixture(scope="module")
def model():
    return BarMusicVAE(SIZES, rngs=nnx.Rngs(0))


@pytest.fixture(scope="module")
def filled():
    """One whose codebooks hold what is in 40 bars."""
    model = BarMusicVAE(SIZES, rngs=nnx.Rngs(0))
    codebook.fill(model, *random_bars(40))
    return model


def test_a_song_is_a_sequence_of_latents(model):
    bars, roots = random_bars(5)
    mu, sigma = model.encode_bars(bars, roots)
    assert mu.shape == sigma.shape == (5, SIZES.bar_size) and mu.dtype == np.float32 and (sigma > 0).all()
    assert model.decode_bars(mu, roots).shape == (5, 16, 3)
    assert model.decode_bars(mu, roots, tracks=(BASS, DRUMS)).dtype == np.uint16
    alone, _ = model.encode_bars(bars[2:3], roots[2:3])
    np.testing.assert_allclose(alone, mu[2:3], rtol=1e-5, atol=1e-6)


def test_a_slice_is_of_one_part_alone(model):
    bars, roots = random_bars(3)
    mu, _ = model.encode_bars(bars, roots)
    for track in (MELODY, BASS, DRUMS):
        changed = bars.copy()
        changed[..., track] = random_bars(3, seed=9)[0][..., track]
        own = SIZES.slices()[track]
        differs = (model.encode_bars(changed, roots)[0] != mu).any(0)
        assert differs[own].any() and not np.delete(differs, np.r_[own]).any()


def test_the_bass_of_a_latent_follows_the_chord(model):
    """The same z over a chord three semitones higher plays three semitones higher, and is as likely."""
    bars, roots = random_bars(4, roots=1)
    mu, _ = model.encode_bars(bars, roots)
    bass = model.decode_bars(mu, roots, tracks=(BASS,)).astype(int)
    higher = model.decode_bars(mu, roots + 3, tracks=(BASS,)).astype(int)
    begins = bass >= 2
    assert begins.any()
    np.testing.assert_array_equal((higher - bass)[begins] % 12, 3)
    np.testing.assert_array_equal(higher[~begins], bass[~begins])


def test_windows_are_their_bars_end_to_end(model):
    bars, roots = random_bars(32)
    tokens, root_of_window = bars.reshape(2, 256, 3), roots.reshape(2, 32)
    mu, _ = model.encode(tokens, root_of_window)
    np.testing.assert_array_equal(mu.reshape(32, -1), model.encode_bars(bars, roots)[0])
    np.testing.assert_array_equal(
        model.decode(mu, root_of_window).reshape(32, 16, 3), model.decode_bars(mu.reshape(32, -1), roots)
    )
    untold, _ = model.encode(tokens)
    as_e, _ = model.encode(tokens, np.full((2, 32), beats.UNTOLD))
    np.testing.assert_array_equal(untold, as_e)
    assert model.log_prob(tokens, mu, root_of_window).shape == (2, 3)


@pytest.mark.parametrize(("track", "classes"), [(MELODY, 90), (DRUMS, 512)])
def test_probabilities_of_all_tokens_of_a_step_sum_to_one(model, track, classes):
    bars, roots = random_bars(1)
    mu, _ = model.encode_bars(bars, roots)
    every = np.repeat(bars[..., track].astype(np.int32), classes, axis=0)
    every[:, -4:-1], every[:, -1] = 0, np.arange(classes)  # with a note before it in its beat, it is within REACH
    z = np.repeat(mu, classes, axis=0)

    @jax.jit
    def log_probs_of(model, *of):
        decoder = model.decoders[track]
        (logits,) = bar_decoder.teacher_forced([decoder], *([told] for told in decoder.classes(*of)))
        return decoder.log_probs(*of, logits)[0]

    log_probs = log_probs_of(model, every, model.beat_latents(z)[track])
    assert np.exp(np.asarray(log_probs)[:, -1]).sum() == pytest.approx(1, rel=1e-4)


def test_the_same_key_and_bar_the_same_dice(model):
    mu = np.random.default_rng(0).normal(size=(5, SIZES.bar_size)).astype(np.float32)
    options = dict(key=jax.random.key(1), temperature=1.0)
    drawn = model.decode_bars(mu, **options)
    np.testing.assert_array_equal(model.decode_bars(mu[:3], **options), drawn[:3])
    assert (model.decode_bars(mu, key=jax.random.key(2), temperature=1.0) != drawn).any()
    with pytest.raises(ValueError, match="temperature must be 0 or more"):
        model.decode_bars(mu, temperature=-1.0)


def test_training_lowers_the_loss(model):
    bars, roots = random_bars(16)
    batch = {"bars": bars, "roots": roots}
    graphdef, params, rest = nnx.split(BarMusicVAE(SIZES, rngs=nnx.Rngs(1)), nnx.Param, ...)

    @jax.jit
    def step(params, key):
        def loss(params):
            return bar_model.loss(nnx.merge(graphdef, params, rest), batch, key, beta=0.01)

        (_, metrics), gradients = jax.value_and_grad(loss, has_aux=True)(params)
        return jax.tree.map(lambda x, g: x - 0.02 * g, params, gradients), metrics

    losses = []
    for number in range(12):
        params, metrics = step(params, jax.random.key(number))
        losses.append(float(metrics["loss"]))
    assert losses[-1] < 0.9 * losses[0]
    parts = metrics["melody_nats"] + metrics["bass_nats"] + metrics["drums_nats"]
    assert float(metrics["loss"]) == pytest.approx(float(parts + 0.01 * metrics["kl"]), rel=1e-5)


def test_frequent_beats_are_codes_of_their_own(filled):
    bars, roots = random_bars(40)
    codes = codebook.codes_of(filled, bars, roots)
    assert codes.shape == (40, codebook.CODES_PER_BAR) and codes.dtype == np.int16
    low = bars[..., DRUMS].reshape(-1, 4) & beats.DRUM_HALVES[0]
    table = np.asarray(filled.codebooks.beats[...])[codebook.KICK_SNARE_TOMS]
    own = codes[:, codebook.KIND_OF_CODE == codebook.KICK_SNARE_TOMS].reshape(-1)
    is_code = (low[:, None] == table).all(-1).any(1)
    assert is_code.any()
    np.testing.assert_array_equal(table[own][is_code], low[is_code])
    np.testing.assert_array_equal(codebook.densities(filled)[0], np.bitwise_count(table).sum(1))


def test_codes_stand_for_latents(filled):
    bars, roots = random_bars(40)
    z = codebook.latents_of(filled, codebook.codes_of(filled, bars, roots))
    mu, _ = filled.encode_bars(bars, roots)
    assert z.shape == mu.shape and not z[:, SIZES.slices()[MELODY]].any()
    own = SIZES.slices()[BASS]
    first = np.r_[own].reshape(4, -1)[:, SIZES.pattern_size :].ravel()
    np.testing.assert_allclose(z[:, first], mu[:, first], atol=1e-5)  # first notes have a code each
    assert ((z - mu)[:, SIZES.slices()[DRUMS]] ** 2).mean() < ((mu - mu.mean(0)) ** 2)[:, SIZES.slices()[DRUMS]].mean()


def test_too_few_beats_make_no_codebook(model):
    bars = np.zeros((4, 16, 3), np.uint16)
    bars[:, 0, DRUMS] = KICK
    with pytest.raises(ValueError, match="different beats, fewer than 8 codes"):
        codebook.fill(model, bars, np.zeros((4, 2), int))


def test_a_folder_holds_all_of_it(filled, tmp_path):
    musicvae_jax.save(tmp_path, filled, dtype="bfloat16")
    loaded = musicvae_jax.load(tmp_path)
    assert isinstance(loaded, BarMusicVAE) and loaded.config == SIZES
    np.testing.assert_array_equal(loaded.codebooks.beats[...], filled.codebooks.beats[...])
    assert checkpoint.read_saved(tmp_path)["kind"] == "bar_musicvae"
    bars, roots = random_bars(2)
    np.testing.assert_allclose(loaded.encode_bars(bars, roots)[0], filled.encode_bars(bars, roots)[0], atol=0.1)


def test_sizes_that_make_no_model_are_refused():
    with pytest.raises(ValueError, match="sizes must be more than 0"):
        dataclasses.replace(SIZES, codes=0)


def test_print_tells_of_a_model_in_five_lines():
    lines = str(musicvae_jax.load()).splitlines()
    assert len(lines) == 5 and lines[0].startswith("BarMusicVAE: ") and "248 numbers, 0.48 M parameters" in lines[0]
    assert "512 beats" in lines[3] and all(len(line) < 110 for line in lines)
