"""The song model: a proper likelihood, causal, and drawn as it is scored."""

import jax
import numpy as np
import pytest

from surrogate.model import bar_codes, song_batches, song_model, song_sampler, temperatures
from surrogate.model.bar_codes import BASS, CHORDS, CODES, CODES_OF_PART, DRUMS
from tests import song_model as small
from tests.bars import random_bars

BARS = 6


@pytest.fixture(scope="module")
def batch():
    """Two songs of random codes, the second two bars shorter."""
    rng = np.random.default_rng(0)
    batch = song_batches.empty(2, BARS)
    for row, bars in enumerate((BARS, BARS - 2)):
        song_batches.put_melody(batch, row, random_bars(bars, seed=row)[0][..., 0].reshape(-1), 120.0)
        batch["plays"][row, :bars] = 1
        for place in range(CODES):
            classes = small.SIZES.classes[bar_codes.KIND_OF_CODE[place]]
            batch["codes"][row, :bars, place] = rng.integers(0, min(classes, 8), bars)
    return batch


@pytest.fixture(scope="module")
def nats():
    model = small.surrogate()

    def of(batch):
        rows = model.rows(batch["codes"])
        return model.nats(batch, rows, model.encode(batch, rows))

    return jax.jit(of)


def changed(batch, name, index, value):
    values = batch[name].copy()
    values[index] = value
    return batch | {name: values}


def test_a_bar_is_told_by_those_before_it_alone(batch, nats):
    before = np.asarray(nats(batch))
    after = np.asarray(nats(changed(batch, "codes", (0, 3), 1)))
    np.testing.assert_array_equal(before[0, :3], after[0, :3])
    np.testing.assert_array_equal(before[1], after[1])
    assert (before[0, 3:] != after[0, 3:]).any()


def test_what_is_known_is_heard_by_all_bars(batch, nats):
    known = changed(batch, "known", (0, 4, DRUMS), True)
    assert (np.asarray(nats(known))[0, :4] != np.asarray(nats(batch))[0, :4]).any()
    other = changed(known, "codes", (0, 4, slice(*_span(DRUMS))), 3)
    assert (np.asarray(nats(other))[0, :4] != np.asarray(nats(known))[0, :4]).any()
    unheard = changed(batch, "codes", (0, 4, slice(*_span(DRUMS))), 3)
    np.testing.assert_array_equal(np.asarray(nats(unheard))[0, :4], np.asarray(nats(batch))[0, :4])


def _span(part):
    return CODES_OF_PART[part].start, CODES_OF_PART[part].stop


def test_padding_changes_nothing(batch, nats):
    longer = song_batches.empty(2, BARS + 3)
    for name, values in batch.items():
        places = tuple(slice(size) for size in values.shape)
        longer[name][places] = values
    np.testing.assert_allclose(np.asarray(nats(longer))[:, :BARS], np.asarray(nats(batch)), rtol=1e-4)


def test_probabilities_of_the_chords_of_a_bar_sum_to_one(batch, nats):
    """Over all pairs, whether they are new, kept of a bar before, or drawn anew though their part follows another."""
    classes, bars = bar_codes.CHORD_CLASSES, 3
    every = {name: np.repeat(values[:1], classes**2, axis=0) for name, values in batch.items()}
    for name in every.keys() - {"tempo", "density"}:
        every[name] = every[name][:, :bars, :bars] if name == "likeness" else every[name][:, :bars]
    pairs = np.indices((classes, classes)).reshape(2, -1).T
    every["codes"] = every["codes"].copy()
    every["codes"][:, -1, :2] = pairs
    assert np.exp(-np.asarray(nats(every), np.float64)[:, -1, CHORDS]).sum() == pytest.approx(1, rel=1e-4)


def test_the_loss_is_made_of_what_is_not_known(batch):
    model = small.surrogate()
    _, metrics = song_model.loss(model, batch)
    parts = sum(float(metrics[f"{name}_nats"]) for name in bar_codes.PARTS)
    assert float(metrics["loss"]) == pytest.approx(parts + 0.5 * float(metrics["heard_chord_nats"]), rel=1e-5)
    everything = batch | {"known": np.ones_like(batch["known"])}
    assert float(song_model.loss(model, everything)[1]["loss"]) == 0
    assert 0 <= float(metrics["root"]) <= float(metrics["root_of_two"]) <= 1


def test_dropout_hangs_on_its_key_and_leaves_out_nothing_without_one(batch):
    model = small.surrogate()
    loss = jax.jit(lambda key, share: song_model.loss(model, batch, key, dropout=share)[0], static_argnums=1)
    plain = float(loss(None, 0.5))
    assert float(loss(jax.random.key(0), 0.0)) == plain
    dropped = [float(loss(jax.random.key(seed), 0.5)) for seed in (0, 0, 1)]
    assert dropped[0] == dropped[1] != dropped[2]
    assert plain not in dropped


def test_where_a_part_does_not_play_nothing_is_learnt_and_nothing_taken_over(batch, nats):
    rests = changed(batch, "plays", (0, 2, 0), 0)  # the bass of a bar
    before, after = np.asarray(nats(batch)), np.asarray(nats(rests))
    assert (before[0, 3:, BASS] != after[0, 3:, BASS]).any()
    counted = np.asarray(song_model.plays(rests))[0]
    np.testing.assert_array_equal(counted[:, BASS], [True, True, False, True, True, True])
    assert counted[:, [CHORDS, DRUMS]].all()


