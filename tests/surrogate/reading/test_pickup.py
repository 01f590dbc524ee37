"""Pickups are found where a file's first bar is short, and nowhere else."""

import mido
import numpy as np
import pytest

from surrogate.evaluation import fit_pickup, performances
from surrogate.reading import pickup
from surrogate.reading.melody import read_melody
from tests import tunes
from tests.melodies import write_midi
from tests.paths import EXAMPLES

TICKS = 480
SAINTS = EXAMPLES / "when_the_saints.mid"


def tune(bars=32, seed=0):
    """A plain melody: a long note on most downbeats, another triad each bar, its last note on beat 1.

    Start and end in beats and pitch of its notes.
    """
    rng = np.random.default_rng(seed)
    start, end, pitch = [], [], []
    for bar in range(bars - 1):
        triad = 60 + rng.choice([0, 5, 7, 9]) + np.array([0, 4, 7])
        for place, length in ((0, 2), (2, 1), (3, 1)) if bar % 4 < 3 else ((0, 1), (1, 0.5), (1.5, 0.5), (2, 2)):
            start.append(4 * bar + place)
            end.append(4 * bar + place + length)
            pitch.append(rng.choice(triad))
    return np.append(start, 4 * bars - 4.0), np.append(end, 4.0 * bars), np.append(pitch, 60)


def cut(notes, beats, ticks=TICKS):
    """The notes from some beats on, in ticks."""
    start, end, pitch = notes
    kept = start >= beats
    return ((start[kept] - beats) * ticks).astype(int), ((end[kept] - beats) * ticks).astype(int), pitch[kept]


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_finds_a_pickup(length, seed):
    start, end, pitch = tune(seed=seed)
    start, end, pitch = np.append([0, 1, 2, 3], start + 4), np.append([1, 2, 3, 4], end + 4), np.append([67] * 4, pitch)
    assert pickup.find(*cut((start, end, pitch), 4 - length), TICKS) == length


@pytest.mark.parametrize("seed", range(5))
def test_leaves_a_file_that_is_right(seed):
    assert pickup.find(*cut(tune(seed=seed), 0), TICKS) == 0
    assert pickup.find(*cut(tune(seed=seed), 8), TICKS) == 0


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_known_song_without_its_first_rest(length):
    notes = read_melody(SAINTS).track.notes.numpy()
    ticks = read_melody(SAINTS).score.ticks_per_quarter
    start = notes["time"].astype(np.int64)
    end, pitch = start + notes["duration"], notes["pitch"]
    assert pickup.find(start, end, pitch, ticks) == 0
    kept = start >= (4 - length) * ticks
    begin = (4 - length) * ticks
    assert pickup.find(start[kept] - begin, end[kept] - begin, pitch[kept], ticks) == length


def test_a_file_that_begins_with_rest_was_laid_out_on_purpose():
    start, end, pitch = cut(tune(), 2)  # begins a pickup of two beats with its note
    assert pickup.find(start, end, pitch, TICKS) == 2
    assert pickup.find(start + 4 * TICKS, end + 4 * TICKS, pitch, TICKS) == 0


def test_order_chords_and_resolution_do_not_count():
    notes = cut(tune(), 2)
    mixed = np.random.default_rng(0).permutation(len(notes[0]))
    assert pickup.find(*(values[mixed] for values in notes), TICKS) == 2
    below = tuple(np.append(values, values - 12 * (values is notes[2])) for values in notes)
    assert pickup.find(*below, TICKS) == 2
    assert pickup.find(*cut(tune(), 2, ticks=96), 96) == 2


def test_little_evidence_and_other_meters_give_none():
    notes = cut(tune(), 2)
    assert pickup.find(*(values[:8] for values in notes), TICKS) == 0
    assert pickup.find([], [], [], TICKS) == 0
    assert pickup.find(*notes, TICKS, beats_per_bar=3) == 0
    even = np.arange(64) * TICKS
    assert pickup.find(even, even + TICKS, np.full(64, 60), TICKS) == 0


