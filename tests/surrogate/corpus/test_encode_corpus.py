"""The job as a whole: what it writes, that nothing is lost, and that the folder is the same however it came about."""

import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time

import mido
import numpy as np
import pytest

import musicvae_jax
from musicvae_jax import events
from surrogate.corpus import collection, dataset, encode, encode_corpus, job, scan, shards
from surrogate.reading import keys
from tests.conftest import SYNTH
from tests.handmade_song import HandmadeSong
from tests.mutations import MUTATIONS


@pytest.fixture(scope="module")
def whole(corpus_settings, tmp_path_factory):
    """What one unbroken run writes."""
    folder = tmp_path_factory.mktemp("whole") / "corpus"
    encode_corpus.run(corpus_settings(folder))
    return folder


def content(folder):
    """Name -> bytes of every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def command(settings, *flags):
    arguments = [f"--config.{name}={value}" for name, value in settings.items() if name != "transpose"]
    return [sys.executable, "-m", "scripts.encode_corpus", "--config=configs/encode_corpus.py", *arguments, *flags]


def environment(devices=1):
    """Of a process that computes as this one does, to the bit."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    return os.environ | {"JAX_PLATFORMS": "cpu", "JAX_DISABLE_MOST_OPTIMIZATIONS": "1", "XLA_FLAGS": flags}


