"""Which songs a model is judged by, and which bars of them."""

import numpy as np
import pytest

from musicvae_jax import events
from surrogate.corpus import dataset, encoding_job, song_pack
from surrogate.corpus.whole_song import WholeSong
from surrogate.evaluation import selection
from surrogate.reading import keys


def whole(bars=20, *, melody=(2, 10), bass=(0, 20), drums=(0, 20), tempo=99.0):
    """A WholeSong whose parts play a half note or a hit in each bar of a range; its chords are on G from bar 4 on."""
    lines, masks = np.zeros((bars, 4, 16), np.uint8), np.zeros((bars, 16), np.uint16)
    lines[slice(*melody), 0, 4], lines[slice(*melody), 0, 12] = 47, 1  # D over F sharp: D major
    lines[slice(*melody), 1, 0] = 60
    lines[slice(*bass), 3, 0], masks[slice(*drums), 0] = 26, 1
    chord = np.full((bars, 2, 3), -1, np.int8)
    chord[4:] = 7
    return WholeSong(lines, masks, np.zeros((bars, 2, 12), np.uint8), chord, np.zeros(bars, np.uint16), tempo)


def test_a_song_is_cut_to_its_melody():
    song = selection.cut(whole(), 5)
    assert song.tokens.shape == (8 * 16, 3) and song.tokens.dtype == np.uint16
    np.testing.assert_array_equal(song.tokens[:16, 0], [0, 0, 0, 0, 47] + [0] * 7 + [1, 0, 0, 0])
    assert (song.tokens[::16, 1:] == (26, 1)).all()
    assert (song.roots == 7).all() and song.roots.shape == (8, 2)  # what is not known is as after it
    assert (song.tempo, song.tune, song.shift) == (99, 5, keys.semitones_to_c(song.tokens[:, 0]))
    assert len(selection.cut(whole(300, melody=(1, 300), bass=(0, 300), drums=(0, 300)), 0).tokens) == 256 * 16


@pytest.mark.parametrize("part", ["bass", "drums"])
@pytest.mark.parametrize("played", [(0, 0), (10, 20)])
def test_a_song_lacks_what_does_not_play_beside_the_melody(part, played):
    assert selection.cut(whole(**{part: played}), 0) == f"no {part}"


def test_windows_lie_end_to_end():
    tokens = np.arange(300 * 3).reshape(300, 3)
    cut = selection.windows(tokens)
    assert cut.shape == (2, 256, 3)
    np.testing.assert_array_equal(cut.reshape(-1, 3)[:300], tokens)
    assert not cut.reshape(-1, 3)[300:].any()


def test_songs_of_a_folder_know_their_tune(songs, capsys):
    found = selection.read(songs, 1000, tunes=songs / "tunes.csv")
    assert "evaluate: skipped bad.mid: truncated\n" in capsys.readouterr().err
    assert len(found) == 8 and len({song.tune for song in found}) == 7
    for song in found:
        assert keys.semitones_to_c(events.transpose(song.tokens, song.shift)[:, 0]) == 0
        assert len(song.tokens) == 16 * len(song.roots)
    without_table = selection.read(songs, 1000)
    assert len({song.tune for song in without_table}) == 8
    few = selection.read(songs, 5, seed=1)
    places = [next(i for i, song in enumerate(without_table) if same(song, each)) for each in few]
    assert len(few) == 5 and places == sorted(set(places))


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture
def pack(corpus_settings, tmp_path):
    path = tmp_path / "pack.npz"
    encoding_job.run(corpus_settings(path, unit="song"))
    return path


def test_of_a_pack_the_validation_songs_are_judged_and_the_training_songs_are_neighbours(pack, songs):
    data = song_pack.open(pack)
    judged, (tokens, tune) = selection.read(pack, 100), selection.training_windows(pack, 100)
    assert [song.tune for song in judged] == data.tune[data.indices("validation")].tolist()
    assert set(tune) == set(data.tune[data.indices("train")])
    of_folder = selection.read(songs, 100, tunes=songs / "tunes.csv")
    assert all(any(same(song, each) for each in of_folder) for song in judged)
    expected = [selection.windows(song.tokens) for song in of_folder if song.tune in tune]
    assert len(tokens) == sum(map(len, expected))
    assert {window.tobytes() for window in tokens} == {window.tobytes() for each in expected for window in each}
    assert len(selection.training_windows(pack, 3)[0]) == 3


def test_songs_without_a_part_are_told_of(tmp_path, capsys):
    fields = dict(
        tune=np.array([7, 8]), source=np.arange(2), split=np.array([1, 1], np.uint8), name=np.array(["a", "b"])
    )
    song_pack.write(tmp_path / "x.npz", [whole(drums=(0, 0)), whole()], fields, {})
    assert [song.tune for song in selection.read(tmp_path / "x.npz", 9)] == [8]
    assert capsys.readouterr().err == "evaluate: skipped a: no drums\n"
    with pytest.raises(dataset.DatasetError, match="x.npz: holds no training song with melody, bass and drums"):
        selection.training_windows(tmp_path / "x.npz", 9)


@pytest.mark.parametrize("content", [b"file,tune\na,b\n", b"\xff\xfe\x00"])
def test_a_wrong_table_of_tunes_is_refused(songs, tmp_path, content):
    (tmp_path / "tunes.csv").write_bytes(content)
    with pytest.raises(dataset.DatasetError, match="tunes.csv"):
        selection.read(songs, 5, tunes=tmp_path / "tunes.csv")
