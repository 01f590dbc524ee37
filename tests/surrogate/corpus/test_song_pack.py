"""Packs of whole songs: what the job writes, what is read back, what is refused."""

import os
import shutil
import signal
import subprocess
import tarfile
import time

import numpy as np
import pytest

import musicvae_jax
from musicvae_jax import midi
from surrogate.commands import train
from surrogate.corpus import collection, dataset, encoding_job, plan, shards, song_pack
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.song_survey import SongSurvey
from surrogate.corpus.tunes import SPLITS, TuneTable, split_of
from surrogate.corpus.whole_song import WholeSong
from tests import scores
from tests.surrogate.corpus.corpus_jobs import command, environment


@pytest.fixture(scope="module")
def pack(corpus_settings, tmp_path_factory):
    """What one unbroken run makes of the eight songs."""
    path = tmp_path_factory.mktemp("pack") / "songs.npz"
    encoding_job.run(corpus_settings(path, unit="song"))
    return path


def fields(song):
    return {name: np.asarray(getattr(song, name)) for name in WholeSong.__dataclass_fields__}


def same(one, other):
    return all((values == fields(other)[name]).all() for name, values in fields(one).items())


def test_every_song_comes_back_as_it_is_in_its_file(pack, songs):
    data, table = song_pack.open(pack), TuneTable.read(songs / "tunes.csv")
    listed = collection.songs(str(songs))
    assert len(data) == 8 and data.bars == sum(data[index].bars for index in range(8))
    for index, (source, name) in enumerate(zip(data.source, data.name, strict=True)):
        assert listed[source].name == name
        expected = SongSurvey(midi.read(songs / name)).song()
        assert same(data[index], expected) and fields(data[index])["lines"].dtype == np.uint8
        assert data.tune[index] == table.tune_id(name, "") and data.split[index] == split_of(data.tune[index], 0.4)
    assert same(data[-1], data[7])
    with pytest.raises(IndexError, match="song 8 of 8"):
        data[8]


def test_the_pack_tells_what_became_of_every_file(pack):
    told = song_pack.open(pack).manifest
    assert (told["files"], told["songs"], told["rejected"]) == (9, 8, {"bad.mid": "truncated"})
    assert told["reasons"] == {"truncated": 1} and sum(told["splits"].values()) == 8
    assert told["config"]["unit"] == "song" and told["tune_table"]["rows_without_file"] == 0
    assert "jax" in told["versions"]


def test_a_pack_of_windows_tells_it_too(corpus_settings, tmp_path):
    encoding_job.run(corpus_settings(tmp_path / "windows.npz"))
    data = dataset.open(tmp_path / "windows.npz")
    assert data.manifest["rejected"] == {"bad.mid": "truncated"} and data.manifest["windows"] == len(data)


def test_splits_are_of_tunes_and_complete_songs_can_be_asked_for(corpus_settings, tmp_path):
    flute, bass = ("Flute", 73, scores.line(6)), ("Bass", 33, scores.line(6, 40))
    drums = ("Drums", "drums", [(0, 1, 36)])
    for name, parts in {"a": [flute, bass], "b": [flute, bass, drums], "c": [flute, drums], "d": [bass]}.items():
        midi.write(scores.make(*parts), tmp_path / f"{name}.mid")
    settings = corpus_settings(tmp_path / "p.npz", input=str(tmp_path), tunes="", unit="song", validation_fraction=0)
    line = encoding_job.run(settings)
    assert "3 songs of 18 bars; 1 files rejected (no melody: 1); " in line
    data = song_pack.open(tmp_path / "p.npz")
    assert data.name.tolist() == ["a.mid", "b.mid", "c.mid"] and data.describe() == "3 songs of 18 bars: 3 train"
    assert data.indices("train").tolist() == [0, 1, 2] and data.indices("train", complete=True).tolist() == [1]
    assert not len(data.indices("validation"))
    assert [data[index].has_drums for index in range(3)] == [False, True, True]


def test_split_indices_cover_all_songs(pack):
    data = song_pack.open(pack)
    assert sorted(index for split in SPLITS for index in data.indices(split)) == list(range(8))


def test_songs_with_the_same_notes_come_once(corpus_settings, songs, tmp_path):
    shutil.copytree(songs, tmp_path / "songs")
    score = midi.read(songs / "0" / "song0.mid")
    for tempo in score.tempos:
        tempo.qpm = 77.0
    midi.write(score, tmp_path / "songs" / "9.mid")
    line = encoding_job.run(corpus_settings(tmp_path / "p.npz", input=str(tmp_path / "songs"), unit="song"))
    assert "duplicate: 1" in line and len(song_pack.open(tmp_path / "p.npz")) == 8


