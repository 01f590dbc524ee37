"""Jobs that cannot be done or gone on with: refused in one line, and nothing is spoilt."""

import errno
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import musicvae_jax
from musicvae_jax.files import FileError
from surrogate.corpus import collection, encoding_job, errors, job, scan, shards, song_tokens
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.plan import plan_of_songs
from surrogate.corpus.tunes import TuneTable
from tests.surrogate.corpus.corpus_jobs import command, environment, files_of


def test_another_config_checkpoint_or_collection_is_refused(whole, corpus_settings, songs, tmp_path):
    folder = tmp_path / "corpus"
    shutil.copytree(whole, folder)
    before = files_of(folder)
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
        with pytest.raises(DatasetError) as caught:
            encoding_job.run(corpus_settings(folder, **changes))
        assert what in str(caught.value) and str(folder) in str(caught.value)
    assert files_of(folder) == before


def test_a_folder_with_something_else_in_it_is_left_alone(corpus_settings, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DatasetError, match=r"holds thesis\.txt already"):
        encoding_job.run(corpus_settings(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_two_jobs_do_not_fill_one_folder(corpus_settings, tmp_path):
    identity = {"config": {}}
    with job.Job(tmp_path, identity), pytest.raises(DatasetError, match="at work"), job.Job(tmp_path, identity):
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
        encoding_job.run(corpus_settings(folder))
    assert errors.explain(caught.value, "corpus").startswith("corpus: the disk is full; make room")
    assert sorted(path.name for path in folder.glob("*")) == ["job.json", "scan-00000.jsonl", "shard-00000"]
    monkeypatch.undo()
    encoding_job.run(corpus_settings(folder))
    assert files_of(folder) == files_of(whole)


def test_a_disk_without_room_is_noticed_before_the_work(corpus_settings, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DatasetError, match="the disk has 0 MB left"):
        encoding_job.run(corpus_settings(tmp_path / "corpus"))


def test_a_file_that_changed_since_the_scan_is_named(corpus_settings, songs, tmp_path):
    folder = tmp_path / "songs"
    shutil.copytree(songs, folder)
    settings = corpus_settings(tmp_path / "corpus", input=str(folder))
    listed = collection.songs(str(folder))
    reader = encoding_job._song_reader(settings, in_c=False)
    (tmp_path / "records").mkdir()
    list(scan.scan(listed, reader, tmp_path / "records"))
    plan = plan_of_songs(listed, scan.ScanFiles(tmp_path / "records").read(), TuneTable(), settings)
    first, second = np.flatnonzero(plan.rows)[:2]
    shutil.copy(folder / plan.names[second], folder / plan.names[first])
    with pytest.raises(DatasetError, match=f"{plan.names[first]}: has changed"):
        list(song_tokens.collection_reader(listed, plan, reader, settings)([first]))


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
    with pytest.raises((DatasetError, musicvae_jax.checkpoint.CheckpointError, OSError)) as caught:
        encoding_job.run(corpus_settings(tmp_path / "out", **changes))
    line = errors.explain(caught.value, "out") if isinstance(caught.value, OSError) else str(caught.value)
    assert message in line and "\n" not in line
    assert not (tmp_path / "out").exists()


def test_a_collection_without_a_window_leaves_nothing_behind(corpus_settings, tmp_path):
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "a.mid").write_bytes(b"")
    for name in ("out", "out.npz"):
        with pytest.raises(DatasetError, match=r"no song has a window .* 1 files rejected \(empty: 1\)"):
            encoding_job.run(corpus_settings(tmp_path / name, input=str(tmp_path / "songs"), tunes=""))
    assert [path.name for path in tmp_path.iterdir()] == ["songs"]


def test_the_command_refuses_in_one_line(corpus_settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for flags, message in (
        ([f"--config.output={tmp_path}/file"], f"{tmp_path}/file: is a file; give a folder"),
        (["--process_count=2"], "several processes need --coordinator, --process_count and --process_id, all three"),
        (["--coordinator=localhost:1", "--process_count=2", "--process_id=2"], "--process_id must be 0 to 1, not 2"),
        (["--config.nonsense=1"], "the config has no setting nonsense; see --help"),
        (["--nonsense=1"], "Unknown command line flag 'nonsense'; see --help"),
    ):
        arguments = command(corpus_settings(tmp_path / "out"), *flags)
        ended = subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr) == (2, f"encode_corpus: {message}\n")


def test_the_command_needs_nothing_that_windows_lacks(tmp_path):
    code = f"""
import sys
sys.modules |= dict.fromkeys(("fcntl", "resource", "pwd", "grp", "termios"))
from surrogate.corpus import encoding_job, job
with job.Job({str(tmp_path / "folder")!r}, {{"config": {{}}}}) as the_job:
    the_job.remove()
sys.argv = ["encode_corpus", "--help"]
from surrogate.commands.encode_corpus import main
sys.exit(main())
"""
    ended = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False)
    assert "usage: encode_corpus" in ended.stdout.lower() and "Traceback" not in ended.stderr, ended.stderr
    assert not (tmp_path / "folder").exists()


def test_a_full_disk_is_told_whoever_noticed():
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    error = FileError("out/job.json", "cannot be written")
    error.__cause__ = full
    for each in (full, error):
        assert errors.explain(each, "out").startswith("out: the disk is full; make room")
    assert errors.explain(FileError("a", "cannot be written"), "out") == "a: cannot be written"
