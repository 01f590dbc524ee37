"""Packs and encoded corpora: from MIDI files to batches, split by tune."""

import json
import shutil

import ml_collections
import numpy as np
import pytest
from flax import nnx

import musicvae_jax
from configs import encode_corpus as corpus_config
from musicvae_jax import checkpoint
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from scripts import encode_corpus
from surrogate import dataset, encode


@pytest.fixture(scope="module")
def songs(tmp_path_factory, request):
    """Eight synthetic songs, of which the first two are one tune, a file that is none, and a bad one."""
    folder = tmp_path_factory.mktemp("songs")
    source = request.path.parent / "data" / "synth"
    golden = np.load(source / "golden.npz")
    names = [str(name) for name, n in zip(golden["files"], golden["n_per_file"], strict=True) if n > 4][:8]
    for i, name in enumerate(names):
        (folder / f"{i % 2}").mkdir(exist_ok=True)
        shutil.copy(next(source.rglob(name)), folder / f"{i % 2}" / f"song{i}.mid")
    (folder / "bad.mid").write_bytes(b"MThd, but no more")
    (folder / "notes.txt").write_text("not music")
    lines = ["file,tune_group", "0/song0.mid,a", "1/song1.mid,a", *(f"{i % 2}/song{i}.mid,{i}" for i in range(2, 8))]
    (folder / "tunes.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    model = MusicVAE(MusicVAEConfig(4, "hierarchical", (6, 6), (6,), (6,)), rngs=nnx.Rngs(0))
    folder = tmp_path_factory.mktemp("model")
    musicvae_jax.save(folder, model)
    return folder


def config(songs, output, **changes):
    changes = dict(input=str(songs), output=str(output), tunes=str(songs / "tunes.csv"), workers=1) | changes
    return ml_collections.ConfigDict(corpus_config.get_config().to_dict() | changes)


@pytest.fixture(scope="module")
def pack(songs, tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "pack.npz"
    line = encode_corpus.run(config(songs, path, validation_fraction=0.4, hop_bars=1, max_windows=9))
    assert "1 files rejected" in line
    return path


@pytest.fixture(scope="module")
def corpus(pack, model, tmp_path_factory):
    """The pack's windows with their latents, in shards of 10."""
    folder = tmp_path_factory.mktemp("corpus") / "encoded"
    encode_corpus.run(config(pack, folder, tunes="", checkpoint=str(model), shard_windows=10, batch_size=8))
    return folder


def test_a_pack_holds_the_windows_of_every_song(pack, songs):
    data = dataset.open(pack)
    files = encode.midi_files(songs)
    assert not data.encoded and len(data) == sum(data.split == 0) + sum(data.split == 1)
    sources = data.shards[0]["source"]
    for number in np.unique(sources):
        every = musicvae_jax.trio_windows(files[number], grid="beats")
        kept = data.rows(np.flatnonzero(sources == number), "tokens")
        assert 0 < len(kept) <= 9
        assert {row.tobytes() for row in kept} <= {row.tobytes() for row in every}


def test_a_tune_is_on_one_side_of_the_split(pack, songs):
    data = dataset.open(pack)
    for tune in np.unique(data.tune):
        assert len(set(data.split[data.tune == tune])) == 1
    files = [path.relative_to(songs).as_posix() for path in encode.midi_files(songs)]
    of_song = {files[n]: t for n, t in zip(data.shards[0]["source"], data.tune, strict=True)}
    assert of_song["0/song0.mid"] == of_song["1/song1.mid"] == dataset.tune_id("a")
    assert len(set(of_song.values())) == len(of_song) - 1
    assert set(data.split) == {0, 1}


def test_latents_are_the_models(corpus, model):
    data = dataset.open(corpus)
    assert data.encoded and len(data.shards) > 1
    rows = np.random.default_rng(0).permutation(len(data))
    mu, sigma = musicvae_jax.load(model).encode(data.rows(rows, "tokens"))
    np.testing.assert_allclose(data.rows(rows, "mu"), mu, atol=1e-6)
    np.testing.assert_allclose(data.rows(rows, "sigma"), sigma, atol=1e-6)


def test_the_manifest_tells_what_was_done(corpus):
    manifest = json.loads((corpus / "manifest.json").read_text())
    assert manifest["windows"] == sum(shard["windows"] for shard in manifest["shards"]) == len(dataset.open(corpus))
    assert {"files", "rejected", "model", "versions", "config"} <= manifest.keys()
    assert not list(corpus.glob(".*"))


def test_transposed_copies_follow_their_own_tokens(pack, model, tmp_path):
    encode_corpus.run(config(pack, tmp_path, tunes="", checkpoint=str(model), transpose=(3,)))
    plain, moved = dataset.open(pack), dataset.open(tmp_path)
    rows = np.arange(len(plain))
    was, now = plain.rows(rows, "tokens"), moved.rows(rows, "tokens")
    assert (now[..., 2] == was[..., 2]).all()
    pitched = (was[..., :2] > 1) & (was[..., :2] < 86)
    train = plain.split == 0
    assert (now[train][..., :2][pitched[train]] == was[train][..., :2][pitched[train]] + 3).all()
    assert (now[~train] == was[~train]).all()  # held-out tunes stay in their keys
    np.testing.assert_allclose(musicvae_jax.load(model).encode(now)[0], moved.rows(rows, "mu"), atol=1e-6)


def test_batches_depend_on_seed_and_step_alone(pack):
    data = dataset.open(pack)
    n = len(data.indices("train")) // 4
    first = data.batches("train", 4, seed=1, transpose=(-2, 0, 2))
    again = data.batches("train", 4, seed=1, transpose=(-2, 0, 2))
    for step in (0, n + 1, 2):
        assert (first(step)["tokens"] == again(step)["tokens"]).all()
    other = data.batches("train", 4, seed=2)
    assert any((first(step)["tokens"] != other(step)["tokens"]).any() for step in range(3))


def test_an_epoch_reads_every_window_of_its_split_once(corpus):
    data = dataset.open(corpus)
    batch_at = data.batches("validation", 1, seed=0)
    rows = data.rows(data.indices("validation"), "mu")
    for epoch in (0, 1):
        steps = range(epoch * len(rows), (epoch + 1) * len(rows))
        read = np.concatenate([batch_at(step)["mu"] for step in steps])
        assert sorted(map(bytes, read)) == sorted(map(bytes, rows))


def test_what_is_no_corpus_is_refused_in_one_line(corpus, tmp_path, songs, model):
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    (tmp_path / "empty").mkdir()
    spoiled = tmp_path / "spoiled"
    shutil.copytree(corpus, spoiled)
    np.save(next(spoiled.glob("shard-*")) / "mu.npy", np.zeros((1, 4)))
    for path in (tmp_path / "none", tmp_path / "bad.npz", tmp_path / "empty", spoiled):
        with pytest.raises(dataset.DatasetError) as caught:
            dataset.open(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(dataset.DatasetError, match="holds no MIDI file"):
        encode_corpus.run(config(tmp_path / "empty", tmp_path / "out", tunes="", checkpoint=str(model)))
    with pytest.raises(dataset.DatasetError, match="no such folder"):
        encode_corpus.run(config(tmp_path / "none", tmp_path / "out", tunes="", checkpoint=str(model)))
    with pytest.raises(checkpoint.CheckpointError):
        encode_corpus.run(config(songs, tmp_path / "out", checkpoint="nothing"))
    with pytest.raises(dataset.DatasetError, match="fewer than one batch"):
        dataset.open(corpus).batches("train", 10_000, seed=0)
    assert not (tmp_path / "out").exists()