def test_an_absurd_length_costs_no_memory():
    start, end, pitch = cut(tune(), 2)
    assert pickup.find(np.append(start, 2**31 - 2), np.append(end, 2**31 - 1), np.append(pitch, 60), TICKS) == 2
    assert pickup.find([0] * 20, [2**31 - 1] * 20, [60] * 20, 1) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ([0], [480], [60], 0),
        ([0], [480], [60], 480, 0),
        ([0, 480], [480], [60], 480),
        ([-1], [480], [60], 480),
        ([480], [480], [60], 480),
        ([[0]], [[480]], [[60]], 480),
    ],
)
def test_refuses_what_are_no_notes(arguments):
    with pytest.raises(ValueError, match="must"):
        pickup.find(*arguments)


def song(seed, drums=((), ())):
    start, end, pitch = cut(tune(seed=seed), 0)
    melody = performances.PerformedNotes(start, end, pitch, np.full(len(start), 80))
    none = performances.PerformedNotes(*np.zeros((4, 0), np.int64))
    hits = np.array(drums[0], np.int64) * TICKS
    return performances.Performance(
        TICKS,
        TICKS / 500,
        melody,
        none,
        performances.PerformedNotes(hits, hits + 1, np.array(drums[1], np.int64), hits * 0 + 90),
    )


def test_fit_learns_from_songs(tmp_path):
    songs = [song(seed) for seed in range(20)]
    table = fit_pickup.fit(songs)
    assert [values.shape for values in table.log_place] == [(contexts, 4) for contexts in pickup.CONTEXTS]
    assert pickup.find(*cut(tune(seed=99), 2), TICKS, table=table) == 2
    figures = fit_pickup.measure(table, songs)
    assert figures["as they are"] == figures["cut, 0"] == 0
    assert min(figures["cut, 1"], figures["cut, 2"], figures["cut, 3"]) > 0.9
    fit_pickup.save(table, tmp_path / "pickup.npz")
    with np.load(tmp_path / "pickup.npz") as file:
        np.testing.assert_allclose(file["log_place_1"], table.log_place[1], atol=0.01)
        np.testing.assert_array_equal(file["weight"], table.weight)


def test_drums_confirm_bar_lines():
    bars = 4 * np.arange(8)
    beats = np.concatenate([bars, bars + 1, bars + 3])
    pitch = np.repeat([49, 38, 38], 8)
    assert fit_pickup.drums_confirm(song(0, (beats, pitch)))
    assert not fit_pickup.drums_confirm(song(0, (beats + 1, pitch)))
    assert not fit_pickup.drums_confirm(song(0, (beats + 2, pitch)))
    assert not fit_pickup.drums_confirm(song(0))