def test_a_killed_job_goes_on_and_ends_with_the_same_bytes(pack, corpus_settings, tmp_path):
    path = tmp_path / "songs.npz"
    settings = corpus_settings(path, unit="song")
    scanned = tmp_path / ".songs.npz.job" / "scan-00000.jsonl"
    arguments = command(settings)
    with subprocess.Popen(arguments, env=environment(), stderr=subprocess.DEVNULL, start_new_session=True) as process:
        while not scanned.exists() and process.poll() is None:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    assert not path.exists()
    with pytest.raises(DatasetError, match=r"another unit \(song, not window\)"):
        encoding_job.run(corpus_settings(path))
    encoding_job.run(settings)
    assert path.read_bytes() == pack.read_bytes() and [each.name for each in tmp_path.iterdir()] == ["songs.npz"]


def test_an_archive_gives_what_its_folder_gives(pack, corpus_settings, songs, tmp_path):
    with tarfile.open(tmp_path / "songs.tar.xz", "w:xz") as archive:
        for song in collection.songs(str(songs)):
            archive.add(songs / song.name, song.name)
    encoding_job.run(corpus_settings(tmp_path / "p.npz", input=str(tmp_path / "songs.tar.xz"), unit="song"))
    assert (tmp_path / "p.npz").read_bytes() == pack.read_bytes()


def test_broken_songs_are_accounted_for(corpus_settings, tmp_path):
    files = {"a.mid": (b"", "empty"), "b.mid": (b"MThd\0\0\0\6\0\1\0\0\1\xe0", "no bar of 4/4")}
    (tmp_path / "songs").mkdir()
    for name, (raw, reason) in files.items():
        (tmp_path / "songs" / name).write_bytes(raw)
        assert reason in plan.REASONS
    with pytest.raises(DatasetError, match="no song has a melody in bars of 4/4; 2 files rejected"):
        encoding_job.run(corpus_settings(tmp_path / "p.npz", input=str(tmp_path / "songs"), tunes="", unit="song"))
    assert [path.name for path in tmp_path.iterdir()] == ["songs"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(unit="bar"), "unit must be one of window, song, not 'bar'"),
        (dict(output="corpus"), "corpus: encode songs into a pack (NAME.npz): no model reads whole songs yet"),
        (dict(input="windows.npz"), "windows.npz: is a pack; whole songs are read from MIDI files"),
        (dict(in_c=True), "whole songs stay in their keys, without copies: leave out in_c and transpose"),
        (dict(transpose=(1, 2)), "whole songs stay in their keys, without copies: leave out in_c and transpose"),
    ],
)
def test_settings_that_songs_do_not_take_are_refused(corpus_settings, tmp_path, monkeypatch, changes, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError) as caught:
        encoding_job.run(corpus_settings(**(dict(output="p.npz", unit="song") | changes)))
    assert str(caught.value) == message and not list(tmp_path.iterdir())


def test_commands_that_read_windows_refuse_songs_in_one_line(pack, corpus_settings, tmp_path, capsys):
    told = f"{pack}: holds whole songs; give windows, as encode_corpus --config.unit=window makes them"
    with pytest.raises(DatasetError) as caught:
        encoding_job.run(corpus_settings(tmp_path / "out.npz", input=str(pack), tunes=""))
    assert str(caught.value) == told
    flags = [f"--config.data={pack}", f"--config.workdir={tmp_path / 'run'}", "--config=window_musicvae"]
    assert train.main(flags) == 2
    assert capsys.readouterr().err.splitlines() == [f"train: {told}"]
    assert not list(tmp_path.iterdir())


def test_what_is_no_pack_of_songs_is_told(pack, tmp_path):
    windows = tmp_path / "windows.npz"
    tokens = np.zeros((2, 256, 3), np.uint16)
    shards.write_pack(windows, [tokens], {"tune": [1, 2], "source": [0, 1], "split": [0, 0]})
    (tmp_path / "text.npz").write_text("not a pack")
    cut = tmp_path / "cut.npz"
    with np.load(pack) as arrays:
        np.savez(
            cut,
            **{name: arrays[name][: len(arrays[name]) - (name == "drums")] for name in arrays if name != "manifest"},
            manifest="{}",
        )
    for path, why in (
        (windows, "it lacks lines"),
        (tmp_path / "text.npz", "File is not a zip file"),
        (cut, "differ in length"),
        (tmp_path, ""),
    ):
        with pytest.raises(DatasetError, match=f"{path}: not a pack of whole songs.*{why}") as caught:
            song_pack.open(path)
        assert "\n" not in str(caught.value)


def test_midi_is_read_from_bytes_as_from_its_file(songs):
    path = songs / "0" / "song0.mid"
    assert musicvae_jax.midi.read(path.read_bytes()).dumps_midi() == musicvae_jax.midi.read(path).dumps_midi()
    with pytest.raises(musicvae_jax.midi.MidiError, match="MIDI data: is not a MIDI file"):
        musicvae_jax.midi.read(b"nothing")
