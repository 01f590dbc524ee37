"""Models loaded once accompany many songs, leave JAX's settings alone, and are read anew where they changed."""

import concurrent.futures
import contextlib
import pathlib
import shutil

import jax
import pytest

import musicvae_jax
import surrogate
from surrogate.accompaniment import models
from surrogate.model import bands
from tests.melodies import quarters, random_model, write_midi


@pytest.fixture
def loads(monkeypatch):
    """The checkpoints that were read from disk, as they are; none is in memory at first."""
    found, load = [], bands.load
    monkeypatch.setattr(bands, "load", lambda name: found.append(name) or load(name))
    models._load_version.cache_clear()
    yield found
    models._load_version.cache_clear()


@pytest.fixture
def tune(tmp_path):
    return write_midi(tmp_path / "tune.mid", quarters(3))


def music(song):
    return [take.content for take in song.takes]


def test_loaded_models_play_what_accompany_plays(accompanist, loads, tune, tmp_path):
    player = surrogate.Accompanist.load(accompanist)
    for seed in (1, 2):
        choices = dict(seed=seed, takes=2, temperature=0.9)
        song = player.accompany(tune, output=tmp_path / "out.mid", **choices)
        assert music(song) == music(surrogate.accompany(tune, checkpoint=accompanist, **choices))
        assert (tmp_path / "out.mid").read_bytes() == music(song)[0]
    assert loads == [accompanist] * 2, "once by hand, and once for all calls of accompany"


def test_a_wrong_choice_or_model_is_refused(accompanist, tune, tmp_path):
    with pytest.raises(musicvae_jax.CheckpointError, match="no_such_model"):
        surrogate.Accompanist.load("no_such_model")
    player = surrogate.Accompanist.load(accompanist)
    for choice, complaint in (
        (dict(takes=9), "takes must be from 1 to 8, not 9"),
        (dict(takes="2"), "takes must be a whole number, not '2'"),
        (dict(takes=None), "takes must be a whole number, not None"),
        (dict(seed=1.5), "seed must be a whole number, not 1.5"),
        (dict(swing="0.6"), "swing must be a number, not '0.6'"),
        (dict(track=1.5), "track must be a number or a name, not 1.5"),
        (dict(like=3), "like must be a path, not 3"),
        (dict(bass="no"), "bass must be True or False, not 'no'"),
    ):
        with pytest.raises(ValueError, match=f"^{complaint}$"):
            player.accompany(tune, **choice)


