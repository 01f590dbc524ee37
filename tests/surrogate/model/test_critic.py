"""The critic tells people's songs from draws, and has a say in which of them is played."""

import math

import jax
import numpy as np
import pytest
from flax import nnx

from musicvae_jax import checkpoint
from musicvae_jax.events import DRUMS, KICK, LOWEST_BASS, MELODY, held_pitches, token_of_pitch
from musicvae_jax.training import TrainingError
from surrogate.model import band_statistics, bands, critic, critic_task, song_band
from surrogate.model.band import MelodyLine, Wishes
from surrogate.model.critic import Critic, CriticConfig
from tests import song_model as small
from tests.bars import random_bars


def made(seed=0, **sizes):
    module = Critic(CriticConfig(**({"width": 8} | sizes)), rngs=nnx.Rngs(seed))
    module.fit_scale(band_statistics.statistics(random_bars(16 * 12)[0].reshape(12, 256, 3), 0))
    return module


def likes(module, kicks):
    """Makes a critic count kicks on the first beat for people, or against them."""
    module.mean[...], module.deviation[...] = np.zeros((2, CriticConfig().statistics), np.float32)
    module.deviation[...] += 1
    module.direct.kernel[...] = np.zeros(module.direct.kernel.shape, np.float32)
    first_beat = band_statistics.statistics(_kicks(1)[None], 0) - band_statistics.statistics(_kicks(0)[None], 0)
    module.direct.kernel[...] = module.direct.kernel[...].at[int(np.argmax(first_beat[0])), 0].set(kicks)
    return module


def _kicks(on):
    tokens = np.zeros((16, 16, 3), np.uint16)
    tokens[:, 0, DRUMS] = KICK * on
    return tokens.reshape(-1, 3)


def test_draws_are_heard_in_windows_of_all_of_the_song():
    module, bars = likes(made(), 1.0), random_bars(40)[0]
    parts = np.stack([bars.reshape(-1, 3)[:, 1:]] * 2)
    parts[1, 39 * 16, 1] ^= KICK
    odds = critic.log_odds(module, bars[..., MELODY].reshape(-1), parts, 0)
    assert odds.shape == (2,) and odds[0] != odds[1]
    rows = band_statistics.statistics(band_statistics.windows(bars.reshape(-1, 3)), 0)
    np.testing.assert_allclose(odds[0], np.asarray(module(rows)).mean(), rtol=1e-5)


def test_a_bass_goes_down_an_octave_where_the_critic_would_have_it():
    song = _kicks(1)
    high, low, wide = (song[:, 1:].copy() for _ in range(3))
    high[::4, 0], low[::4, 0] = token_of_pitch(LOWEST_BASS + 12), token_of_pitch(LOWEST_BASS + 11)
    wide[::8, 0], wide[4::8, 0] = token_of_pitch(60), token_of_pitch(LOWEST_BASS + 11)
    parts = np.stack([high, low, wide])
    register = band_statistics.statistics(np.column_stack([song[:, 0], high])[None], 0)
    lower = band_statistics.statistics(np.column_stack([song[:, 0], high - [12, 0] * (high[:, :1] >= 2)])[None], 0)
    [place] = np.flatnonzero(np.abs(register - lower)[0] > 0.5)
    for likes_low, pitches in ((1.0, (28, 39, 60)), (-1.0, (40, 39, 60))):
        module = likes(made(), 0.0)
        module.direct.kernel[...] = module.direct.kernel[...].at[int(place), 0].set(-likes_low)
        moved, odds = critic.in_register(module, song[:, 0], parts, 0)
        np.testing.assert_allclose(odds, critic.log_odds(module, song[:, 0], moved, 0), rtol=1e-5)
        assert tuple(held_pitches(moved[:, :, 0])[:, 0]) == pitches
        np.testing.assert_array_equal(moved[..., 1], parts[..., 1])
    np.testing.assert_array_equal(critic.in_register(None, song[:, 0], parts, 0)[0], parts)


def test_more_windows_than_a_program_takes_are_heard_in_turns():
    module, bars = likes(made(), 1.0), random_bars(16 * 9)[0]
    parts = np.stack([np.roll(bars.reshape(-1, 3)[:, 1:], 256 * i, 0) for i in range(9)])
    odds = critic.log_odds(module, bars[..., MELODY].reshape(-1) * 0, parts, 0)
    np.testing.assert_allclose(odds, odds[0], rtol=1e-5)


def test_the_loss_tells_people_from_draws():
    module = likes(made(), 1.0)
    with_kick, without = (band_statistics.statistics(_kicks(on)[None], 0) for on in (1, 0))
    batch = {"statistics": np.stack([with_kick, without, without])[None], "counts": np.ones((1, 1), bool)}
    value, metrics = critic.loss(module, batch, jax.random.key(0))
    assert metrics["auc"] == 1 and value < np.log(2)
    batch["statistics"] = batch["statistics"][:, ::-1]
    assert critic.loss(module, batch, jax.random.key(0))[0] > np.log(2)
    batch["counts"][:] = False
    assert critic.loss(module, batch, jax.random.key(0))[0] == 0, "windows that do not count"
    dropped = critic.loss(module, batch | {"counts": np.ones((1, 1), bool)}, jax.random.key(0), dropout=0.5)
    assert dropped[0] != value


def test_what_is_played_follows_the_critic(monkeypatch):
    line = MelodyLine(random_bars(16)[0][..., MELODY].reshape(-1), 120.0)
    monkeypatch.setattr(song_band.choice, "ODDS", 100.0)
    kicks = {}
    for kind in (-1.0, 1.0):
        band = song_band.SongBand(small.vae(), small.surrogate(), likes(made(), kind))
        [takes] = band.write([line], Wishes(takes=song_band.DRAWS))
        ratings = [take.rating for take in takes]
        assert ratings[0] == max(ratings)
        kicks[kind] = [int((take.tokens[::16, 1] & KICK > 0).sum()) for take in takes]
    assert sorted(kicks[-1.0]) == sorted(kicks[1.0]), "the same draws"
    heard = math.ceil(song_band.choice.HEARD * song_band.DRAWS)
    assert kicks[1.0][:heard] == kicks[-1.0][:heard][::-1] == sorted(kicks[1.0][:heard], reverse=True)
    assert kicks[1.0][0] > kicks[-1.0][0]


def test_it_is_kept_beside_the_models_it_was_trained_on(tmp_path):
    folder = small.save(tmp_path / "model")
    assert bands.load(folder).critic is None
    module = made(3, quantiles=2)
    critic.save(folder, module)
    kept = bands.load(folder).critic
    assert kept.config == module.config and checkpoint.fingerprint(kept) == checkpoint.fingerprint(module)
    np.testing.assert_array_equal(kept.mean[...], module.mean[...])


@pytest.mark.parametrize("sizes", [{"statistics": 3}, {"quantiles": 0}, {"width": 0}])
def test_sizes_that_there_cannot_be(sizes):
    with pytest.raises(ValueError, match="statistics must be"):
        CriticConfig(**sizes)


@pytest.mark.parametrize("bars", [0, 8, 24])
def test_crops_are_whole_windows(bars):
    with pytest.raises(TrainingError, match="bars must be a multiple of 16"):
        critic_task.Contests(None, "train", None, bars=bars)
