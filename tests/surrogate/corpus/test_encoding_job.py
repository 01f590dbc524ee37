"""The job as a whole: what it writes, that nothing is lost, and that the folder is the same however it came about."""

import json
import os
import signal
import socket
import subprocess
import tarfile
import time

import numpy as np

import musicvae_jax
from surrogate.corpus import archives, collection, dataset, encoding_job, plan
from surrogate.corpus.tunes import SPLITS
from tests.conftest import SYNTH
from tests.mutations import MUTATIONS
from tests.surrogate.corpus.corpus_jobs import command, environment, files_of


def test_the_manifest_tells_what_became_of_every_file(whole, songs):
    manifest = json.loads((whole / "manifest.json").read_text())
    data = dataset.open(whole, verify=True)
    assert manifest["windows"] == len(data) == sum(shard["windows"] for shard in manifest["shards"])
    assert manifest["splits"] == dict(zip(SPLITS, np.bincount(data.split, minlength=3).tolist(), strict=True))
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
        stream.truncate(archives.MOST_BYTES + 1)
    expected = {name: reason for name, (_, reason) in files.items() if reason} | {"h.mid": "too large"}
    encoding_job.run(corpus_settings(tmp_path / "out", input=str(folder), tunes=""))
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["rejected"] == expected
    assert set(manifest["reasons"]) <= set(plan.REASONS)


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
    assert files_of(folder) == files_of(whole)
    assert last.stdout.count("\n") == 1 and "windows/s" in last.stdout
    stamps = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again = encoding_job.run(corpus_settings(folder))
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
    assert files_of(tmp_path / "corpus") == files_of(whole)


def test_eight_devices_give_the_latents_of_one(whole, corpus_settings, tmp_path):
    arguments = command(corpus_settings(tmp_path / "corpus", batch_size=2))
    subprocess.run(arguments, env=environment(8), check=True, capture_output=True)
    one, eight = dataset.open(whole), dataset.open(tmp_path / "corpus")
    rows = np.arange(len(one))
    assert (one.rows(rows, "tokens") == eight.rows(rows, "tokens")).all()
    for field in ("mu", "sigma"):
        np.testing.assert_allclose(one.rows(rows, field), eight.rows(rows, field), atol=1e-6)


def test_an_archive_gives_what_its_folder_gives(whole, corpus_settings, songs, tmp_path):
    with tarfile.open(tmp_path / "songs.tar.xz", "w:xz") as archive:
        for song in collection.songs(str(songs)):
            archive.add(songs / song.name, song.name)
    encoding_job.run(corpus_settings(tmp_path / "corpus", input=str(tmp_path / "songs.tar.xz")))
    assert files_of(tmp_path / "corpus") == files_of(whole)


def test_broken_files_are_all_accounted_for(corpus_settings, tmp_path):
    rng = np.random.default_rng(0)
    raw = [path.read_bytes() for path in sorted(SYNTH.rglob("*.mid"))]
    (tmp_path / "songs").mkdir()
    for number in range(250):
        mutate = MUTATIONS[number % len(MUTATIONS)]
        one, other = (raw[i] for i in rng.integers(0, len(raw), 2))
        (tmp_path / "songs" / f"{number:03d}-{mutate.__name__}.mid").write_bytes(mutate(one, other, rng))
    encoding_job.run(corpus_settings(tmp_path / "corpus", input=str(tmp_path / "songs"), tunes="", workers=2))
    manifest = json.loads((tmp_path / "corpus" / "manifest.json").read_text())
    named = {line.split(",")[1] for line in (tmp_path / "corpus" / "sources.csv").read_text().splitlines()[1:]}
    assert named.isdisjoint(manifest["rejected"]) and len(named) + len(manifest["rejected"]) == manifest["files"] == 250
    assert set(manifest["reasons"]) <= set(plan.REASONS) and len(manifest["reasons"]) > 4
    assert "reader crashed" not in manifest["reasons"]
    assert manifest["windows"] == len(dataset.open(tmp_path / "corpus", verify=True))