def test_a_folder_that_changed_is_read_anew_and_few_stay_in_memory(accompanist, loads, tune, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(accompanist, folder)
    before = music(surrogate.accompany(tune, checkpoint=folder, temperature=1.0))
    assert music(surrogate.accompany(tune, checkpoint=folder, temperature=1.0)) == before
    assert len(loads) == 1
    shutil.rmtree(folder)
    random_model(folder, layers=2)
    assert music(surrogate.accompany(tune, checkpoint=folder, temperature=1.0)) != before
    assert len(loads) == 2
    for number in range(models.KEPT):
        shutil.copytree(folder, tmp_path / f"{number}")
        models.kept_band(tmp_path / f"{number}")
    assert models._load_version.cache_info().currsize == models.KEPT


def test_threads_that_ask_together_load_once(accompanist, loads, tune):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        songs = list(pool.map(lambda _: surrogate.accompany(tune, checkpoint=accompanist), range(4)))
    assert len(loads) == 1 and all(music(song) == music(songs[0]) for song in songs)


@contextlib.contextmanager
def without_compile_cache():
    folder = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        yield
    finally:
        jax.config.update("jax_compilation_cache_dir", folder)


def test_the_callers_jax_settings_stay(accompanist, loads, tune):
    with without_compile_cache():
        before = dict(jax.config.values)
        surrogate.accompany(tune, checkpoint=accompanist)
        surrogate.Accompanist.load(accompanist).accompany(tune)
        assert dict(jax.config.values) == before


def test_a_song_does_not_write_over_its_own_files(accompanist, tune, tmp_path, monkeypatch):
    song = surrogate.accompany(tune, checkpoint=accompanist)
    content = tune.read_bytes()
    (tmp_path / "link.mid").symlink_to("tune.mid")
    monkeypatch.chdir(tmp_path)
    font = tmp_path / "font.wav"
    font.write_bytes(b"RIFF\x04\0\0\0sfbk")
    for name in ("tune.mid", "link.mid", "Tune.MID"):
        for write in (song.save, song.plot):
            with pytest.raises(musicvae_jax.FileError, match="is the melody itself"):
                write(name)
        with pytest.raises(musicvae_jax.FileError, match="is the melody itself"):
            surrogate.accompany("tune.mid", output=name, checkpoint=accompanist)
    with pytest.raises(musicvae_jax.FileError, match="is the soundfont"):
        song.wav("font.wav", soundfont=font)
    assert tune.read_bytes() == content


def test_a_song_does_not_write_over_its_models_or_the_program(accompanist, tune, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(accompanist, folder)
    for name in ("a.mid", "a.png", "a.html", "a.wav"):
        (folder / name).write_bytes(b"part of it")
    font = tmp_path / "font.sf2"
    font.write_bytes(b"RIFF\x04\0\0\0sfbk")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    monkeypatch.chdir(tmp_path)
    player = surrogate.Accompanist.load("model")
    songs = [surrogate.accompany(tune, checkpoint="model"), player.accompany(tune)]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")  # the folder is known all the same
    program = pathlib.Path(surrogate.__file__).parent / "rendering" / "player"
    for song in songs:
        for place, complaint in ((folder, "is part of a model"), (program, "lies among the program's own files")):
            for write, name in (
                (song.save, "a.mid"),
                (song.plot, "a.png"),
                (song.html, "a.html"),
                (lambda path, song=song: song.wav(path, soundfont=font), "a.wav"),
            ):
                with pytest.raises(musicvae_jax.FileError, match=complaint):
                    write(place / name)
    with pytest.raises(musicvae_jax.FileError, match="is part of a model"):
        player.accompany(tune, output=folder / "a.mid")
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_a_file_of_another_kind_or_a_take_there_is_not_is_refused(accompanist, tune, tmp_path):
    song = surrogate.accompany(tune, checkpoint=accompanist, takes=3)
    before = sorted(tmp_path.iterdir())
    for write, name, complaint in (
        (song.save, "a.txt", "must end in .mid or .midi or .kar"),
        (song.html, "a.mid", "must end in .html or .htm"),
        (lambda path: surrogate.accompany(tmp_path / "no.mid", output=path), "a.txt", "must end in .mid"),
    ):
        with pytest.raises(musicvae_jax.FileError, match=complaint):
            write(tmp_path / name)
    for take in (3, -1, "1"):
        for write in (song.save, song.plot, song.wav):
            with pytest.raises(ValueError, match=f"^take must be 0 to 2, not {take!r}$"):
                write(tmp_path / "a.mid", take=take)
    assert sorted(tmp_path.iterdir()) == before


def test_songs_and_takes_are_shown_in_a_line(accompanist, tune):
    song = surrogate.accompany(tune, checkpoint=accompanist, takes=2)
    assert repr(song) == f"<Accompaniment of tune.mid: 2 takes, {song.summary}>"
    assert repr(song.takes[1]).startswith("<Take: ") and f"rating {song.takes[1].rating:.2f}>" in repr(song.takes[1])
    assert max(len(repr(shown)) for shown in (song, *song.takes)) < 120 and song.takes[0].summary in repr(song)


def test_one_of_a_kind_is_not_told_as_many(accompanist, tmp_path):
    tune = write_midi(tmp_path / "tune.mid", [(0, 480, 60, 90)])
    song = surrogate.accompany(tune, checkpoint=accompanist)
    bass, hits = (song.takes[0].notes(role) for role in ("bass", "drums"))
    assert (bass, hits) == (1, 2), "the ending's note, kick and crash"
    assert song.summary == "1 bar at 120 bpm, 1 bass note, 2 drum hits"
