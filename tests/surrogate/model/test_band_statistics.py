"""What 16 bars of bass and drums are like, in numbers."""

import numpy as np
import pytest

from musicvae_jax.events import CLOSED_HAT, KICK, SNARE, transpose
from surrogate.model import band_statistics
from surrogate.model.band_statistics import STATISTICS, statistics, windows
from tests.bars import random_bars


def groove(bars=16, *, pitch=40):
    """A kick on each beat, a snare on two and four, a hat on eighths; a bass of one note on each beat."""
    tokens = np.zeros((bars, 16, 3), np.uint16)
    tokens[:, ::4, 0], tokens[:, ::4, 1] = 60, pitch
    tokens[:, ::2, 2] = CLOSED_HAT
    tokens[:, ::4, 2] |= KICK
    tokens[:, 4::8, 2] |= SNARE
    return tokens.reshape(-1, 3)


def test_windows_end_with_the_song_and_short_songs_fill_one():
    song = np.arange(40 * 16)[:, None] * np.ones(3, int)
    starts = windows(song)[:, 0, 0]
    assert starts.tolist() == [0, 256, 640 - 256]
    [short] = windows(song[: 5 * 16])
    assert short.shape == (256, 3) and short[80, 0] == 0 and short[79, 0] == 79


def test_each_window_has_its_own_statistics():
    many = random_bars(16 * 70)[0].reshape(70, 256, 3)
    found = statistics(many, 3)
    assert found.shape == (70, STATISTICS) and found.dtype == np.float32 and np.isfinite(found).all()
    np.testing.assert_array_equal(found[66:67], statistics(many[66:67], 3))
    assert statistics(many[:0], 0).shape == (0, STATISTICS)


def test_a_key_is_no_difference_but_for_the_register():
    song = random_bars(16)[0].reshape(1, 256, 3)
    song[..., :2] = np.where(song[..., :2] >= 2, 30 + song[..., :2] % 24, song[..., :2])
    in_c, in_d = statistics(song, 0), statistics(transpose(song, 2), -2)
    assert np.abs(in_c - in_d)[0].max() == pytest.approx(2 / 12, abs=1e-4)
    assert (np.abs(in_c - in_d)[0] > 1e-4).sum() == 1


def test_silence_has_statistics():
    assert np.isfinite(statistics(np.zeros((2, 256, 3), np.uint16), 0)).all()


@pytest.mark.parametrize(
    "change, groups",
    [
        (lambda song: song[5 * 16 + 2 : 5 * 16 + 3, 2].__ior__(KICK), {"_places", "_returns", "_together"}),
        (lambda song: song[5 * 16 : 5 * 16 + 1, 1].__iadd__(12), {"_line"}),
        (lambda song: song[5 * 16 : 5 * 16 + 1, 1].__iadd__(7), {"_line", "_harmony", "_returns"}),
    ],
)
def test_what_changes_is_told_by_its_group(change, groups, monkeypatch):
    before, after = groove()[None], groove()[None].copy()
    change(after[0])
    for name in ("_places", "_returns", "_line", "_harmony", "_together"):
        of_group, heard = getattr(band_statistics, name), []
        monkeypatch.setattr(band_statistics, name, _overheard(of_group, heard))
        for song in (before, after):
            band_statistics._statistics(song, 0)
        one, other = heard
        assert (not np.allclose(one, other)) == (name in groups), name


def _overheard(of_group, heard):
    def told(*args):
        values = of_group(*args)
        heard.append(np.concatenate([np.ravel(x) for x in values]))
        return values

    return told
