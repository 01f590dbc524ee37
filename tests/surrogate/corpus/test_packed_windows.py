"""Which windows of a song a pack holds, in which keys and copies."""

import mido
import numpy as np
import pytest

import musicvae_jax
from musicvae_jax import events
from surrogate.corpus import collection, dataset, encoding_job
from surrogate.corpus.errors import DatasetError
from surrogate.reading import keys
from tests.handmade_song import HandmadeSong


def windows_by_song(path):
    data = dataset.open(path)
    sources = data.shards[0]["source"]
    return data, [data.rows(np.flatnonzero(sources == number), "tokens") for number in np.unique(sources)]


def test_the_first_windows_or_some_drawn_by_a_seed(corpus_settings, tmp_path, songs):
    files = [songs / song.name for song in collection.songs(str(songs)) if song.name != "bad.mid"]
    every = [musicvae_jax.trio_windows(file, grid="beats") for file in files]
    kept = {}
    for name, changes in {
        "all": dict(max_windows=0),
        "first": dict(draw=False),
        "drawn": dict(),
        "otherwise": dict(seed=1),
    }.items():
        encoding_job.run(corpus_settings(tmp_path / f"{name}.npz", **changes))
        kept[name] = windows_by_song(tmp_path / f"{name}.npz")[1]
    assert all((a == b).all() for a, b in zip(kept["all"], every, strict=True))
    assert all((a == b[:9]).all() for a, b in zip(kept["first"], every, strict=True))
    assert [len(a) for a in kept["drawn"]] == [min(9, len(a)) for a in every]
    assert any((a != b).any() for a, b in zip(kept["drawn"], kept["otherwise"], strict=True))


def test_training_windows_come_in_as_many_copies_of_each_as_asked_for(corpus_settings, tmp_path):
    encoding_job.run(corpus_settings(tmp_path / "plain.npz"))
    plain, per_song = windows_by_song(tmp_path / "plain.npz")
    for changes, copies_of_each in (
        (dict(transpose=(3,)), 1),
        (dict(transpose=(-1, 0, 2), copies=0), 3),
        (dict(transpose=(1, 2, 3, 4), copies=2), 2),
    ):
        path = tmp_path / f"{copies_of_each}.npz"
        encoding_job.run(corpus_settings(path, **changes))
        copies = windows_by_song(path)[1]
        train = np.array(
            [plain.split[plain.shards[0]["source"] == n][0] == 0 for n in np.unique(plain.shards[0]["source"])]
        )
        assert 0 < train.sum() < len(train)
        for was, now, is_train in zip(per_song, copies, train, strict=True):
            if not is_train:
                assert (was == now).all()
                continue
            now = now.reshape(copies_of_each, *was.shape)
            assert (now[..., 2] == was[..., 2]).all()
            pitched = (was[..., :2] > 5) & (was[..., :2] < 85)
            moves = [np.unique((copy[..., :2].astype(int) - was[..., :2])[pitched]) for copy in now]
            assert {int(move) for each in moves for move in each} <= set(changes["transpose"])
            shift = [
                [np.median((c[:, 1].astype(int) - w[:, 1])[w[:, 1] > 5]) for w, c in zip(was, copy, strict=True)]
                for copy in now
            ]
            assert all(len(set(one)) == copies_of_each for one in zip(*shift, strict=True))


def test_songs_are_brought_to_c_each_by_its_melody(corpus_settings, tmp_path):
    for name in ("plain", "in_c"):
        encoding_job.run(corpus_settings(tmp_path / f"{name}.npz", in_c=name == "in_c"))
    plain, in_c = (windows_by_song(tmp_path / f"{name}.npz")[1] for name in ("plain", "in_c"))
    shifts = [keys.semitones_to_c(windows[..., 0]) for windows in plain]
    assert len(set(shifts)) > 1
    for was, now, shift in zip(plain, in_c, shifts, strict=True):
        np.testing.assert_array_equal(now, events.transpose(was, shift))


def test_leads_are_melodies_when_asked_for(corpus_settings, tmp_path):
    song = HandmadeSong()
    song.parts[0][0] = (1, mido.Message("program_change", channel=0, program=65), 0)  # an alto saxophone
    (tmp_path / "songs").mkdir()
    song.save(tmp_path / "songs" / "sax.mid")
    settings = dict(input=str(tmp_path / "songs"), tunes="")
    with pytest.raises(DatasetError, match="no melody: 1"):
        encoding_job.run(corpus_settings(tmp_path / "none.npz", **settings))
    encoding_job.run(corpus_settings(tmp_path / "leads.npz", leads=True, **settings))
    assert len(dataset.open(tmp_path / "leads.npz")) == 5


def test_songs_with_the_same_notes_are_one_tune_and_come_once(corpus_settings, songs, tmp_path):
    folder = tmp_path / "songs"
    folder.mkdir()
    score = musicvae_jax.midi.read(next(songs.glob("0/*.mid")))
    musicvae_jax.midi.write(score, folder / "a.mid")
    for tempo in score.tempos:
        tempo.qpm = 77.0
    for track in score.tracks:
        track.name = "renamed"
        for note in track.notes:
            note.velocity = 11
    musicvae_jax.midi.write(score, folder / "b.mid")
    for once, count in ((True, 1), (False, 2)):
        path = tmp_path / f"{count}.npz"
        line = encoding_job.run(corpus_settings(path, input=str(folder), tunes="", deduplicate=once))
        data = dataset.open(path)
        assert len(np.unique(data.tune)) == 1 and len(np.unique(data.shards[0]["source"])) == count
        assert ("duplicate: 1" in line) == once
