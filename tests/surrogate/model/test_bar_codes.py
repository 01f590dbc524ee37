"""How the codes of a bar are told: the bass by how high it is above the root, and how far from the note before."""

import jax
import numpy as np
import pytest

from musicvae_jax import codebook
from musicvae_jax.events import BASS, FIRST_PITCH
from surrogate.model import bar_codes, song_batches, song_sampler, temperatures
from surrogate.model.bar_codes import CODES, FIRST_NOTE, KIND_OF_CODE, LEAP, NO_NOTE
from tests import song_model as small
from tests.bars import random_bars

IS_FIRST = np.array(KIND_OF_CODE) == FIRST_NOTE


def bars(*told):
    """Codes of a song whose bars are told as (chords, first notes)."""
    codes = np.zeros((1, len(told), CODES), np.int32)
    for bar, (chords, first) in enumerate(told):
        codes[0, bar, :2], codes[0, bar, IS_FIRST] = chords, first
    return codes


def test_notes_that_are_near_are_above_the_root_that_sounds():
    # Lowest roots of a bass guitar: C is 8 semitones above E, G 3, E 0. Code 13 is the root an octave up.
    c, g, e = 1, 8, 5
    told = bars(((0, 0), (0, 13, 0, 0)), ((c, g), (0, 13, 13, 1)), ((0, e), (0, 0, 0, 20)))
    last, mean = np.moveaxis(np.asarray(bar_codes.near_notes(told))[0], -1, 0)
    assert last.tolist() == [[NO_NOTE] * 2 + [13, 13], [13, 13, 18, 13], [1, 1, 4, 4]]
    # Heights above the lowest E: 21, 21, 16, 4.
    assert mean.tolist() == [[NO_NOTE] * 2 + [13, 13], [13, 13, 18, 16], [13, 13, 16, 16]]


def test_each_leap_has_a_logit_that_is_added_to_the_notes():
    codes = small.surrogate().codes
    codes.leaps.kernel[...] *= 0
    from_last, from_mean = np.arange(2 * LEAP + 1.0), 1000 * np.arange(2 * LEAP + 1.0)
    codes.leaps.bias[...] = np.concatenate([from_last, from_mean])
    state = jax.random.normal(jax.random.key(0), (3, small.SIZES.width))
    place = int(np.flatnonzero(IS_FIRST)[1])
    logits, _ = codes.logits(state, FIRST_NOTE, place, np.array([[NO_NOTE] * 2, [10, 40], [-30, 12]]))
    leapt = np.asarray(logits - codes.outputs[FIRST_NOTE](state + codes.output_places[...][place][None]))
    assert not leapt[0].any() and not leapt[:, 0].any()
    note = np.arange(1, codebook.FIRST_NOTES)
    for row, (last, mean) in ((1, (10, 40)), (2, (-30, 12))):
        wanted = np.clip(note - last, -LEAP, LEAP) + LEAP + 1000 * (np.clip(note - mean, -LEAP, LEAP) + LEAP)
        np.testing.assert_allclose(leapt[row, 1:], wanted, rtol=1e-5)


@pytest.mark.parametrize(("near", "leap"), [(0, 0), (0, 2), (1, -1)])
def test_draws_hear_the_notes_before_as_the_training_does(near, leap):
    model = small.surrogate()
    model.codes.leaps.bias[near * (2 * LEAP + 1) + LEAP + leap] += 1000
    for source in model.sources:
        source.new.bias[...] += 1000
        source.goes_on.bias[...] -= 1000
    batch = song_batches.empty(1, 6)
    song_batches.put_melody(batch, 0, random_bars(6)[0][..., 0].reshape(-1), 120.0)
    batch["plays"][0] = 1
    drawn = song_sampler.draw(model, batch, draws=8, seeds=[0], temperatures=temperatures.DEFAULT)[0]
    wanted = np.asarray(bar_codes.near_notes(drawn))[..., near] + leap
    written = drawn[..., IS_FIRST]
    within = (wanted > 0) & (wanted < codebook.FIRST_NOTES)
    assert within.sum() > 20
    np.testing.assert_array_equal(written[within], wanted[within])


@pytest.mark.parametrize("are_given", [False, True])
def test_first_notes_are_surer_where_chords_are_given(are_given, monkeypatch):
    model = small.surrogate()
    model.codes.outputs[bar_codes.FIRST_NOTE].kernel[...] *= 4  # notes that are likelier than others
    batch = song_batches.empty(1, 4)
    song_batches.put_melody(batch, 0, random_bars(4)[0][..., 0].reshape(-1), 120.0)
    batch["plays"][0], batch["given"][0] = 1, are_given
    batch["codes"][0, :, :2] = 1

    monkeypatch.setattr(song_sampler.compiled, "call", lambda function, name, *leaves: function(*leaves))

    def drawn(times):
        monkeypatch.setattr(song_sampler, "_IN_GIVEN_CHORDS", times)
        jax.clear_caches()
        return song_sampler.draw(model, batch, draws=64, seeds=[0], temperatures=temperatures.DEFAULT)[0]

    def notes(codes):
        return np.mean([len(np.unique(first)) for first in codes[:, 0][..., IS_FIRST].T])

    free, surer = drawn(1.0), drawn(0.1)
    if are_given:
        assert notes(surer) < 0.8 * notes(free)
    else:
        np.testing.assert_array_equal(surer, free)


@pytest.mark.parametrize("semitones", [-7, -1, 3, 6])
def test_codes_in_another_key_are_those_of_what_is_played_there(semitones):
    tokens, roots = random_bars(12, seed=1)
    line = tokens[..., BASS].astype(int)
    tokens[..., BASS] = np.where(line >= FIRST_PITCH, 20 + line % 12, line)
    chords = 1 + roots
    codes = np.concatenate([chords, codebook.codes_of(small.vae(), tokens, roots)], 1)
    line = tokens[..., BASS].astype(int)
    tokens[..., BASS] = np.where(line >= FIRST_PITCH, line + semitones, line)
    moved = codebook.codes_of(small.vae(), tokens, (roots + semitones) % 12)
    found = song_batches.transposed_codes(codes, semitones)
    np.testing.assert_array_equal(found[:, 2:], moved)
    np.testing.assert_array_equal((found[:, :2] - 1) % 12, (roots + semitones) % 12)
    np.testing.assert_array_equal(song_batches.transposed_codes(found, -semitones), codes)


def test_first_notes_that_would_leave_their_range_come_back_by_octaves():
    low = bars(((5, 5), (1, 3, 48, 0)))  # above E, the lowest root: a semitone less is above E flat, the highest
    assert song_batches.transposed_codes(low, -1)[0, 0, IS_FIRST].tolist() == [1, 3, 36, 0]
    high = bars(((4, 4), (40, 48, 1, 0)))
    assert song_batches.transposed_codes(high, 1)[0, 0, IS_FIRST].tolist() == [40, 48, 13, 0]
