"""Velocities follow the measured accents, the melody's sections and the seed, and stay within MIDI's range."""

import numpy as np
import pytest

from musicvae_jax import events
from surrogate.evaluation import fit_velocity, performances
from surrogate.rendering import velocity

BARS = 16
STEPS = np.arange(BARS * 16)
LEVEL = np.zeros(BARS)
CLOSED_HAT, SNARE = 42, 38


def rng(seed=0):
    return np.random.default_rng(seed)


def hats(loud=LEVEL, seed=0):
    return velocity.drums(STEPS, np.full(len(STEPS), CLOSED_HAT), loud, rng(seed))


def test_velocities_are_midi_and_vary():
    for played_now in (hats(), velocity.bass(STEPS, LEVEL, rng())):
        assert played_now.shape == STEPS.shape
        assert played_now.dtype == np.int64
        assert played_now.min() >= 1 and played_now.max() <= 127
        assert played_now.std() > 3


def test_beats_are_accented():
    by_place = hats().reshape(BARS, 16).mean(0)
    assert by_place[[0, 4, 8, 12]].min() > by_place[1::2].max() + 3


def test_every_drum_group_has_velocities():
    for group in events.DRUM_GROUPS:
        for pitch in group:
            assert 30 < velocity.drums([0], [pitch], [0.0], rng())[0] <= 127


@pytest.mark.parametrize("part", ["drums", "bass"])
def test_louder_sections_are_louder(part):
    def mean(loudness):
        loud = np.full(BARS, loudness)
        return (hats(loud) if part == "drums" else velocity.bass(STEPS, loud, rng())).mean()

    assert mean(-1) + 4 < mean(0) < mean(1) - 4


def test_the_seed_decides():
    np.testing.assert_array_equal(hats(seed=3), hats(seed=3))
    assert (hats(seed=3) != hats(seed=4)).any()


def test_order_of_hits_in_a_step_or_song_does_not_change_accents():
    mixed = rng(1).permutation(len(STEPS))
    shuffled = velocity.drums(STEPS[mixed], np.full(len(STEPS), CLOSED_HAT), LEVEL, rng())
    in_order = np.empty_like(shuffled)
    in_order[mixed] = shuffled
    assert abs(in_order.mean() - hats().mean()) < 2


def test_spread_is_correlated_from_hit_to_hit():
    table = velocity.VelocityTable(
        0.0,
        velocity.PartVelocity(64.0, np.zeros((9, 16)), 0.0, np.full(9, 10.0), np.full(9, 0.8)),
        velocity.PartVelocity(64.0, np.zeros((1, 16)), 0.0, np.array([10.0]), np.array([0.0])),
    )
    steps = np.arange(16 * 500)
    loud = np.zeros(500)
    for spread, memory in (
        (velocity.drums(steps, np.full(len(steps), SNARE), loud, rng(), table=table) - 64, 0.8),
        (velocity.bass(steps, loud, rng(), table=table) - 64, 0.0),
    ):
        assert spread.std() == pytest.approx(10, rel=0.1)
        assert np.corrcoef(spread[1:], spread[:-1])[0, 1] == pytest.approx(memory, abs=0.05)


def test_no_notes():
    assert len(velocity.drums([], [], [], rng())) == 0
    assert len(velocity.bass([], LEVEL, rng())) == 0


@pytest.mark.parametrize(
    "step, pitch, loud",
    [
        ([0, 1], [36], [0.0]),
        ([16], [36], [0.0]),
        ([-1], [36], [0.0]),
        ([0], [36], [1.5]),
        ([0], [36], [np.nan]),
        ([0], [36], [[0.0]]),
        ([0], [128], [0.0]),
        ([0], [-1], [0.0]),
        ([0], [1], [0.0]),
    ],
)
def test_refuses_what_does_not_fit(step, pitch, loud):
    with pytest.raises(ValueError, match="must be|no drum group"):
        velocity.drums(step, pitch, loud, rng())


def test_loudness_follows_the_melody():
    loud = velocity.loudness(STEPS, np.where(STEPS < 128, 60, 100), BARS)
    assert loud.shape == (BARS,)
    assert (np.diff(loud) >= 0).all()
    assert loud[0] < -0.7 and loud[-1] > 0.7
    assert np.abs(loud).max() <= 1


