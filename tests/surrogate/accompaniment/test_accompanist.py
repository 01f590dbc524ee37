"""Models loaded once accompany many songs, leave JAX's settings alone, and are read anew where they changed."""

import concurrent.futures
import contextlib
import shutil

import jax
import pytest

import musicvae_jax
import surrogate
from surrogate.accompaniment import models
from tests.melodies import quarters, random_model, write_midi


@pytest.fixture
def loads(monkeypatch):
    """The checkpoints that were read from disk, as they are; none is in memory at first."""
    found, load = [], models.load_models
    monkeypatch.setattr(models, "load_models", lambda name, **options: found.append(name) or load(name, **options))
    models._load_version.cache_clear()
    yield found
    models._load_version.cache_clear()


@pytest.fixture
def tune(tmp_path):
    return write_midi(tmp_path / "tune.mid", quarters(3))


def music(song):
    return [take.score.dumps_midi() for take in song.takes]


def test_loaded_models_play_what_accompany_plays(accompanist, loads, tune, tmp_path):
    band = surrogate.Accompanist.load(accompanist)
    for seed in (1, 2):
        choices = dict(seed=seed, takes=2, temperature=0.9)
        song = band.accompany(tune, output=tmp_path / "out.mid", **choices)
        assert music(song) == music(surrogate.accompany(tune, checkpoint=accompanist, **choices))
        assert (tmp_path / "out.mid").read_bytes() == music(song)[0]
    assert loads == [accompanist] * 2, "once by hand, and once for all calls of accompany"


def test_a_wrong_choice_or_model_is_refused(accompanist, tune, tmp_path):
    with pytest.raises(musicvae_jax.CheckpointError, match="no_such_model"):
        surrogate.Accompanist.load("no_such_model")
    band = surrogate.Accompanist.load(accompanist)
    with pytest.raises(ValueError, match="takes must be from 1 to 8, not 9"):
        band.accompany(tune, takes=9)
    with pytest.raises(musicvae_jax.FileError, match="is part of a model"):
        band.accompany(tune, output=f"{accompanist}/config.json")


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
        models.kept_models(tmp_path / f"{number}")
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
    font = tmp_path / "font.sf2"
    font.write_bytes(b"RIFF\x04\0\0\0sfbk")
    for name in ("tune.mid", "link.mid", "Tune.MID"):
        for write in (song.save, song.html, song.plot, lambda path: song.wav(path, soundfont=font)):
            with pytest.raises(musicvae_jax.FileError, match="is the melody itself"):
                write(name)
        with pytest.raises(musicvae_jax.FileError, match="is the melody itself"):
            surrogate.accompany("tune.mid", output=name, checkpoint=accompanist)
    with pytest.raises(musicvae_jax.FileError, match="is the soundfont"):
        song.wav("font.sf2", soundfont=font)
    assert tune.read_bytes() == content


def test_one_of_a_kind_is_not_told_as_many(accompanist, tmp_path):
    tune = write_midi(tmp_path / "tune.mid", [(0, 480, 60, 90)])
    song = surrogate.accompany(tune, checkpoint=accompanist)
    bass, hits = (song.takes[0].notes(role) for role in ("bass", "drums"))
    assert (bass, hits) == (1, 2), "the ending's note, kick and crash"
    assert song.summary == "1 bar at 120 bpm, 1 bass note, 2 drum hits"
