"""Pictures of songs: every note in its colour and place, errors in one line."""

import os
import sys

import numpy as np
import pytest
import symusic

import musicvae_jax
from surrogate.rendering import plot

matplotlib = pytest.importorskip("matplotlib")


def track(notes, is_drum=False):
    track = symusic.Track(is_drum=is_drum)
    track.notes.extend([symusic.Note(start, length, pitch, 80) for start, length, pitch in notes])
    return track


@pytest.fixture
def band():
    """Other, melody, bass and drums; a bar of a quarter, sixteen of four, one of three."""
    score = symusic.Score(480)
    score.tracks = [
        track([(480, 1920, 60)]),
        track([(0, 480, 72), (480 + 7 * 1920 + 13, 700, 74)]),
        track([(480 + 15 * 1920, 1920 + 1440, 40)]),
        track([(480, 120, 36), (480 + 16 * 1920, 120, 49), (960, 120, 3)], is_drum=True),
    ]
    return (
        score,
        ["other", "melody", "bass", "drums"],
        np.array([0, *(480 + 1920 * np.arange(17)), 480 + 16 * 1920 + 1440]),
    )


@pytest.fixture
def figures(monkeypatch):
    """What is drawn, as figures that one can look into."""
    figures = []
    save = plot._save

    def keep(figure, path, **settings):
        figures.append(figure)
        save(figure, path, **settings)

    monkeypatch.setattr(plot, "_save", keep)
    return figures


def drawings(band):
    """Each kind of picture, as a function of its path."""
    rows = {"a": {"r2": {"value": 0.5, "lo": 0.4, "hi": 0.7}, "kl": {"value": np.nan, "lo": None, "hi": None}}, "b": {}}
    return [
        lambda path: plot.song(*band, path),
        lambda path: plot.rolls({"silence": np.zeros((32, 3), np.uint16), "notes": np.full((16, 3), 40)}, path),
        lambda path: plot.bars(rows, ["r2", "kl"], path),
    ]


def drawn(axis, kind):
    """The collections of a kind: PolyCollection notes, PathCollection drum hits, LineCollection bar lines."""
    return [found for found in axis.collections if type(found).__name__ == kind]


def boxes(axis):
    """(left, right, pitch, colour) of each note."""
    from matplotlib.colors import to_hex

    found = []
    for notes in drawn(axis, "PolyCollection"):
        for path in notes.get_paths():
            (left, low), (right, high) = path.vertices.min(0), path.vertices.max(0)
            found.append((left, right, (low + high) / 2, to_hex(notes.get_facecolor()[0])))
    return found