def test_loudness_of_an_even_melody_is_level():
    np.testing.assert_allclose(velocity.loudness(STEPS, np.full(len(STEPS), 80), BARS), 0, atol=1e-9)


def test_more_notes_are_louder():
    steps = np.append(STEPS[:128:4], STEPS[128:])
    loud = velocity.loudness(steps, np.full(len(steps), 80), BARS)
    assert loud[0] < 0 < loud[-1]


def test_bars_without_melody_are_as_loud_as_those_around():
    steps = np.concatenate([STEPS[:64], STEPS[192:]])
    loud = velocity.loudness(steps, np.where(steps < 64, 60, 100), BARS)
    assert (np.diff(loud) >= -1e-9).all()
    np.testing.assert_array_equal(velocity.loudness([], [], 3), np.zeros(3))
    assert velocity.loudness([0, 999], [80, 1], 0).shape == (0,)


@pytest.mark.parametrize("steps, velocities, bars", [([0, 1], [80], 1), ([-1], [80], 1), ([0], [80], -1)])
def test_loudness_refuses_what_does_not_fit(steps, velocities, bars):
    with pytest.raises(ValueError, match="must be"):
        velocity.loudness(steps, velocities, bars)


def song(seed=0, bars=40, ticks=480):
    """Hats in 16ths with an accent of 20 on each beat, a bass of eighths, both half as dynamic as the melody."""
    draw = np.random.default_rng(seed)
    section = np.repeat(draw.integers(-2, 3, bars // 8) * 8, 8)

    def notes(step, pitch, value):
        start = step * ticks // 4
        return performances.PerformedNotes(
            start, start + ticks // 4, np.full(len(step), pitch), np.rint(value).astype(np.int64)
        )

    step = np.arange(bars * 16)
    hat = 70 + 20 * (step % 4 == 0) + section[step // 16] / 2 + draw.normal(0, 3, len(step))
    return performances.Performance(
        ticks,
        ticks / 500,
        notes(step[::2], 60, 80 + section[step[::2] // 16]),
        notes(step[::2], 36, 90 + section[step[::2] // 16] / 2 + draw.normal(0, 3, len(step) // 2)),
        notes(step, CLOSED_HAT, hat),
    )


def test_fit_finds_what_songs_were_made_of():
    songs = [song(seed) for seed in range(10)]
    table = fit_velocity.fit(songs)
    hat = events.DRUM_BIT_OF_PITCH[CLOSED_HAT]
    accent = table.drums.accent[hat]
    assert accent[0] - accent[1] == pytest.approx(20, rel=0.4)  # the few songs are shrunk
    assert table.drums.section == pytest.approx(velocity.REACH / 2, rel=0.15)
    assert table.drums.spread[hat] == pytest.approx(3, rel=0.15)
    assert table.drums.memory[hat] == pytest.approx(0, abs=0.1)
    assert table.bass.level == pytest.approx(90, abs=3)
    figures = fit_velocity.measure(table, songs)
    assert figures["drums varying"] == figures["bass varying"] == 10
    assert figures["drums accent r"] > 0.95
    assert figures["drums generated std"] == pytest.approx(figures["drums human std"], rel=0.4)


def test_a_table_survives_json():
    table = fit_velocity.fit([song(seed) for seed in range(3)])
    again = velocity.from_json(fit_velocity.to_json(table))
    assert again.density == pytest.approx(table.density, abs=0.001)
    for part in ("drums", "bass"):
        for one, other in zip(getattr(table, part), getattr(again, part), strict=True):
            np.testing.assert_allclose(one, other, atol=0.051)


def test_constant_velocities_teach_nothing():
    flat = song()._replace(drums=song().melody._replace(pitch=np.full(len(song().melody.pitch), CLOSED_HAT)))
    flat = flat._replace(drums=flat.drums._replace(velocity=np.full(len(flat.drums.velocity), 100)))
    with pytest.raises(ValueError, match="no song has drums"):
        fit_velocity.fit([flat])
