"""Whose beats a song is heard in: its file's, or those that it was played to without a click."""

import numpy as np
import pytest
import symusic

from surrogate.evaluation.free_playing import Line, perform_together, share_near, sung
from surrogate.reading import beat_finder, meters, onset_steps, song_time
from surrogate.reading.melody import read_melody
from surrogate.reading.song_time import FileTime, PlayedTime
from tests import free_playing
from tests.melodies import write_midi

BEAT = 480


def clicked(example, jitter=0.0, late=0.0, eighth=0.5, seed=0):
    """Ticks of an example's onsets to a click of 120 a minute: jitter and lag in seconds, place of second eighths."""
    beat, place = np.divmod(free_playing.line(example).first / 4, 1)
    beat = beat + np.interp(place, [0, 0.5, 1], [0, eighth, 1])
    strays = np.random.default_rng(seed).normal(late, jitter, len(beat))
    return np.maximum(np.rint(BEAT * (beat + 2 * strays)), 0).astype(int)


@pytest.mark.parametrize(
    "how", [{}, {"jitter": 0.01}, {"jitter": 0.025, "late": 0.07}, {"jitter": 0.01, "eighth": 0.62}]
)
@pytest.mark.parametrize("example", ["oh_susanna", "korobeiniki", "amazing_grace", "greensleeves"])
def test_what_was_played_to_a_click_is_left_alone(example, how):
    assert song_time.follows(clicked(example, **how), BEAT)


@pytest.mark.parametrize("qpm", [80, 93, 132, 150])
@pytest.mark.parametrize("example", ["oh_susanna", "korobeiniki", "mountain_king"])
def test_beats_of_free_playing_are_found(example, qpm):
    played = free_playing.play(example, qpm, seed=qpm)
    onset = np.rint(free_playing.TICKS_PER_SECOND * played.start).astype(int)
    assert not song_time.follows(onset, BEAT)
    found = beat_finder.find(played.start, played.end, played.pitch)
    assert share_near(found.seconds, played.beats) >= 0.9 and 0 < found.sure <= 1
    assert found.seconds[0] <= played.start.min() + 0.05 and found.seconds[-1] >= played.start.max() - 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("example", ["oh_susanna", "korobeiniki", "mountain_king"])
def test_a_singers_scoops_do_not_lead_astray(example, seed):
    rng = np.random.default_rng(seed)
    played = sung(free_playing.play(example, 100, seed), rng)
    assert share_near(beat_finder.find(*played[:3]).seconds, played.beats) >= 0.9


def test_fast_notes_are_no_ornaments():
    """A run of 16ths is played as it is, but for the last one if it leads into a longer note."""
    start = np.append(0.08 * np.arange(32), 3.0 + 0.5 * np.arange(20))
    end = np.append(start[1:], start[-1] + 0.5)
    heard = beat_finder.find(start, end, 60 + np.arange(len(start)) % 5)
    assert np.diff(heard.seconds).min() > 0.2 and heard.seconds[-1] >= start[-1] - 0.05