def sampled(batch, *, model=None, seed=0, **changes):
    options = dict(draws=4, seeds=[seed] * len(batch["codes"]), temperatures=temperatures.DEFAULT) | changes
    return song_sampler.draw(model or small.surrogate(), batch, **options)


def test_what_is_known_stays_and_the_rest_is_drawn(batch):
    known = changed(batch, "known", (0, slice(None), BASS), True)
    drawn = sampled(known)
    assert drawn.shape == (2, 4, BARS, CODES)
    bass = slice(*_span(BASS))
    np.testing.assert_array_equal(drawn[0, :, :, bass], np.broadcast_to(batch["codes"][0, :, bass], (4, BARS, 8)))
    assert (drawn[0, 0, :, : bass.start] != drawn[0, 1, :, : bass.start]).any()


def test_a_run_goes_on_from_where_known_bars_are_from():
    bars, known = 12, 8
    batch = song_batches.empty(1, bars)
    song_batches.put_melody(batch, 0, random_bars(bars, seed=3)[0][..., 0].reshape(-1), 120.0)
    batch["plays"][0], batch["known"][0, :known] = 1, True
    batch["codes"][0, :, :] = 1 + (np.arange(bars) % 4)[:, None]
    model = small.surrogate()
    for source in model.sources:
        source.goes_on.bias[...] += 50
        source.alters.bias[...] -= 50
    drawn = sampled(batch, model=model)
    np.testing.assert_array_equal(drawn[0], np.broadcast_to(batch["codes"][0], drawn[0].shape))


def test_chords_are_drawn_that_the_encoder_hears_new_ones_and_those_that_follow(batch):
    heard = 1 + 12 * 2 + 7
    model = small.surrogate()
    model.chords.bias[...] += 10 * (np.arange(2 * bar_codes.CHORD_CLASSES) % bar_codes.CHORD_CLASSES == heard)
    own = slice(*_span(CHORDS))
    known = changed(batch, "known", (slice(None), slice(2), CHORDS), True)
    known = changed(known, "codes", (slice(None), slice(2), own), [[heard, heard], [1, 2]])
    for new in (-50, 50):
        source = model.sources[CHORDS]
        source.new.bias[...], source.alters.bias[...], source.goes_on.bias[...] = new, -50, -50
        assert (sampled(known, model=model)[:, :, 2 : BARS - 2, own] == heard).all()


def test_a_song_is_drawn_alike_whatever_is_beside_it_and_however_long_the_batch(batch):
    both = sampled(batch)
    alone = sampled({name: values[1:] for name, values in batch.items()})
    np.testing.assert_array_equal(both[1], alone[0])
    assert (sampled(batch, seed=1) != both).any()
    other = sampled(batch, seeds=[0, 1])
    np.testing.assert_array_equal(other[0], both[0])
    assert (other[1] != both[1]).any()


def test_every_kind_of_code_is_drawn_from_its_own_classes(batch):
    model = small.surrogate()
    hot = temperatures.Temperatures((100.0,) * 5, (1.0,) * 3)
    drawn = sampled(batch, model=model, draws=24, temperatures=hot)[0].reshape(-1, CODES)
    for kind, classes in enumerate(small.SIZES.classes):
        of_kind = drawn[:, np.array(bar_codes.KIND_OF_CODE) == kind]
        assert 0 <= of_kind.min() < 0.3 * classes < 0.7 * classes < of_kind.max() < classes


def test_temperature_0_draws_the_same_each_time(batch):
    model = small.surrogate()
    model.codes.anew_places[...] -= 50
    for dense in model.codes.outputs:
        dense.kernel[...] *= 100  # so that nothing is nearly as likely
    for source in model.sources:
        source.goes_on.bias[...] -= 50  # whether a run goes on has no temperature
    cold = temperatures.Temperatures((0,) * 5, (0,) * 3)
    drawn = sampled(batch, model=model, temperatures=cold)
    np.testing.assert_array_equal(drawn, np.broadcast_to(drawn[:, :1], drawn.shape))


@pytest.mark.parametrize("classes", [3, 16, 50])
def test_choices_are_as_frequent_as_they_are_likely(classes):
    logits = np.random.default_rng(0).normal(size=classes).astype(np.float32)
    die = np.linspace(0, 1, 4000, endpoint=False, dtype=np.float32)
    rows = np.broadcast_to(logits, (len(die), classes))
    for temperature in (1.0, 0.5):
        counts = np.bincount(song_sampler.choose(rows, temperature, die), minlength=classes) / len(die)
        p = np.exp(logits / temperature)
        np.testing.assert_allclose(counts, p / p.sum(), atol=2e-3)
    assert (np.asarray(song_sampler.choose(rows[:50], 0.0, die[:50])) == logits.argmax()).all()
    first = np.full(50, np.nextafter(np.float32(1), np.float32(0)))
    assert (np.asarray(song_sampler.choose(rows[:50], 1.0, first, 2)) == 1).all()  # of the first two alone
