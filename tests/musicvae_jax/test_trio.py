"""Trio windows: Magenta's, token for token, and what the options do to them."""

import mido
import numpy as np
import pytest

from musicvae_jax import events, midi
from musicvae_jax.trio import LACKS, survey, trio_windows
from tests.handmade_song import BAR, TICKS, HandmadeSong
from tests.paths import DATA

SYNTH = DATA / "synth"
GOLDEN = np.load(SYNTH / "golden.npz")
FILES = GOLDEN["files"].tolist()


def golden(name):
    counts = GOLDEN["n_per_file"]
    index = FILES.index(name)
    begin = counts[:index].sum()
    return GOLDEN["tokens"][begin : begin + counts[index]]


RICHEST = FILES[int(GOLDEN["n_per_file"].argmax())]


def test_the_golden_set_is_whole():
    assert sorted(FILES) == sorted(path.name for path in SYNTH.glob("*.mid"))
    assert len(FILES) == 48
    assert GOLDEN["n_per_file"].sum() == len(GOLDEN["tokens"]) == 399
    assert (GOLDEN["n_per_file"] == 0).sum() > 10


@pytest.mark.parametrize("name", FILES)
def test_windows_are_those_of_magenta(name):
    tokens = trio_windows(SYNTH / name)
    assert tokens.dtype == np.uint16
    np.testing.assert_array_equal(tokens, golden(name))


@pytest.mark.parametrize("max_windows", [0, 1, 7, 60, 1000])
def test_max_windows_takes_the_first(max_windows):
    assert len(golden(RICHEST)) == 60
    np.testing.assert_array_equal(trio_windows(SYNTH / RICHEST, max_windows), golden(RICHEST)[:max_windows])


def places(windows, among):
    """Where each window is among others, all different."""
    index = {window.tobytes(): place for place, window in enumerate(among)}
    assert len(index) == len(among)
    return [index[window.tobytes()] for window in windows]


def test_a_seed_draws_windows_and_keeps_their_order():
    draws = {seed: places(trio_windows(SYNTH / RICHEST, 9, seed=seed), golden(RICHEST)) for seed in range(20)}
    assert all(len(draw) == 9 and draw == sorted(set(draw)) for draw in draws.values())
    assert draws[3] == places(trio_windows(SYNTH / RICHEST, 9, seed=3), golden(RICHEST))
    assert len({tuple(draw) for draw in draws.values()}) == 20
    assert len(set().union(*draws.values())) > 50, "every window has its chance"
    np.testing.assert_array_equal(trio_windows(SYNTH / RICHEST, 60, seed=0), golden(RICHEST))
    np.testing.assert_array_equal(trio_windows(str(SYNTH / RICHEST), seed=0), golden(RICHEST))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "song.mid"


@pytest.fixture
def plain(tmp_path):
    """The five windows of the plain 20-bar song."""
    tokens = trio_windows(HandmadeSong().save(tmp_path / "plain.mid"))
    assert len(tokens) == len({window.tobytes() for window in tokens}) == 5
    return tokens


@pytest.mark.parametrize("grid", ["magenta", "beats"])
@pytest.mark.parametrize(
    ("hop_bars", "bars"), [(1, [0, 1, 2, 3, 4]), (2, [0, 2, 4]), (3, [0, 3]), (4, [0, 4]), (9, [0])]
)
def test_hop_keeps_the_windows_on_its_multiples(path, plain, grid, hop_bars, bars):
    tokens = trio_windows(HandmadeSong().save(path), hop_bars=hop_bars, grid=grid)
    np.testing.assert_array_equal(tokens, plain[bars])


def test_hop_holds_for_every_triple():
    every, fourth = golden(RICHEST), trio_windows(SYNTH / RICHEST, hop_bars=4)
    assert 0 < len(fourth) < len(every) / 2
    assert places(fourth, every) == sorted(places(fourth, every))
    np.testing.assert_array_equal(trio_windows(SYNTH / RICHEST, 3, hop_bars=4), fourth[:3])


def test_windows_of_the_plain_song(plain):
    for bar, window in enumerate(plain):
        beat = 4 * bar + np.arange(64)
        for column in (0, 1):
            assert (window[::4, column] == 36 + (7 * beat + 3 * column) % 40 - 21 + 2).all()
            assert (window[2::4, column] == events.NOTE_OFF).all()
            assert (window[1::2, column] == events.NO_EVENT).all()
        bit = events.DRUM_BIT_OF_PITCH[36 + (7 * beat + 6) % 40].astype(int)
        assert (window[::4, 2] == np.where(bit == events.NO_DRUM, 0, 1 << np.maximum(bit, 0))).all()
        assert (window[:, 2].reshape(64, 4)[:, 1:] == 0).all()


