"""The tempo that lasts longest."""

import symusic

from surrogate.reading import tempos


def score(*marks):
    song = symusic.Score(480)
    for tick, qpm in marks:
        song.tempos.append(symusic.Tempo(tick, qpm))
    return song.tempos


def test_the_tempo_that_most_ticks_have():
    assert tempos.longest(score((0, 90.0), (480, 140.0), (960, 90.0)), 1200) == 90
    assert tempos.longest(score((0, 90.0), (480, 140.0)), 4800) == 140


def test_before_the_first_mark_a_song_has_midis_default():
    assert tempos.longest(score(), 1000) == 120
    assert tempos.longest(score((900, 60.0)), 1000) == 120
    assert tempos.longest(score((0, 100.0), (5000, 60.0)), 1000) == 100


def test_tempos_in_words():
    assert tempos.in_words(144.0002, 144) == "144" and tempos.in_words(92.5, 50_000) == "92.5 to 50000"
    assert tempos.in_words(float("nan"), float("nan")) == "?"
