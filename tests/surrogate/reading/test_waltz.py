"""A waltz whose file does not say so is heard; what goes in two or four is left alone; the player has the last word."""

import pytest

from surrogate.reading import waltz
from surrogate.reading.melody import read_melody
from surrogate.reading.meters import Meter
from tests import tunes
from tests.melodies import write_midi

WALTZES = [name for name, (meter, _) in tunes.TUNES.items() if meter == (3, 4)]
OTHERS = [name for name, (meter, _) in tunes.TUNES.items() if meter in ((2, 4), (4, 4))]


def song(path, name, signature, **choices):
    tune = tunes.notes(name, times=2)
    rows = zip(tune.start.tolist(), tune.end.tolist(), tune.pitch.tolist(), strict=True)
    return read_melody(write_midi(path, [(*row, 80) for row in rows], meter=signature), **choices)


@pytest.mark.parametrize("name", WALTZES)
def test_a_waltz_without_a_time_signature(name, tmp_path):
    melody = song(tmp_path / "song.mid", name, None)
    assert melody.meter == "3/4, as heard (the file names none)"
    assert set(melody.grid.bar_ticks[1:] - melody.grid.bar_ticks[:-1]) == {3 * tunes.QUARTER}
    assert song(tmp_path / "song.mid", name, None, meter=Meter(4, 4)).meter == "4/4, as asked"


@pytest.mark.parametrize("meter", [None, (4, 4)])
@pytest.mark.parametrize("name", OTHERS)
def test_tunes_in_two_and_four_are_no_waltzes(name, meter, tmp_path):
    assert "heard" not in song(tmp_path / "song.mid", name, meter).meter


def test_a_plain_waltz_that_says_four_four(tmp_path):
    notes = []
    for bar in range(32):
        pitch = 60 + (0, 4, 7, 5, 2, 7, 4, 0)[bar % 8]
        lengths = ((0, 2), (2, 1)) if bar % 2 else ((0, 1), (1, 1), (2, 1))
        notes += [(1440 * bar + 480 * a, 1440 * bar + 480 * (a + b), pitch + 12 * (a == 0) - a, 80) for a, b in lengths]
    melody = read_melody(write_midi(tmp_path / "song.mid", notes, meter=(4, 4)))
    assert melody.meter == "3/4, as heard (the file says 4/4)"
    other = read_melody(write_midi(tmp_path / "song.mid", notes, meter=(2, 4)))
    assert other.meter == "2/4", "a meter other than the programs' own is meant"


def test_of_few_notes_nothing_is_known():
    tune = tunes.notes(WALTZES[0])
    assert waltz.log_odds(tune.start[:20], tune.pitch[:20], tunes.QUARTER) < 0


def test_equal_steps_have_no_meter(tmp_path):
    notes = [(480 * i, 480 * (i + 1), (60, 67, 64, 72, 67, 65, 62, 71, 67)[i % 9], 80) for i in range(144)]
    assert read_melody(write_midi(tmp_path / "song.mid", notes, meter=None)).meter == "4/4 (the file names none)"
