"""A job that fills a folder: begun once, gone on with as often as it takes, by one process or several, finished."""

import csv
import errno
import fcntl
import io
import json
import pathlib
import shutil
import time

import numpy as np

from musicvae_jax import files
from surrogate.corpus import dataset, scan, shards

_MANIFEST, _JOB = "manifest.json", "job.json"


class Job:
    """A folder being filled: knows what was asked for, and refuses to go on with anything else.

    Use as a context; meanwhile no other process of the same number can work in the folder.
    """

    def __init__(self, folder, identity: dict, *, process: int = 0, processes: int = 1):
        self.folder, self.identity = pathlib.Path(folder), identity
        self.process, self.processes = process, processes

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / f".lock-{self.process:05d}").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise dataset.DatasetError(f"{self.folder}: another encode_corpus is at work in it") from None
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        pathlib.Path(self._lock.name).unlink(missing_ok=True)
        self._lock.close()

    def _begin(self) -> None:
        begun = self._begun()
        if begun is None and self.process == 0:
            strangers = [path.name for path in self.folder.iterdir() if not path.name.startswith(".")]
            if strangers:
                raise dataset.DatasetError(f"{self.folder}: holds {min(strangers)} already; give a folder of its own")
            files.write_whole(self.folder / _JOB, json.dumps(self.identity, indent=1))
        begun = begun or wait(self._begun)
        for key, now in self.identity.items():
            if begun[key] != now:
                what = _difference(key, begun[key], now)
                raise dataset.DatasetError(
                    f"{self.folder}: was begun with {what}; go on as it was begun, or give another folder"
                )

    def _begun(self) -> dict | None:
        for name in (_MANIFEST, _JOB):
            path = self.folder / name
            if path.exists():
                begun = json.loads(path.read_text())
                return {key: begun.get(key) for key in self.identity}
        return None

    @property
    def done(self) -> bool:
        return (self.folder / _MANIFEST).exists()

    def shards(self, total: int, shard_windows: int) -> list[pathlib.Path]:
        """The folders of all shards that hold so many windows, written or not."""
        return [self.folder / shards.name_of(number) for number in range(-(-total // shard_windows))]

    def finish(self, plan: scan.Plan, shard_windows: int) -> None:
        """Waits for the shards of all processes; the first one merges what they tell into the manifest, last of all."""
        folders = self.shards(plan.total, shard_windows)
        wait(lambda: self.done or all(folder.exists() for folder in folders))
        if self.process:
            wait(lambda: self.done)
            return
        manifest = summary(plan) | self.identity
        manifest["shards"] = [json.loads((folder / "shard.json").read_text()) for folder in folders]
        files.write_whole(self.folder / "sources.csv", sources(plan))
        files.write_whole(self.folder / _MANIFEST, json.dumps(manifest, indent=1) + "\n")
        self.clear()

    def clear(self) -> None:
        """Takes away what only an unfinished job needs."""
        for path in [*self.folder.glob("scan-*.jsonl"), self.folder / _JOB, *self.folder.glob(".*")]:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Takes the folder away, too, where nothing is to stay in it."""
        self.clear()
        self.folder.rmdir()


def wait(condition):
    """Polls until the condition is true, and returns its value: processes of a job share nothing but the folder."""
    pause = 0.05
    while not (value := condition()):
        time.sleep(pause)
        pause = min(1.5 * pause, 5)
    return value


def summary(plan: scan.Plan) -> dict:
    """What became of the songs: counts, and the reason of every rejected one."""
    rejected = {name: reason for name, reason in zip(plan.names, plan.reasons, strict=True) if reason}
    by_split = np.bincount(plan.split, weights=plan.rows, minlength=len(dataset.SPLITS)).astype(int)
    return {
        "files": len(plan.names),
        "songs": len(plan.names) - plan.rejected.total(),
        "windows": plan.total,
        "splits": dict(zip(dataset.SPLITS, by_split.tolist(), strict=True)),
        "reasons": dict(sorted(plan.rejected.items())),
        "rejected": rejected,
    }


def sources(plan: scan.Plan) -> str:
    """CSV that tells what the source numbers in the shards stand for."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["source", "file", "windows", "tune", "split"])
    for number in np.flatnonzero(plan.rows):
        split = dataset.SPLITS[plan.split[number]]
        writer.writerow([plan.source[number], plan.names[number], plan.rows[number], plan.tune[number], split])
    return stream.getvalue()


def _difference(key, was, now) -> str:
    """The first setting in which two values differ, for a message."""
    if isinstance(was, dict) and isinstance(now, dict):
        key = min(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
        was, now = was.get(key), now.get(key)
    return f"another {key} ({was}, not {now})"


def explain_os_error(error: OSError, output: str) -> str:
    """One line on why a job could not write its output."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{output}: the disk is full; make room and give the same command again: it goes on where this one stopped"
        )
    return f"{error.filename or output}: {error.strerror or error}"