def test_the_manifest_tells_what_became_of_every_file(whole, songs):
    manifest = json.loads((whole / "manifest.json").read_text())
    data = dataset.open(whole, verify=True)
    assert manifest["windows"] == len(data) == sum(shard["windows"] for shard in manifest["shards"])
    assert manifest["splits"] == dict(zip(dataset.SPLITS, np.bincount(data.split, minlength=3).tolist(), strict=True))
    assert manifest["files"] == len(collection.songs(str(songs))) == manifest["songs"] + len(manifest["rejected"])
    assert manifest["rejected"] == {"bad.mid": "truncated"} and manifest["reasons"] == {"truncated": 1}
    assert {"model", "versions", "config"} <= manifest.keys()
    rows = [line.split(",") for line in (whole / "sources.csv").read_text().splitlines()[1:]]
    named = {int(row[0]): row[1] for row in rows}
    assert sum(int(row[2]) for row in rows) == len(data)
    for index in (0, len(data) // 2, len(data) - 1):
        window = data[index]
        every = musicvae_jax.trio_windows(songs / named[int(window["source"])], grid="beats")
        assert (every == window["tokens"]).all(axis=(1, 2)).any()


def test_every_reason_is_on_the_list(tmp_path, songs, corpus_settings):
    source = next(songs.glob("0/*.mid")).read_bytes()
    folder = tmp_path / "songs"
    folder.mkdir()
    files = {
        "a.mid": (source, None),
        "again.mid": (source, "duplicate"),
        "b.mid": (b"", "empty"),
        "c.mid": (b"nothing of the kind", "not MIDI"),
        "d.mid": (source[:200], "truncated"),
        "e.mid": (source[:12] + b"\xe7\x28" + source[14:], "SMPTE time"),
        "f.mid": (source[:12] + b"\x00\x00" + source[14:], "corrupt"),
        "g.mid": (b"MThd\0\0\0\6\0\1\0\0\1\xe0", "no melody"),
    }
    for name, (raw, _) in files.items():
        (folder / name).write_bytes(raw)
    with (folder / "h.mid").open("wb") as stream:
        stream.truncate(collection.MOST_BYTES + 1)
    expected = {name: reason for name, (_, reason) in files.items() if reason} | {"h.mid": "too large"}
    encode_corpus.run(corpus_settings(tmp_path / "out", input=str(folder), tunes=""))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["rejected"] == expected
    assert set(manifest["reasons"]) <= set(scan.REASONS)


def test_a_killed_job_goes_on_and_ends_with_the_same_bytes(whole, corpus_settings, tmp_path):
    folder = tmp_path / "corpus"
    arguments = command(corpus_settings(folder))
    signs = ("scan-00000.jsonl", "shard-00001")
    for sign in signs:
        with subprocess.Popen(
            arguments, env=environment(), stderr=subprocess.DEVNULL, start_new_session=True
        ) as process:
            while not (folder / sign).exists() and process.poll() is None:
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
        assert not (folder / "manifest.json").exists()
    # What a process that is killed while it writes can leave behind.
    with (folder / "scan-00000.jsonl").open("ab") as stream:
        stream.write(b"[3,")
    (folder / ".shard-00002.part").mkdir(exist_ok=True)
    last = subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=True)
    assert content(folder) == content(whole)
    assert last.stdout.count("\n") == 1 and "windows/s" in last.stdout
    stamps = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again = encode_corpus.run(corpus_settings(folder))
    assert "nothing to do" in again and stamps == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_two_processes_write_what_one_writes(whole, corpus_settings, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = command(corpus_settings(tmp_path / "corpus"))
    by_flags = [*arguments, f"--coordinator=127.0.0.1:{port}", "--process_count=2", "--process_id=0"]
    by_environment = {"JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}", "JAX_PROCESS_COUNT": "2", "JAX_PROCESS_ID": "1"}
    processes = [
        subprocess.Popen(by_flags, env=environment(), stderr=subprocess.PIPE),
        subprocess.Popen(arguments, env=environment() | by_environment, stderr=subprocess.PIPE),
    ]
    for process in processes:
        _, printed = process.communicate(timeout=300)
        assert process.returncode == 0, printed.decode()
    assert content(tmp_path / "corpus") == content(whole)


def test_eight_devices_give_the_latents_of_one(whole, corpus_settings, tmp_path):
    arguments = command(corpus_settings(tmp_path / "corpus", batch_size=2))
    subprocess.run(arguments, env=environment(8), check=True, capture_output=True)
    one, eight = dataset.open(whole), dataset.open(tmp_path / "corpus")
    rows = np.arange(len(one))
    assert (one.rows(rows, "tokens") == eight.rows(rows, "tokens")).all()
    for field in ("mu", "sigma"):
        np.testing.assert_allclose(one.rows(rows, field), eight.rows(rows, field), atol=1e-6)


def test_another_config_checkpoint_or_collection_is_refused(whole, corpus_settings, songs, tmp_path):
    folder = tmp_path / "corpus"
    shutil.copytree(whole, folder)
    before = content(folder)
    other = musicvae_jax.load("trio_16bar_small")
    musicvae_jax.save(tmp_path / "model", other)
    shutil.copytree(songs, tmp_path / "songs")
    (tmp_path / "songs" / "one_more.mid").write_bytes(b"")
    for changes, what in (
        (dict(hop_bars=2), "another hop_bars (1, not 2)"),
        (dict(checkpoint=str(tmp_path / "model")), "another model"),
        (dict(input=str(tmp_path / "songs")), "another input"),
        (dict(tunes=""), "another tunes"),
    ):
        with pytest.raises(dataset.DatasetError) as caught:
            encode_corpus.run(corpus_settings(folder, **changes))
        assert what in str(caught.value) and str(folder) in str(caught.value)
    assert content(folder) == before


def test_a_folder_with_something_else_in_it_is_left_alone(corpus_settings, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(dataset.DatasetError, match=r"holds thesis\.txt already"):
        encode_corpus.run(corpus_settings(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_two_jobs_do_not_fill_one_folder(corpus_settings, tmp_path):
    identity = {"config": {}}
    with job.Job(tmp_path, identity), pytest.raises(dataset.DatasetError, match="at work"), job.Job(tmp_path, identity):
        pass
    with job.Job(tmp_path, identity):
        pass


def test_a_full_disk_ends_in_one_line_and_spoils_nothing(whole, corpus_settings, tmp_path, monkeypatch):
    folder, written = tmp_path / "corpus", []
    write = shards._write

    def write_until_full(path, data):
        if path.name == "sigma.npy" and len(written) == 1:
            path.write_bytes(bytes(data)[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.extend([path] if path.name == "sigma.npy" else [])
        write(path, data)

    monkeypatch.setattr(shards, "_write", write_until_full)
    with pytest.raises(OSError) as caught:
        encode_corpus.run(corpus_settings(folder))
    assert job.explain_os_error(caught.value, "corpus").startswith("corpus: the disk is full; make room")
    assert sorted(path.name for path in folder.glob("*")) == ["job.json", "scan-00000.jsonl", "shard-00000"]
    monkeypatch.undo()
    encode_corpus.run(corpus_settings(folder))
    assert content(folder) == content(whole)


def test_a_disk_without_room_is_noticed_before_the_work(corpus_settings, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(dataset.DatasetError, match="the disk has 0 MB left"):
        encode_corpus.run(corpus_settings(tmp_path / "corpus"))


def test_a_file_that_changed_since_the_scan_is_named(corpus_settings, songs, tmp_path):
    folder = tmp_path / "songs"
    shutil.copytree(songs, folder)
    settings = corpus_settings(tmp_path / "corpus", input=str(folder))
    listed = collection.songs(str(folder))
    reader = encode_corpus._song_reader(settings)
    (tmp_path / "records").mkdir()
    list(scan.scan(listed, reader, tmp_path / "records"))
    plan = scan.plan(listed, scan.Records(tmp_path / "records").read(), settings)
    first, second = np.flatnonzero(plan.rows)[:2]
    shutil.copy(folder / plan.names[second], folder / plan.names[first])
    with pytest.raises(dataset.DatasetError, match=f"{plan.names[first]}: has changed"):
        list(encode.tokens_reader(listed, plan, reader, settings)([first]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(input=""), "give --config.input"),
        (dict(input="nowhere"), "nowhere: no such file or folder"),
        (dict(grid="waltz"), "grid must be one of"),
        (dict(hop_bars=0), "hop_bars must be at least 1"),
        (dict(max_windows=-1), "max_windows must not be negative"),
        (dict(batch_size=0), "batch_size must be more than 0"),
        (dict(validation_fraction=0.8, test_fraction=0.3), "must not exceed 1"),
        (dict(transpose=(1, 2), copies=3), "copies must be 0 to 2"),
        (dict(tunes="nowhere.csv"), "nowhere.csv"),
        (dict(checkpoint="nothing"), "nothing: neither a pretrained model"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(corpus_settings, tmp_path, changes, message):
    with pytest.raises((dataset.DatasetError, musicvae_jax.checkpoint.CheckpointError, OSError)) as caught:
        encode_corpus.run(corpus_settings(tmp_path / "out", **changes))
    line = job.explain_os_error(caught.value, "out") if isinstance(caught.value, OSError) else str(caught.value)
    assert message in line and "\n" not in line
    assert not (tmp_path / "out").exists()


def test_a_collection_without_a_window_leaves_nothing_behind(corpus_settings, tmp_path):
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "a.mid").write_bytes(b"")
    for name in ("out", "out.npz"):
        with pytest.raises(dataset.DatasetError, match=r"no song has a window .* 1 files rejected \(empty: 1\)"):
            encode_corpus.run(corpus_settings(tmp_path / name, input=str(tmp_path / "songs"), tunes=""))
    assert [path.name for path in tmp_path.iterdir()] == ["songs"]


def test_the_command_refuses_in_one_line(corpus_settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for flags, message in (
        ([f"--config.output={tmp_path}/file"], f"{tmp_path}/file: File exists"),
        (["--process_count=2"], "several processes need --coordinator, --process_count and --process_id, all three"),
        (["--coordinator=localhost:1", "--process_count=2", "--process_id=2"], "--process_id must be 0 to 1, not 2"),
        (["--config.nonsense=1"], "the config has no setting nonsense; see --help"),
        (["--nonsense=1"], "Unknown command line flag 'nonsense'; see --help"),
    ):
        arguments = command(corpus_settings(tmp_path / "out"), *flags)
        ended = subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (2, f"encode_corpus: {message}\n")


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
        encode_corpus.run(corpus_settings(tmp_path / f"{name}.npz", **changes))
        kept[name] = windows_by_song(tmp_path / f"{name}.npz")[1]
    assert all((a == b).all() for a, b in zip(kept["all"], every, strict=True))
    assert all((a == b[:9]).all() for a, b in zip(kept["first"], every, strict=True))
    assert [len(a) for a in kept["drawn"]] == [min(9, len(a)) for a in every]
    assert any((a != b).any() for a, b in zip(kept["drawn"], kept["otherwise"], strict=True))


def test_training_windows_come_in_as_many_copies_of_each_as_asked_for(corpus_settings, tmp_path):
    encode_corpus.run(corpus_settings(tmp_path / "plain.npz"))
    plain, per_song = windows_by_song(tmp_path / "plain.npz")
    for changes, copies_of_each in (
        (dict(transpose=(3,)), 1),
        (dict(transpose=(-1, 0, 2), copies=0), 3),
        (dict(transpose=(1, 2, 3, 4), copies=2), 2),
    ):
        path = tmp_path / f"{copies_of_each}.npz"
        encode_corpus.run(corpus_settings(path, **changes))
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
        encode_corpus.run(corpus_settings(tmp_path / f"{name}.npz", in_c=name == "in_c"))
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
    with pytest.raises(dataset.DatasetError, match="no melody: 1"):
        encode_corpus.run(corpus_settings(tmp_path / "none.npz", **settings))
    encode_corpus.run(corpus_settings(tmp_path / "leads.npz", leads=True, **settings))
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
        line = encode_corpus.run(corpus_settings(path, input=str(folder), tunes="", deduplicate=once))
        data = dataset.open(path)
        assert len(np.unique(data.tune)) == 1 and len(np.unique(data.shards[0]["source"])) == count
        assert ("duplicate: 1" in line) == once


def test_an_archive_gives_what_its_folder_gives(whole, corpus_settings, songs, tmp_path):
    with tarfile.open(tmp_path / "songs.tar.xz", "w:xz") as archive:
        for song in collection.songs(str(songs)):
            archive.add(songs / song.name, song.name)
    encode_corpus.run(corpus_settings(tmp_path / "corpus", input=str(tmp_path / "songs.tar.xz")))
    assert content(tmp_path / "corpus") == content(whole)


def test_broken_files_are_all_accounted_for(corpus_settings, tmp_path):
    rng = np.random.default_rng(0)
    raw = [path.read_bytes() for path in sorted(SYNTH.rglob("*.mid"))]
    (tmp_path / "songs").mkdir()
    for number in range(250):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        one, other = (raw[i] for i in rng.integers(0, len(raw), 2))
        (tmp_path / "songs" / f"{number:03d}-{mutate.__name__}.mid").write_bytes(mutate(one, other, rng))
    encode_corpus.run(corpus_settings(tmp_path / "corpus", input=str(tmp_path / "songs"), tunes="", workers=2))
    manifest = json.loads((tmp_path / "corpus" / "manifest.json").read_text())
    named = {line.split(",")[1] for line in (tmp_path / "corpus" / "sources.csv").read_text().splitlines()[1:]}
    assert named.isdisjoint(manifest["rejected"]) and len(named) + len(manifest["rejected"]) == manifest["files"] == 250
    assert set(manifest["reasons"]) <= set(scan.REASONS) and len(manifest["reasons"]) > 4
    assert "reader crashed" not in manifest["reasons"]
    assert manifest["windows"] == len(dataset.open(tmp_path / "corpus", verify=True))
