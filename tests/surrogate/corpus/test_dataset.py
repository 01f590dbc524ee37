"""Packs and encoded corpora as they are read: random access, splits by tune, batches, refusals."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

import musicvae_jax
from surrogate.corpus import collection, dataset, encoding_job, shards
from surrogate.corpus.stored_array import StoredArray
from surrogate.corpus.tunes import tune_id
from tests.processes import made_by


@pytest.fixture(scope="module")
def pack(corpus_settings, tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "pack.npz"
    line = encoding_job.run(corpus_settings(path))
    assert "1 files rejected (truncated: 1)" in line
    assert [each.name for each in path.parent.iterdir()] == ["pack.npz"]
    return path


@pytest.fixture(scope="module")
def corpus(corpus_settings, pack, tmp_path_factory):
    """The pack's windows with their latents, in shards of 16."""
    folder = tmp_path_factory.mktemp("corpus") / "encoded"
    encoding_job.run(corpus_settings(folder, input=str(pack), tunes=""))
    return folder


def names_of(songs):
    return [song.name for song in collection.songs(str(songs))]


def test_a_pack_holds_the_windows_of_every_song(pack, songs):
    data = dataset.open(pack)
    files = names_of(songs)
    assert not data.encoded and len(data) == sum(data.split == 0) + sum(data.split == 1)
    sources = data.shards[0]["source"]
    assert len(np.unique(sources)) == 8
    for number in np.unique(sources):
        every = musicvae_jax.trio_windows(songs / files[number], grid="beats")
        kept = data.rows(np.flatnonzero(sources == number), "tokens")
        assert 0 < len(kept) <= 9
        assert {row.tobytes() for row in kept} <= {row.tobytes() for row in every}


def test_a_pack_and_its_corpus_tell_how_they_were_made(corpus_settings, songs, corpus, tmp_path):
    path = tmp_path / "in_c.npz"
    encoding_job.run(corpus_settings(path, in_c=True))
    assert dataset.open(path).manifest["config"]["in_c"] and not dataset.open(path).manifest["model"]
    encoding_job.run(corpus_settings(tmp_path / "corpus", input=str(path), tunes=""))
    assert dataset.open(tmp_path / "corpus").manifest["config"]["in_c"], "as the pack says"
    assert dataset.open(corpus).manifest["model"] and not dataset.open(corpus).manifest["config"]["in_c"]


def test_a_pack_in_its_own_keys_is_not_taken_for_one_in_c(corpus_settings, pack, tmp_path):
    with pytest.raises(musicvae_jax.CheckpointError, match="own keys"):
        encoding_job.run(corpus_settings(tmp_path / "corpus", input=str(pack), tunes="", in_c=True))


def test_a_tune_is_on_one_side_of_the_split(pack, songs):
    data = dataset.open(pack)
    for tune in np.unique(data.tune):
        assert len(set(data.split[data.tune == tune])) == 1
    files = names_of(songs)
    of_song = {files[n]: t for n, t in zip(data.shards[0]["source"], data.tune, strict=True)}
    assert of_song["0/song0.mid"] == of_song["1/song1.mid"] == tune_id("a")
    assert len(set(of_song.values())) == len(of_song) - 1
    assert set(data.split) == {0, 1}


def test_a_share_of_the_tunes_is_part_of_a_larger_share(pack):
    data = dataset.open(pack)
    every, *shares = (data.indices("train", share) for share in (1.0, 0.7, 0.3))
    assert set(every) > set(shares[0]) >= set(shares[1])
    for rows in shares:
        assert not set(data.tune[rows]) & set(data.tune[np.setdiff1d(every, rows)])
    batch_at = data.batches("train", 4, seed=0, share=0.7)
    drawn = {row.tobytes() for step in range(8) for row in batch_at(step)["tokens"]}
    assert drawn <= {row.tobytes() for row in data.rows(shares[0], "tokens")}


def test_latents_are_the_models(corpus, model_folder):
    data = dataset.open(corpus, verify=True)
    assert data.encoded and len(data.shards) > 1
    rows = np.random.default_rng(0).permutation(len(data))
    mu, sigma = musicvae_jax.load(model_folder).encode(data.rows(rows, "tokens"))
    np.testing.assert_allclose(data.rows(rows, "mu"), mu, atol=1e-6)
    np.testing.assert_allclose(data.rows(rows, "sigma"), sigma, atol=1e-6)
    assert all(isinstance(shard["mu"], StoredArray) for shard in data.shards)


def test_a_corpus_of_a_pack_holds_what_the_pack_holds(corpus, pack):
    plain, encoded = dataset.open(pack), dataset.open(corpus)
    for field in ("tokens", "tune", "source", "split"):
        assert (encoded.rows(np.arange(len(plain)), field) == plain.rows(np.arange(len(plain)), field)).all()


def test_any_window_can_be_asked_for(corpus):
    data = dataset.open(corpus)
    for index in (0, 15, 16, len(data) - 1, -1):
        window = data[index]
        assert window.keys() == set(dataset.FIELDS)
        for field, value in window.items():
            assert (value == data.rows([index % len(data)], field)[0]).all()
    with pytest.raises(IndexError):
        data[len(data)]


def test_no_rows_and_rows_that_are_not_there(corpus, pack):
    for data in (dataset.open(corpus), dataset.open(pack)):
        nothing = data.rows([], "tokens")
        assert nothing.shape == (0, 256, 3) and nothing.dtype == np.uint16
        assert data.rows([], "tune").shape == (0,) and data.rows([], "tune").dtype == np.int64
        for wrong in ([-1], [len(data)]):
            with pytest.raises(IndexError):
                data.rows(wrong, "tokens")