@pytest.mark.parametrize("ticks_per_beat", [TICKS, TICKS * 3 // 2])
def test_bars_of_two_are_grouped_from_where_the_phrase_begins(ticks_per_beat):
    start, end, pitch = tune()
    for before in (0, 2):
        begin, stop = (((beats + before) * ticks_per_beat).astype(int) for beats in (start, end))
        assert pickup.grouping(begin, stop, pitch, ticks_per_beat, 2) == before
        assert pickup.grouping(begin, stop, pitch, ticks_per_beat, 1) == before
        assert pickup.grouping(begin, stop, pitch, ticks_per_beat, 3) == 0
        assert pickup.grouping(begin[:11], stop[:11], pitch[:11], ticks_per_beat, 2) == 0


@pytest.mark.parametrize("stem", ["oh_susanna", "greensleeves"])
def test_a_bar_that_a_pickup_stands_in_is_paired_with_none(stem):
    grid = read_melody(SAINTS.with_stem(stem)).grid
    assert grid.ticks[8] == 0 and not grid.in_song[:8].any()
    assert grid.ticks[16] == grid.bar_ticks[1]


def upbeat(tune):
    return pickup.upbeat(tune.start, tune.end, tune.pitch, tunes.QUARTER, tune.meter)


@pytest.mark.parametrize("times", [1, 3])
def test_traditional_tunes_whose_first_bar_is_not_filled_up(times):
    found = {name: (upbeat(tune), tune.pickup) for name in tunes.TUNES if (tune := tunes.notes(name, times))}
    assert all(heard in (0, told) for heard, told in found.values()), "none is given another one"
    with_pickup = [heard == told for heard, told in found.values() if told]
    assert np.mean(with_pickup) >= 0.75, found


@pytest.mark.parametrize("name", ["Auld Lang Syne", "For He's a Jolly Good Fellow", "Twinkle, Twinkle, Little Star"])
def test_a_tune_is_heard_the_same_detached_and_in_notes_twice_as_long(name):
    tune = tunes.notes(name)
    detached = tune.start + 9 * (tune.end - tune.start) // 10
    assert upbeat(tune._replace(end=detached)) == tune.pickup
    meter = tune.meter[0], tune.meter[1] // 2
    assert upbeat(tune._replace(start=2 * tune.start, end=2 * tune.end, meter=meter)) == 2 * tune.pickup


@pytest.mark.parametrize(
    ("example", "quarters"),
    [("amazing_grace", 1), ("greensleeves", 0.5), ("oh_susanna", 0.5), ("when_the_saints", 3), ("ode_to_joy", 0)],
)
def test_examples_from_their_first_note_on(example, quarters):
    melody = read_melody(EXAMPLES / f"{example}.mid")
    start, end = (melody.track.notes.numpy()[name].astype(int) for name in ("time", "duration"))
    mark = melody.score.time_signatures[0]
    start -= start[0]
    pitch = melody.track.notes.numpy()["pitch"]
    assert pickup.upbeat(start, start + end, pitch, TICKS, (mark.numerator, mark.denominator)) == quarters


@pytest.mark.parametrize("name", tunes.TUNES)
def test_a_tune_laid_out_in_full_bars_has_no_pickup(name):
    tune = tunes.notes(name)
    bar = 4 * tunes.QUARTER * tune.meter[0] / tune.meter[1]
    rest = round((bar - tune.pickup * tunes.QUARTER) % bar)
    if rest:
        assert upbeat(tune._replace(start=tune.start + rest, end=tune.end + rest)) == 0


@pytest.mark.parametrize("seed", range(4))
def test_equal_notes_throughout_tell_of_no_pickup(seed):
    start = np.arange(64) * TICKS
    pitch = 60 + np.random.default_rng(seed).integers(0, 12, 64)
    assert pickup.upbeat(start, start + TICKS, pitch, TICKS, (4, 4)) == 0


@pytest.mark.parametrize("name", ["Home on the Range", "For He's a Jolly Good Fellow"])
def test_a_tune_may_hold_one_note_in_twenty_over_a_beat(name):
    tune = tunes.notes(name)
    off_beat = (tune.start / tunes.QUARTER - tune.pickup) % 1 == 0.5
    is_eighth = tune.end - tune.start == tunes.QUARTER // 2
    held = np.flatnonzero(off_beat & is_eighth)[1::3][: len(tune.start) // 17]
    end = tune.end.copy()
    end[held] = tune.end[held + 1]
    start, end, pitch = (np.delete(values, held + 1) for values in (tune.start, end, tune.pitch))
    assert len(held) >= 2 and upbeat(tune._replace(start=start, end=end, pitch=pitch)) == tune.pickup


def test_a_syncopated_melody_is_not_taken_for_a_tune():
    """Eighths before the beat, all through, as popular songs have them: no pickup of an eighth."""
    start = np.array([bar * 4 + place for bar in range(16) for place in (0, 1.5, 2, 3, 3.5)]) * TICKS
    end = np.append(start[1:], start[-1] + TICKS)
    assert pickup.upbeat(start.astype(int), end.astype(int), 60 + np.arange(80) % 7, TICKS, (4, 4)) % 1 == 0


def test_bar_lines_that_the_file_marks_later_count(tmp_path):
    tune = tunes.notes("Auld Lang Syne")
    rows = [(a, b, int(p), 80) for a, b, p in zip(tune.start.tolist(), tune.end.tolist(), tune.pitch, strict=True)]
    found = {}
    for bars in (8, 8.25):
        mark = (round(1920 * bars), mido.MetaMessage("time_signature", numerator=3, denominator=4))
        song = read_melody(write_midi(tmp_path / "tune.mid", rows, extra=[mark]))
        found[bars] = min(tick for tick in song.grid.bar_ticks if tick >= 0) / 480
    assert found == {8: 0, 8.25: 1}
