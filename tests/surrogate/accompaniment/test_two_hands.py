"""A keyboard's two hands on one track: the band follows the right one's tune and the left one's chords."""

import pytest
import symusic

import surrogate
from tests import song_model
from tests.melodies import write_midi
from tests.two_hands import CHORDS, left_hand, right_hand


@pytest.fixture(scope="module")
def band():
    return surrogate.Accompanist(song_model.band())


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    notes = right_hand() + left_hand("stride")
    return write_midi(tmp_path_factory.mktemp("hands") / "hands.mid", notes)


def test_the_band_follows_both_hands(played, band, tmp_path):
    song = band.accompany(played, output=tmp_path / "band.mid")
    assert song.melody.reason.endswith("the upper of two hands")
    assert song.assumptions.chords == "heard on the hand below the melody"
    roots = {"C": 0, "F": 5, "G": 7, "Am": 9}
    assert [chord.root for chord in song.chords][:4] == [roots[name] for name in CHORDS]

    def notes(path):
        track = symusic.Score(str(path)).tracks[0]
        return [(note.time, note.duration, note.pitch, note.velocity) for note in track.notes]

    assert notes(tmp_path / "band.mid") == notes(played), "both hands stay as they were played"


def test_all_of_it_is_the_melody_where_that_is_asked(played, band):
    song = band.accompany(played, hands=1)
    assert "hand" not in song.melody.reason + song.assumptions.chords


@pytest.mark.parametrize("hands", [0, 3])
def test_hands_are_one_or_two(hands, played, band):
    with pytest.raises(ValueError, match=f"hands must be from 1 to 2, not {hands}"):
        band.accompany(played, hands=hands)
