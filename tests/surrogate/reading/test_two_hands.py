"""Of two hands on one track the upper one's line is the melody, and what is below it tells beats and chords."""

import numpy as np
import pytest
import symusic

from musicvae_jax.events import line_notes
from surrogate.reading import beat_finder, midi_chords, two_hands
from surrogate.reading.melody import read_melody
from tests.melodies import write_midi
from tests.two_hands import BAR, BEAT, CHORDS, columns, left_hand, right_hand


@pytest.mark.parametrize("kind", ["block", "broken", "stride"])
@pytest.mark.parametrize("jitter", [0, 20])
def test_the_upper_hand_is_told_from_the_lower(kind, jitter):
    rng, right, left = np.random.default_rng(0), right_hand(), left_hand(kind)
    order = rng.permutation(len(right) + len(left))
    start, end, pitch = (values[order] for values in columns(right + left))
    start = np.maximum(start + np.rint(rng.normal(0, jitter, len(start))).astype(int), 0)
    np.testing.assert_array_equal(two_hands.is_melody(start, end, pitch, BEAT), order < len(right))


def test_what_the_upper_hand_plays_under_its_line_is_no_melody():
    right = right_hand()
    thirds = [(start, end, pitch - 4, 90) for start, end, pitch, _ in right]
    found = two_hands.is_melody(*columns(right + thirds + left_hand("block")), BEAT)
    np.testing.assert_array_equal(np.flatnonzero(found), np.arange(len(right)))


@pytest.mark.parametrize("below", [None, 3, 12])
def test_one_hand_is_all_melody(below):
    """A line, a line in thirds, of which those that begin together are settled later, and one in octaves."""
    notes = right_hand()
    if below is not None:
        notes = notes + [(start, end, pitch - below, velocity) for start, end, pitch, velocity in notes]
    assert two_hands.is_melody(*columns(notes), BEAT).all()


def test_a_line_that_leaps_between_registers_is_one():
    notes = [(n * BEAT, (n + 1) * BEAT, (76, 52)[n % 2] + n % 5, 90) for n in range(64)]
    assert two_hands.is_melody(*columns(notes), BEAT).all()


def test_the_player_has_the_last_word(tmp_path):
    both = columns(right_hand() + left_hand("block"))
    assert two_hands.is_melody(*both, BEAT, hands=1).all()
    thirds = columns(right_hand() + [(start, end, pitch - 9, 90) for start, end, pitch, _ in right_hand()])
    assert two_hands.is_melody(*thirds, BEAT).all() and not two_hands.is_melody(*thirds, BEAT, hands=2).all()
    path = write_midi(tmp_path / "both.mid", right_hand() + left_hand("block"))
    asked = read_melody(path, hands=1)
    assert not len(asked.below[0]) and "hand" not in asked.reason
    assert (asked.tokens != read_melody(path).tokens).any()


def test_one_note_is_a_melody():
    assert two_hands.is_melody(*columns([(0, BEAT, 60, 90)]), BEAT).all()


@pytest.mark.parametrize("kind", ["block", "broken", "stride"])
def test_a_file_of_both_hands_is_read_as_that_of_the_upper_one(kind, tmp_path):
    alone = read_melody(write_midi(tmp_path / "alone.mid", right_hand()))
    both = read_melody(write_midi(tmp_path / "both.mid", right_hand() + left_hand(kind)))
    np.testing.assert_array_equal(both.tokens, alone.tokens)
    assert len(both.below[0]) == len(left_hand(kind)) and not len(alone.below[0])
    assert both.reason.endswith("the upper of two hands") and "hand" not in alone.reason
    assert len(line_notes(both.tokens)[0]) == len(right_hand())


@pytest.mark.parametrize("kind", ["block", "broken", "stride"])
def test_the_lower_hand_gives_the_chords(kind, tmp_path):
    song = read_melody(write_midi(tmp_path / "both.mid", right_hand() + left_hand(kind)))
    chords = midi_chords.find(song)
    assert chords.origin == "heard on the hand below the melody"
    played = [chord.symbol for chord in chords.at([bar * BAR for bar in range(16)])]
    assert played == [CHORDS[bar % 4] for bar in range(16)]


@pytest.mark.parametrize(
    ("program", "below", "origin"),
    [(0, 0, 'heard on track 2 "left"'), (0, -12, None), (0, 20, None), (25, 0, None)],
    ids=["a left hand", "as high as the melody", "below a piano's keys", "a guitar"],
)
def test_a_left_hand_on_its_own_track_gives_chords(program, below, origin, tmp_path):
    score = symusic.Score(str(write_midi(tmp_path / "right.mid", right_hand())))
    notes = [(start, end, pitch - 2 * below, 60) for start, end, pitch, _ in left_hand("broken")]
    score.tracks.extend(symusic.Score(str(write_midi(tmp_path / "left.mid", notes))).tracks)
    score.tracks[1].name = "left"
    for track in score.tracks:
        track.program = program
    score.dump_midi(tmp_path / "both.mid")
    chords = midi_chords.find(read_melody(tmp_path / "both.mid", track=1))
    assert (chords and chords.origin) == origin


def test_both_hands_tell_where_beats_are(monkeypatch, tmp_path):
    heard = []
    find = beat_finder.find

    def listening(*played, others=(), qpm=None):
        heard.append([len(track[0]) for track in (played, *others)])
        return find(*played, others=others, qpm=qpm)

    monkeypatch.setattr(beat_finder, "find", listening)
    right, left = right_hand(), left_hand("broken")
    read_melody(write_midi(tmp_path / "both.mid", right + left), beats="played")
    assert heard == [[len(right), sum(start < right[-1][1] for start, *_ in left)]]