@pytest.mark.parametrize("tempo", [300001, 468750, 500000, 731707])
def test_any_steady_tempo_gives_the_same_windows(path, plain, tempo):
    song = HandmadeSong(tempos=[(0, tempo)]).save(path)
    np.testing.assert_array_equal(trio_windows(song), plain)
    np.testing.assert_array_equal(trio_windows(song, grid="beats"), plain)


def test_beats_ignore_tempo_changes(path, plain):
    song = HandmadeSong(tempos=[(0, 500000), (10 * BAR, 400000), (10 * BAR + 777, 450000)]).save(path)
    assert len(trio_windows(song)) == 0
    np.testing.assert_array_equal(trio_windows(song, grid="beats"), plain)


@pytest.mark.parametrize("grid", ["magenta", "beats"])
def test_only_stretches_of_four_beats_are_used(path, plain, grid):
    waltz = 20 * 3 * TICKS
    song = HandmadeSong(bars=0, meters=[(0, 3, 4), (waltz, 4, 4), (waltz + 20 * BAR, 3, 4)])
    for beats, since in ((60, 0), (80, waltz), (60, waltz + 20 * BAR)):
        song.play(beats, since)
    np.testing.assert_array_equal(trio_windows(song.save(path), grid=grid), plain)


@pytest.mark.parametrize("grid", ["magenta", "beats"])
@pytest.mark.parametrize(
    ("meter", "windows"), [((2, 2), 5), ((4, 4), 5), ((8, 8), 5), ((3, 4), 0), ((6, 8), 0), ((0, 4), 0)]
)
def test_a_bar_must_be_16_steps(path, plain, grid, meter, windows):
    song = HandmadeSong(meters=[(0, *meter)]).save(path)
    np.testing.assert_array_equal(trio_windows(song, grid=grid), plain[:windows])


def test_a_note_over_a_change_ends_there(path):
    song = HandmadeSong(bars=16, lines=False, tempos=[(0, 500000), (16 * BAR, 400000)])
    for part in range(3):
        for bar in range(16):
            song.note(part, bar * BAR, bar * BAR + (BAR + 240 if bar == 15 else 240), 40)
    (window,) = trio_windows(song.save(path))
    assert window[240:, 0].tolist() == [40 - 21 + 2] + [0] * 15
    assert len(trio_windows(path, grid="beats")) == 2


def test_beats_round_half_a_step_up(path):
    song = HandmadeSong(bars=16)
    for tick, pitch in ((60, 100), (BAR + 59, 101), (2 * BAR - 60, 102)):
        song.note(0, tick, tick + 120, pitch)
    window = trio_windows(song.save(path), grid="beats")[0]
    found = {int(token) - 2 + 21: step for step, token in enumerate(window[:, 0]) if token >= 100 - 21 + 2}
    assert found == {100: 1, 101: 16, 102: 32}


def test_a_song_without_windows_tells_what_it_lacks(path):
    def lacks(song):
        return survey(song.save(path)).lacks()

    found = [lacks(HandmadeSong(bars=10))]
    for part in range(3):
        song = HandmadeSong()
        song.parts[part] = []
        found.append(lacks(song))
    apart = HandmadeSong(bars=20)
    apart.parts[2] = []
    apart.note(2, 0, 240, 36)  # the drums play a beat and no more
    found.append(lacks(apart))
    assert found == ["no 16 bars of 4/4", "no melody", "no bass", "no drums", "no 16 bars where all three play"]
    assert set(found) == set(LACKS)
    assert lacks(HandmadeSong()) is None and len(survey(path)) == len(trio_windows(path)) == 5


@pytest.mark.parametrize("tempo", [500000, 517241, 333333, 821917])
def test_a_song_of_one_tempo_has_the_same_windows_on_either_grid(path, tempo):
    song = HandmadeSong(bars=24, tempos=((0, tempo),), meters=((0, 4, 4),))
    for beat in range(96):  # between two steps, where rounding decides
        song.note(0, beat * TICKS + 60, beat * TICKS + 180, 90 + beat % 10)
    song.save(path)
    np.testing.assert_array_equal(trio_windows(path, grid="beats"), trio_windows(path))


