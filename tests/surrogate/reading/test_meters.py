"""Which of a file's time signatures count, and from where on."""

import pytest

from surrogate.reading import meters

BEAT, END = 480, 40 * 480


def written(*signatures):
    return meters.written(signatures, BEAT, END)


def test_four_four_unless_the_file_says_otherwise():
    assert written() == ([(0, 4, 4)], None)
    assert written((0, 3, 4), (2880, 4, 4)) == ([(0, 3, 4), (2880, 4, 4)], None)
    assert written((0, 2, 4), (0, 3, 4), (END, 2, 4)) == ([(0, 3, 4)], None), "the last of one tick"


@pytest.mark.parametrize("nonsense", [(0, 4), (68, 64), (1, 128), (99, 4), (1, 32), (1, 16)])
def test_nonsense_is_as_absent(nonsense):
    assert written((0, *nonsense)) == ([(0, 4, 4)], None)
    assert written((0, 3, 4), (1440 * 2, *nonsense)) == ([(0, 3, 4)], None)


@pytest.mark.parametrize("late", [-20, 1, 30])
def test_a_meter_a_few_ticks_off_a_bar_line_is_at_it(late):
    assert written((0, 4, 4), (3840 + late, 3, 4)).meters == [(0, 4, 4), (3840, 3, 4)]
    assert written((max(late, 0), 3, 4)) == ([(0, 3, 4)], None)
    assert written((3840 + 240, 3, 4)).meters == [(0, 4, 4), (3840 + 240, 3, 4)]


@pytest.mark.parametrize(("first", "beats"), [((1, 8), 0.5), ((1, 4), 1), ((3, 8), 1.5), ((3, 4), 3), ((1, 16), 0.25)])
def test_a_short_first_bar_is_a_pickup(first, beats):
    end_of_first = round(beats * BEAT)
    assert written((0, *first), (end_of_first, 4, 4)) == ([(0, 4, 4)], beats)
    assert written((0, 4, 4), (end_of_first, 4, 4)) == ([(0, 4, 4)], beats)


def test_bars_around_a_repeat_sign_are_one():
    song = (0, 1, 8), (240, 4, 4), (4080, 7, 8), (5760, 1, 8), (6000, 4, 4), (9840, 7, 8)
    assert written(*song) == ([(0, 4, 4), (4080, 4, 4), (6000, 4, 4), (9840, 7, 8)], 0.5)
    pair = written((0, 4, 4), (1920, 3, 4), (3360, 2, 4), (4320, 4, 4))
    assert len(pair.meters) == 4, "3/4 and 2/4 make no bar"


def test_less_than_a_beat_belongs_to_the_bar_before():
    assert written((0, 4, 4), (1920, 1, 8), (2160, 4, 4)).meters == [(0, 4, 4), (2160, 4, 4)]


@pytest.mark.parametrize("text", ["3/4", "6/8", " 7/8:2+2+3", "5/4:3+2"])
def test_a_meter_is_read_as_it_is_told(text):
    assert str(meters.parse(text)) == text.strip()


@pytest.mark.parametrize("text", ["", "3", "3/5", "0/4", "1/16", "99/4", "7/8:2+2", "7/8:5+2", "-3/4", "3/4,6/8"])
def test_what_is_no_meter_is_refused(text):
    with pytest.raises(ValueError, match="^must"):
        meters.parse(text)