def test_notes_stand_where_they_sound_in_the_colour_of_their_role(band, figures, tmp_path):
    score, roles, bar_ticks = band
    plot.song(score, roles, bar_ticks, tmp_path / "song.png", title="Half a $ and a \udcff")
    assert (tmp_path / "song.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    (figure,) = figures
    notes, drums, late_notes, late_drums = figure.axes
    grey, red, blue = "#bfbfbf", "#d62728", "#1f77b4"
    assert boxes(notes) == [
        (480, 2400, 60, grey),
        (0, 480, 72, red),
        (480 + 7 * 1920 + 13, 480 + 7 * 1920 + 713, 74, red),
    ]
    cut = 480 + 15 * 1920
    assert boxes(late_notes) == [(cut, cut + 1920 + 1440, 40, blue)]
    assert figure._suptitle.get_text() == "Half a $ and a ?"
    for axis, hits in ((drums, [(480 + 36, 0)]), (late_drums, [(480 + 16 * 1920 + 36, 7)])):
        places = [tuple(place) for found in drawn(axis, "PathCollection") for place in found.get_offsets()]
        assert places == hits, "a drum of no group has no lane"
        assert [label.get_text() for label in axis.get_yticklabels()] == list(plot.DRUM_NAMES)


def test_chords_stand_where_they_begin_and_each_c_is_named(band, figures, tmp_path):
    score, roles, bar_ticks = band
    late = int(bar_ticks[16])
    plot.song(score, roles, bar_ticks, tmp_path / "a.png", chords=[(0, "Am"), (2400, "G7$/B$"), (late + 960, "F")])
    first, _, second, _ = figures[0].axes
    assert [(text.get_position()[0], text.get_text()) for text in first.texts] == [(0, "Am"), (2400, "G7$/B$")]
    expected = [(late, "G7$/B$"), (late + 960, "F")]
    assert [(text.get_position()[0], text.get_text()) for text in second.texts] == expected
    labels = [label.get_text() for label in first.get_yticklabels()]
    assert dict(zip(first.get_yticks().tolist(), labels, strict=True)) == {48: "C3", 60: "C4", 72: "C5"}


def test_bars_are_as_wide_as_they_are_long(band, figures, tmp_path):
    score, roles, bar_ticks = band
    plot.song(score, roles, bar_ticks, tmp_path / "song.svg")
    assert (tmp_path / "song.svg").read_text().count("<svg") == 1
    notes, drums, late_notes, late_drums = figures[0].axes
    assert drums.get_xticks().tolist() == bar_ticks[:16].tolist()
    assert [label.get_text() for label in drums.get_xticklabels()] == [str(bar) for bar in range(1, 17)]
    assert [label.get_text() for label in late_drums.get_xticklabels()] == ["17", "18"]
    width = bar_ticks[16] - bar_ticks[0]
    assert notes.get_xlim() == (0, width) and late_notes.get_xlim() == (bar_ticks[16], bar_ticks[16] + width)
    (lines,) = drawn(late_notes, "LineCollection")
    assert [segment[0][0] for segment in lines.get_segments()] == bar_ticks[16:].tolist()


def test_long_songs_get_longer_rows(band, figures, tmp_path, monkeypatch):
    monkeypatch.setattr(plot, "MAX_ROWS", 2)
    score, roles, _ = band
    plot.song(score, roles, 1920 * np.arange(101), tmp_path / "song.png", bars_per_row=4)
    assert len(figures[0].axes) == 4
    numbers = [int(label.get_text()) for label in figures[0].axes[3].get_xticklabels()]
    assert numbers == list(range(51, 101, 2)), "every second, for want of room"


def test_a_song_without_notes_and_further_percussion(figures, tmp_path):
    score = symusic.Score(480)
    score.tracks = [track([]), track([(0, 120, 38)], is_drum=True)]
    plot.song(score, ["melody", "other"], [0, 1920], tmp_path / "song.pdf")
    assert (tmp_path / "song.pdf").read_bytes()[:5] == b"%PDF-"
    assert not boxes(figures[0].axes[0])


@pytest.mark.parametrize("name", ["song.midi", "song", ".png"])
def test_unknown_suffix_ends_in_one_line(name, band, tmp_path):
    with pytest.raises(musicvae_jax.FileError, match=r"^[^\n]*end it in \.png, \.svg or \.pdf$"):
        plot.song(*band, tmp_path / name)
    assert not os.listdir(tmp_path)


def test_no_folder_ends_in_one_line(band, tmp_path):
    with pytest.raises(musicvae_jax.FileError, match="there is no folder"):
        plot.song(*band, tmp_path / "no" / "song.png")


def test_without_matplotlib(band, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    for draw in drawings(band):
        with pytest.raises(musicvae_jax.FileError, match=r"a.png: needs matplotlib; pip install '\.\[media\]'$"):
            draw(tmp_path / "a.png")


def test_letters_the_font_has_not_are_no_warning(band, tmp_path, recwarn):
    plot.song(*band, tmp_path / "song.png", title="\U0001f3b5 \ud55c")
    assert not [str(found.message) for found in recwarn if "Glyph" in str(found.message)]


def test_a_notebooks_backend_and_figures_stay(band, tmp_path):
    from matplotlib import pyplot

    before = matplotlib.get_backend()
    matplotlib.use("svg")
    try:
        own = pyplot.figure()
        for draw in drawings(band):
            draw(tmp_path / "a.png")
            assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
            assert matplotlib.get_backend() == "svg"
            assert pyplot.get_fignums() == [own.number] and pyplot.gcf() is own
    finally:
        pyplot.close("all")
        matplotlib.use(before)