@pytest.mark.parametrize("example", ["oh_susanna", "korobeiniki"])
def test_twelve_bars_off_the_beat_leave_it_where_it_was(example):
    line = free_playing.line(example)
    bars = -(-int(line.last.max()) // 16)
    first, last = (np.append(steps, steps + 16 * bars) for steps in (line.first, line.last))
    late = np.where((first >= 16 * 12) & (first < 16 * 24), 2, 0)
    first = first + late
    kept = np.append(np.diff(first) > 0, True)
    twice = Line(first[kept], np.maximum(last + late, first + 1)[kept], np.tile(line.pitch, 2)[kept])
    played = perform_together([twice], np.random.default_rng(0), qpm=100)[0]
    assert share_near(beat_finder.find(*played[:3]).seconds, played.beats) > 0.95


def two_hands(seed):
    """A melody that rests for eight bars in its middle, and quarter notes of another hand, played freely."""
    line = free_playing.line("oh_susanna")
    rest = np.where(line.first >= line.last.max() // 2 // 16 * 16, 8 * 16, 0)
    melody = Line(line.first + rest, line.last + rest, line.pitch)
    first = np.arange(0, melody.last.max() - 4, 4)
    other = Line(first, first + 4, np.where(first % 8, 48, 41))
    return perform_together([melody, other], np.random.default_rng(seed))


@pytest.mark.parametrize("seed", [3, 6, 11])
def test_another_hand_counts_on_through_the_melodys_rests(seed, tmp_path):
    melody, other = two_hands(seed)
    alone = beat_finder.find(*melody[:3])
    assert share_near(alone.seconds, melody.beats) < 0.9
    together = beat_finder.find(*melody[:3], others=[other[:3]])
    assert share_near(together.seconds, melody.beats) > 0.93

    score, left = (symusic.Score(free_playing.write(tmp_path / "hand.mid", hand)) for hand in (melody, other))
    score.tracks.append(left.tracks[0])
    score.dump_midi(tmp_path / "hands.mid")
    song = read_melody(tmp_path / "hands.mid", track="1")
    beats = song.grid.ticks[:-1:4][song.grid.in_song[::4]] / free_playing.TICKS_PER_SECOND
    assert share_near(beats, melody.beats) > 0.93


def test_notes_of_two_hands_may_be_on_one_step():
    seconds = np.repeat(np.arange(24) * 0.5, 2) + np.tile([0, 0.03], 24)
    joins = np.tile([False, True], 24)
    step = onset_steps.likeliest(seconds, onset_steps.table(together=True), 120, joins=joins)
    np.testing.assert_array_equal(np.diff(step), [0, 4] * 23 + [0])
    assert (np.diff(onset_steps.likeliest(seconds, onset_steps.table(), 120)) > 0).all(), "of one hand they are not"


def test_playing_at_the_files_tempo_without_its_click_is_free():
    eighth = np.arange(256)
    strays = np.random.default_rng(0).normal(0, 10, len(eighth))
    onset = BEAT // 2 * eighth + BEAT // 4 * np.sin(2 * np.pi * eighth / 64)
    assert np.abs(np.exp(4j * np.pi * onset / BEAT).mean()) > 0.25, "it comes back to the file's beats"
    assert not song_time.follows(np.rint(onset + strays - onset.min() + 100).astype(int), BEAT)
    assert song_time.follows(np.rint(BEAT // 2 * eighth + strays + 100).astype(int), BEAT)


def test_a_few_notes_are_in_the_files_beats():
    stray = np.sort(np.random.default_rng(0).integers(0, 20_000, 15))
    assert song_time.follows(stray, BEAT)
    assert beat_finder.find(stray / 960, stray / 960 + 0.2, np.full(15, 60)) is None


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "start",
    [
        np.append(np.arange(0, 20, 0.01), 4000.0),
        np.append(np.arange(30) / 3, 2e5),
        np.arange(40) * 60.0,
        np.repeat(np.arange(20) * 0.4, 3),
        np.cumsum(np.random.default_rng(0).exponential(1, 200)),
    ],
    ids=["a trill, and an hour later", "days", "a note a minute", "chords", "chance"],
)
def test_whatever_is_played_has_rising_beats_or_none(start):
    found = beat_finder.find(start, start + 0.1, np.full(len(start), 60))
    assert found is None or (np.diff(found.seconds) > 0).all()


def test_the_tempo_that_is_told_decides_between_a_tempo_and_its_double():
    played = free_playing.play("oh_susanna", 93)
    for qpm in (93, 186):
        found = beat_finder.find(played.start, played.end, played.pitch, qpm=qpm)
        assert abs(found.qpm / qpm - 1) < 0.06


def test_a_smooth_curve_goes_through_even_notes_and_does_not_heed_one_stray():
    beat = np.arange(0, 20, 0.5)
    seconds = 1 + 0.6 * beat
    np.testing.assert_allclose(beat_finder.smooth_beats(seconds, beat), 1 + 0.6 * np.arange(21), atol=1e-3)
    seconds[20] += 0.3
    assert np.abs(beat_finder.smooth_beats(seconds, beat) - 1 - 0.6 * np.arange(21)).max() < 0.03
    for last in (1, 2, 3):  # beats
        few = np.array([0.0, last])
        np.testing.assert_allclose(
            beat_finder.smooth_beats(2 * few, few)[: last + 1], 2 * np.arange(last + 1), atol=1e-3
        )


def test_heard_and_file_time_are_each_others_inverse_beyond_the_ends_too():
    seconds = np.array([1.0, 1.5, 2.1, 2.6])
    time = PlayedTime(960 * seconds, BEAT, beat_finder.FoundBeats(seconds, 1.0))
    assert list(time.heard(np.array([960, 1440, 2016, 2496, 2976]))) == [0, 480, 960, 1440, 1920]
    assert list(time.in_file(np.array([-480, 0, 240, 1920]))) == [480, 960, 1200, 2976]
    assert time.heard(np.array([480]))[0] == -480
    late = FileTime(30)
    assert list(late.heard(np.array([20, 530]))) == [-10, 500] and late.in_file(late.heard(np.array([530])))[0] == 530


def test_free_playing_is_read_on_its_own_beats(tmp_path):
    played = free_playing.play("oh_susanna", 93, seed=1)
    path = free_playing.write(tmp_path / "phone.mid", played)
    song, in_file = read_melody(path), read_melody(path, beats="file")
    assert isinstance(song.time, PlayedTime) and isinstance(in_file.time, FileTime)
    steps = song.grid.ticks[:-1][song.grid.in_song]
    beats = song.grid.ticks[:-1:4][song.grid.in_song[::4]]
    assert share_near(beats / 960, played.beats) >= 0.9 and (np.diff(steps) > 0).all()
    assert share_near(in_file.grid.ticks[:-1:4] / 960, played.beats) < 0.5
    assert abs(song.tempo / 93 - 1) < 0.06 and in_file.tempo == 120
    pitches = free_playing.line("oh_susanna").pitch
    assert [note.pitch for note in song.track.notes] == list(pitches), "the melody is as it was"


def test_meter_and_pickup_that_are_asked_for_mean_found_beats(tmp_path):
    played = free_playing.play("amazing_grace", 90)
    path = free_playing.write(tmp_path / "sung.mid", played)
    song = read_melody(path, meter=meters.parse("3/4"), pickup=1, tempo=90)
    bars = song.grid.bar_ticks / 960
    assert np.allclose(np.diff(bars)[:10], 3 * 60 / 90, rtol=0.1) and song.pickup == 1
    assert share_near(bars, played.beats) >= 0.9


def test_time_in_frames_has_no_beats_of_its_own(tmp_path):
    played = free_playing.play("oh_susanna", 110)
    raw = bytearray(free_playing.write(tmp_path / "frames.mid", played).read_bytes())
    raw[12:14] = 256 - 24, 40  # as many ticks a second
    (tmp_path / "frames.mid").write_bytes(raw)
    song = read_melody(tmp_path / "frames.mid")
    assert isinstance(song.time, PlayedTime) and abs(song.tempo / 110 - 1) < 0.06
    assert isinstance(read_melody(tmp_path / "frames.mid", beats="file").time, FileTime)


def test_what_follows_its_beats_is_followed_unless_played_ones_are_asked_for(tmp_path):
    onset = clicked("oh_susanna", jitter=0.01)
    notes = [
        (int(a), int(b), 60 + i % 5, 80)
        for i, (a, b) in enumerate(zip(onset, np.append(onset[1:], onset[-1] + 480), strict=True))
        if b > a
    ]
    path = write_midi(tmp_path / "straight.mid", notes)
    assert isinstance(read_melody(path).time, FileTime)
    assert abs(read_melody(path, beats="played", tempo=120).tempo / 120 - 1) < 0.03
