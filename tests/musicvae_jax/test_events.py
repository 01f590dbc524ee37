"""The vocabulary: its arithmetic, tokens <-> notes against Magenta's own, and transposition."""

import numpy as np
import pytest

from musicvae_jax import events
from tests.paths import DATA


def random_line(rng, steps=64):
    """A line as an encoder makes it: every NOTE_OFF ends a note."""
    tokens = np.where(rng.random(steps) < 0.4, rng.integers(events.FIRST_PITCH, events.LINE_CLASSES, steps), 0)
    sounding = False
    for step, token in enumerate(tokens):
        if token == events.NO_EVENT and sounding and rng.random() < 0.3:
            tokens[step] = events.NOTE_OFF
        sounding = sounding and tokens[step] != events.NOTE_OFF or token >= events.FIRST_PITCH
    return tokens.astype(np.uint16)


def test_vocabulary():
    assert events.DEPTHS == (90, 90, 512)
    assert events.WINDOW_STEPS == 256
    assert events.DRUM_PITCHES == (36, 38, 42, 46, 45, 48, 50, 49, 51)
    grouped = [pitch for group in events.DRUM_GROUPS for pitch in group]
    assert len(grouped) == len(set(grouped)) == 63
    assert events.DRUM_BIT_OF_PITCH[[35, 40, 44, 81, 43, 47, 30, 57, 53, 0, 127]].tolist() == [
        *range(9),
        events.NO_DRUM,
        events.NO_DRUM,
    ]


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        pytest.param([(0, 2, 60)], [41, 0, 1, 0, 0, 0, 0, 0], id="a note and its end"),
        pytest.param([(0, 8, 60)], [41, 0, 0, 0, 0, 0, 0, 0], id="no note-off where the line ends"),
        pytest.param([(0, 3, 60), (0, 5, 64)], [45, 0, 0, 0, 0, 1, 0, 0], id="the highest of a chord"),
        pytest.param([(0, 6, 60), (2, 4, 62)], [41, 0, 43, 0, 1, 0, 0, 0], id="a new note cuts the sounding one"),
        pytest.param([(0, 2, 60), (2, 4, 60)], [41, 0, 41, 0, 1, 0, 0, 0], id="no note-off under an onset"),
        pytest.param([(0, 4, 60), (0, 2, 60)], [41, 0, 0, 0, 1, 0, 0, 0], id="the first of two equal notes"),
        pytest.param([(0, 2, 20), (0, 2, 109)], [0] * 8, id="pitches out of range"),
        pytest.param([(1, 3, 21), (4, 6, 108)], [0, 2, 0, 1, 89, 0, 1, 0], id="the extreme pitches"),
        pytest.param([(6, 9, 60), (8, 9, 60)], [0, 0, 0, 0, 0, 0, 41, 0], id="notes beyond the line"),
        pytest.param([], [0] * 8, id="silence"),
    ],
)
def test_line_tokens(notes, expected):
    start, end, pitch = np.array(notes, int).reshape(-1, 3).T
    tokens = events.line_tokens(start, end, pitch, 8)
    assert tokens.dtype == np.uint16
    assert tokens.tolist() == expected


@pytest.mark.parametrize("seed", range(20))
def test_line_survives_the_round_trip(seed):
    line = random_line(np.random.default_rng(seed))
    np.testing.assert_array_equal(events.line_tokens(*events.line_notes(line), len(line)), line)


def test_note_off_that_ends_nothing_is_ignored():
    start, end, pitch = events.line_notes([1, 0, 41, 1, 0, 1, 43, 0])
    assert list(zip(start, end, pitch, strict=True)) == [(2, 3, 60), (6, 8, 62)]


def test_every_drum_mask_survives_the_round_trip():
    masks = np.arange(events.DRUM_CLASSES)
    np.testing.assert_array_equal(events.drum_tokens(*events.drum_hits(masks), len(masks)), masks)


def test_drum_tokens_merge_groups_and_drop_what_has_none():
    tokens = events.drum_tokens([0, 0, 0, 1, 4], [35, 36, 51, 90, 36], 4)
    assert tokens.dtype == np.uint16
    assert tokens.tolist() == [1 | 256, 0, 0, 0]


def test_notes_are_those_of_magenta():
    golden = np.load(DATA / "inverse.npz")
    columns = ("sequence", "instrument", "program", "is_drum", "pitch", "velocity", "start", "end")
    notes = dict(zip(columns, golden["notes"].T.astype(int), strict=True))
    assert len(golden["tokens"]) == 33
    for sequence, window in enumerate(golden["tokens"]):
        for column, instrument in enumerate((0, 1, 9)):
            own = (notes["sequence"] == sequence) & (notes["instrument"] == instrument)
            expected = sorted(zip(*(notes[name][own] for name in ("start", "end", "pitch")), strict=True))
            if instrument == 9:
                step, pitch = events.drum_hits(window[:, column])
                found = zip(step, step + 1, pitch, strict=True)
            else:
                found = zip(*events.line_notes(window[:, column]), strict=True)
            assert sorted(found) == expected, f"window {sequence}, {events.TRACKS[column]}"


@pytest.fixture
def windows():
    return np.load(DATA / "inverse.npz")["tokens"]


def pitches(tokens):
    return np.where(tokens[..., :2] >= events.FIRST_PITCH, tokens[..., :2] + events.MIN_PITCH - events.FIRST_PITCH, 0)


@pytest.mark.parametrize("semitones", [-30, -12, -5, 0, 1, 6, 12, 40])
def test_transpose_shifts_pitches_and_nothing_else(windows, semitones):
    before = windows.copy()
    shifted = events.transpose(windows, semitones)
    np.testing.assert_array_equal(windows, before)
    assert shifted.dtype == windows.dtype
    np.testing.assert_array_equal(shifted[..., 2], windows[..., 2])
    np.testing.assert_array_equal(np.minimum(shifted, 2)[..., :2], np.minimum(windows, 2)[..., :2])
    sounding = pitches(windows) > 0
    wanted, got = pitches(windows)[sounding].astype(int) + semitones, pitches(shifted)[sounding].astype(int)
    assert ((got >= events.MIN_PITCH) & (got <= events.MAX_PITCH)).all()
    stays = (wanted >= events.MIN_PITCH) & (wanted <= events.MAX_PITCH)
    np.testing.assert_array_equal(got[stays], wanted[stays])
    assert ((got - wanted) % 12 == 0).all()
    assert (abs(got - wanted)[~stays] < abs(semitones) + 12).all()


def test_transpose_brings_a_pitch_back_by_one_octave():
    tokens = np.array([[2, 89, 511], [1, 0, 5]], np.uint16)
    assert events.transpose(tokens, 1).tolist() == [[3, 78, 511], [1, 0, 5]]
    assert events.transpose(tokens, -1).tolist() == [[13, 88, 511], [1, 0, 5]]


def test_transpose_by_one_value_a_window(windows):
    semitones = np.arange(len(windows)) % 12 - 6
    expected = [events.transpose(window, by) for window, by in zip(windows, semitones, strict=True)]
    np.testing.assert_array_equal(events.transpose(windows, semitones), expected)


def test_held_pitches_follow_notes_and_rests():
    tokens = np.array([0, 41, 0, 1, 0, 43, 44, 0])
    np.testing.assert_array_equal(events.held_pitches(tokens), [-1, 60, 60, -1, -1, 62, 63, 63])
    np.testing.assert_array_equal(events.held_pitches(np.stack([tokens] * 2)), [events.held_pitches(tokens)] * 2)
    np.testing.assert_array_equal(events.held_tokens(tokens) > 0, events.held_pitches(tokens) >= 0)
