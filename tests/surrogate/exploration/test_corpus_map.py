"""A map of a corpus: the plane, the colours, the picture and the page that names the song under the pointer."""

import csv

import numpy as np
import pytest

from surrogate.corpus.errors import DatasetError
from surrogate.exploration import colours, corpus_map
from surrogate.exploration.corpus_map import CorpusMap
from surrogate.exploration.latent_space import LatentSpace
from tests import chromium


def test_the_plane_is_that_of_the_largest_differences():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 5)) * [1, 9, 0.5, 4, 0.2] + 100
    places, shares = corpus_map.principal(x)
    assert abs(np.corrcoef(places[:, 0], x[:, 1])[0, 1]) > 0.99 and abs(np.corrcoef(places[:, 1], x[:, 3])[0, 1]) > 0.99
    assert shares == pytest.approx((81 / 98.3, 16 / 98.3), abs=0.05)


def test_songs_are_where_the_means_of_their_windows_are(window_corpus, model_folder):
    found = LatentSpace.load(model_folder).map(window_corpus, colour="windows")
    rows = {row["file"]: row["windows"] for row in csv.DictReader((window_corpus / "sources.csv").open())}
    assert dict(zip(found.names, found.values, strict=True)) == rows and found.places.shape == (len(rows), 2)
    assert found.facts.startswith(f"{len(rows)} songs by windows; the axes hold ")


def test_a_table_of_ones_own_colours_what_it_names(bar_corpus, tmp_path):
    space = LatentSpace.load()
    names = space.map(bar_corpus).names
    table = tmp_path / "genres.csv"
    table.write_text(f"file,genre\n{names[0]},polka\nelsewhere.mid,jazz\n")
    assert space.map(bar_corpus, colour="genre", table=table).values == ("polka", *["unknown"] * (len(names) - 1))
    with pytest.raises(DatasetError, match="genres.csv: has no column mood, only file, genre"):
        space.map(bar_corpus, colour="mood", table=table)
    table.write_text("file,genre\nelsewhere.mid,jazz\n")
    with pytest.raises(DatasetError, match=f"genres.csv: names none of the files of .*sources.csv, such as {names[0]}"):
        space.map(bar_corpus, colour="genre", table=table)


def test_words_have_colours_of_their_own_and_numbers_a_scale():
    found, legend = colours.of_values(["b", "a", "b", "unknown"])
    assert found == [colours.WORDS[0], colours.WORDS[1], colours.WORDS[0], colours.OTHER]
    assert legend == {"b": colours.WORDS[0], "a": colours.WORDS[1], "others": colours.OTHER}
    found, legend = colours.of_values([*map(str, range(11)), "unknown"])
    assert found[0] == "#440154" and found[10] == "#fde725" and found[11] == colours.OTHER and len(set(found)) == 12
    assert list(legend) == ["0", "5", "10"]


def three_songs():
    places = np.array([[0, 0], [1, 0], [0.5, 1]])
    return CorpusMap(
        "corpus", ("a.mid", "</script>.mid", "c.mid"), places, (0.5, 0.2), "split", ("train", "test", "train")
    )


@pytest.mark.skipif(chromium.find() is None, reason="needs Chromium")
def test_the_page_names_the_song_under_the_pointer(tmp_path):
    three_songs().html(tmp_path / "map.html")
    with chromium.Chromium(tmp_path) as browser:
        browser.open(tmp_path / "map.html")
        point = """(() => {
          const canvas = document.getElementById("map"), frame = canvas.getBoundingClientRect();
          const at = (x, y) => canvas.dispatchEvent(new PointerEvent("pointermove", {clientX: x, clientY: y}));
          const told = () => document.getElementById("song").textContent;
          const seen = [told()];
          for (const [across, up] of [[0, 0], [1, 0], [.5, 1], [.5, .5]]) {
            at(frame.left + 14 + across * (frame.width - 28), frame.top + 14 + (1 - up) * (frame.height - 28));
            seen.push(told());
          }
          return seen;
        })()"""
        assert browser.value(point) == [
            "Point at a song.",
            "a.mid · split: train",
            "</script>.mid · split: test",
            "c.mid · split: train",
            "Point at a song.",
        ]
        assert not browser.complaints


def test_the_picture_is_drawn(tmp_path):
    three_songs().plot(tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes()[:4] == b"\x89PNG"