@pytest.mark.skipif(sys.platform == "win32", reason="lowers a limit that Windows does not have")
def test_a_corpus_may_have_more_files_than_a_process_may_open(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)  # which takes its time
    folder, rng = tmp_path / "corpus", np.random.default_rng(0)
    folder.mkdir()
    tokens = rng.integers(0, 90, (200, 2, 256, 3)).astype(np.uint16)
    fields = {"tune": np.arange(2), "source": np.zeros(2, np.int32), "split": np.zeros(2, np.uint8)}
    latents = {name: np.zeros((2, 4), np.float32) for name in ("mu", "sigma")}
    for number, values in enumerate(tokens):
        shards.write(folder, number, {"tokens": values, **fields, **latents})
    records = [json.loads((folder / shards.name_of(number) / "shard.json").read_text()) for number in range(200)]
    (folder / "manifest.json").write_text(json.dumps({"shards": records}))
    code = f"""
import resource, sys
import numpy as np
from surrogate.corpus import dataset
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
data = dataset.open({str(folder)!r}, verify=True)
rows = np.random.default_rng(1).permutation(len(data))
batch = data.batches("train", 400, seed=0)(0)
assert batch["mu"].shape == (400, 4) and data[399]["tokens"].shape == (256, 3)
sys.stdout.buffer.write(data.rows(rows, "tokens").tobytes())
"""
    read = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    rows = np.random.default_rng(1).permutation(400)
    assert read.stdout == tokens.reshape(400, 256, 3)[rows].tobytes()


def test_a_shard_that_goes_while_it_is_read_is_named(corpus, tmp_path):
    folder = tmp_path / "corpus"
    shutil.copytree(corpus, folder)
    data = dataset.open(folder)
    (folder / "shard-00001" / "mu.npy").unlink()
    with (folder / "shard-00001" / "sigma.npy").open("r+b") as stream:
        stream.truncate(140)
    for field in ("mu", "sigma"):
        with pytest.raises(dataset.DatasetError, match=f"shard-00001/{field}.npy: can no longer be read"):
            data.rows(np.arange(len(data)), field)


def test_batches_depend_on_seed_and_step_alone(pack):
    data = dataset.open(pack)
    n = len(data.indices("train")) // 4
    first = data.batches("train", 4, seed=1, transpose=(-2, 0, 2))
    again = data.batches("train", 4, seed=1, transpose=(-2, 0, 2))
    for step in (0, n + 1, 2):
        assert (first(step)["tokens"] == again(step)["tokens"]).all()
    other = data.batches("train", 4, seed=2)
    assert any((first(step)["tokens"] != other(step)["tokens"]).any() for step in range(3))


def test_each_process_reads_its_own_rows(pack, monkeypatch):
    data = dataset.open(pack)

    def make():
        return data.batches("train", 4, seed=1, transpose=(-2, 0, 2))(1)

    parts, together = made_by(monkeypatch, 2, make)
    assert len(parts[0]["tokens"]) == 2 and (together["tokens"] == make()["tokens"]).all()


def test_an_epoch_reads_every_window_of_its_split_once(corpus):
    data = dataset.open(corpus)
    batch_at = data.batches("validation", 1, seed=0)
    rows = data.rows(data.indices("validation"), "mu")
    for epoch in (0, 1):
        steps = range(epoch * len(rows), (epoch + 1) * len(rows))
        read = np.concatenate([batch_at(step)["mu"] for step in steps])
        assert sorted(map(bytes, read)) == sorted(map(bytes, rows))


def spoil_length(folder):
    np.save(folder / "shard-00001" / "mu.npy", np.zeros((1, 4), np.float32))


def spoil_end(folder):
    file = folder / "shard-00000" / "sigma.npy"
    file.write_bytes(file.read_bytes()[:-3])


def spoil_header(folder):
    (folder / "shard-00000" / "tune.npy").write_bytes(b"\x93NUM")


def spoil_byte(folder):
    file = folder / "shard-00000" / "mu.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def lose_file(folder):
    (folder / "shard-00001" / "tokens.npy").unlink()


def lose_shard(folder):
    shutil.rmtree(folder / "shard-00001")


def add_shard(folder):
    shutil.copytree(folder / "shard-00001", folder / "shard-00099")


def spoil_manifest(folder):
    (folder / "manifest.json").write_text('{"windows": 3}')


def lose_sizes(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    for shard in manifest["shards"]:
        del shard["files"]  # as an earlier version wrote it
    (folder / "manifest.json").write_text(json.dumps(manifest))


SPOIL = (
    spoil_length,
    spoil_end,
    spoil_header,
    spoil_byte,
    lose_file,
    lose_shard,
    add_shard,
    spoil_manifest,
    lose_sizes,
)


@pytest.mark.parametrize("spoil", SPOIL)
def test_a_corpus_that_is_not_what_its_manifest_says_is_refused(corpus, tmp_path, spoil):
    folder = tmp_path / "spoiled"
    shutil.copytree(corpus, folder)
    spoil(folder)
    with pytest.raises(dataset.DatasetError) as caught:
        dataset.open(folder, verify=spoil is spoil_byte)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


def test_what_is_no_corpus_is_refused_in_one_line(corpus, tmp_path):
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "others.npz", tokens=np.zeros((2, 256, 3), np.uint16), tune=np.zeros(3), split=np.zeros(2))
    (tmp_path / "shardless").mkdir()
    (tmp_path / "shardless" / "manifest.json").write_text('{"shards": []}')
    (tmp_path / "empty").mkdir()
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "job.json").write_text(json.dumps({}))
    for name in ("none", "bad.npz", "array.npy", "others.npz", "shardless", "empty", "begun"):
        with pytest.raises(dataset.DatasetError) as caught:
            dataset.open(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(dataset.DatasetError, match="fewer than one batch"):
        dataset.open(corpus).batches("train", 10_000, seed=0)