@pytest.mark.parametrize(
    ("kind", "messages", "expected"),
    [
        ("one note-off ends all", [(0, 1), (240, 1), (480, 0), (960, 0)], [(0, 2), (2, 4)]),
        ("a note-on at the note-off stays", [(0, 1), (480, 1), (480, 0), (960, 0)], [(0, 4), (4, 8)]),
        ("a note-on behind the note-off stays", [(0, 1), (480, 0), (480, 1), (960, 0)], [(0, 4), (4, 8)]),
        ("a note of no length is dropped", [(0, 1), (0, 0), (480, 1), (960, 0)], [(4, 8)]),
        (
            "kept notes end at the next",
            [(0, 1), (240, 1), (240, 0), (480, 1), (480, 0), (720, 0)],
            [(0, 2), (2, 4), (4, 6)],
        ),
        ("kept notes go at a second note-off", [(0, 1), (480, 1), (480, 0), (480, 0), (960, 0)], [(0, 4)]),
        ("what nothing ends is dropped", [(0, 1), (480, 0), (960, 1)], [(0, 4)]),
        ("a stray note-off", [(0, 0), (240, 1), (480, 0), (960, 0)], [(2, 4)]),
    ],
)
def test_notes_are_paired_as_pretty_midi_does(path, kind, messages, expected):
    song = HandmadeSong(bars=16, lines=False)
    for part in (0, 1, 2):
        for bar in range(1 if part == 0 else 0, 16):
            song.note(part, bar * BAR, bar * BAR + 240, 40)
    for tick, on in messages:
        song.add(0, tick, "note_on", note=70, velocity=90 * on)
    window = trio_windows(song.save(path))[0]
    start, end, pitch = events.line_notes(window[:, 0])
    found = [(s, e) for s, e, p in zip(start, end, pitch, strict=True) if p == 70]
    assert found == expected, kind


def test_a_note_belongs_to_the_program_at_its_end(path):
    song = HandmadeSong(bars=16)
    song.add(0, 40 * TICKS + 100, "program_change", program=50)
    tokens = trio_windows(song.save(path))
    assert len(tokens) == 0, "from there on the melody is a synthesizer's, which plays no part"
    song.add(0, 40 * TICKS + 200, "program_change", program=0)
    np.testing.assert_array_equal(trio_windows(song.save(path)), trio_windows(HandmadeSong(bars=16).save(path)))


def test_instruments_are_numbered_as_their_first_notes_end(path):
    song = HandmadeSong(bars=16)
    for bar in range(16):
        song.note(0, bar * BAR, bar * BAR + (120 if bar else 300), 90, channel=3)
        song.note(0, bar * BAR, bar * BAR + 60, 91, channel=2)
    first = [int(window[0, 0]) - 2 + 21 for window in trio_windows(song.save(path))]
    assert first == [91, 36, 90]


def test_magenta_takes_the_tempo_of_the_first_track_only(path, plain):
    song = HandmadeSong(tempos=[(0, 500000), (10 * BAR, 400000)])
    assert len(trio_windows(song.save(path))) == 0
    np.testing.assert_array_equal(trio_windows(song.save(path, meta_track=2)), plain)


@pytest.mark.parametrize("grid", ["magenta", "beats"])
def test_gaps_of_two_bars_are_bridged(path, grid):
    for silent, windows in ((4, 1), (5, 0)):
        song = HandmadeSong(bars=16)
        song.parts[1] = [entry for entry in song.parts[1] if not 5 * BAR <= entry[2] < (5 + silent) * BAR]
        song.parts[1].insert(0, (1, mido.Message("program_change", channel=1, program=33), 0))
        assert len(trio_windows(song.save(path), grid=grid)) == windows


@pytest.mark.parametrize("missing", range(3))
def test_all_three_parts_are_needed(path, missing):
    song = HandmadeSong()
    song.parts[missing] = []
    assert trio_windows(song.save(path)).shape == (0, events.WINDOW_STEPS, 3)


@pytest.mark.parametrize(("part", "pitch"), [(0, 20), (0, 109), (1, 20), (1, 109), (2, 21), (2, 88)])
def test_a_part_needs_a_pitch_that_has_a_token(path, part, pitch):
    song = HandmadeSong()
    song.parts[part] = [(o, m.copy(note=pitch) if m.type != "program_change" else m, t) for o, m, t in song.parts[part]]
    assert len(trio_windows(song.save(path))) == 0


def test_lines_do_not_run_into_each_other(path):
    song = HandmadeSong(bars=16)
    for beat in range(64):
        song.note(0, beat * TICKS + 240, beat * TICKS + 480, 70, channel=2)
    for bar in range(1, 16):
        song.note(0, bar * BAR, bar * BAR + 240, 75, channel=3)
    melodies = [window[:, 0] for window in trio_windows(song.save(path))]
    assert [line[:4].tolist() for line in melodies] == [[17, 0, 1, 0], [0, 0, 51, 0], [0, 0, 0, 0]]


def test_fifteen_bars_are_too_few(path):
    assert len(trio_windows(HandmadeSong(bars=15).save(path))) == 0
    assert len(trio_windows(HandmadeSong(bars=16).save(path))) == 1


def test_a_score_counts_as_the_file_it_makes(path, plain):
    song = HandmadeSong().save(path)
    np.testing.assert_array_equal(trio_windows(midi.read(song)), plain)
    np.testing.assert_array_equal(trio_windows(midi.read(SYNTH / RICHEST), 2), golden(RICHEST)[:2])


@pytest.mark.parametrize("options", [{"grid": "bars"}, {"hop_bars": 0}, {"max_windows": -1}])
def test_options_out_of_range(options):
    (name,) = options
    with pytest.raises(ValueError, match=name):
        trio_windows(SYNTH / RICHEST, **options)
