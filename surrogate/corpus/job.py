"""A job that fills a folder: begun once, gone on with as often as it takes, by one process or several, finished."""

import contextlib
import json
import pathlib
import shutil
import time

import filelock

from musicvae_jax import files
from surrogate.corpus import manifest, shards
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.plan import Plan

_MANIFEST, _JOB = "manifest.json", "job.json"


class Job:
    """A folder being filled: knows what was asked for, and refuses to go on with anything else.

    Use as a context; meanwhile no other process of the same number can work in the folder.
    """

    def __init__(self, folder, identity: dict, *, process: int = 0, processes: int = 1):
        """Settles what is asked for.

        Args:
            folder: to fill.
            identity: all that settles what comes out, as JSON types.
            process, processes: the number of this process, and how many share the job.
        """
        self.folder, self.identity = pathlib.Path(folder), identity
        self.process, self.processes = process, processes
        self._lock = filelock.FileLock(self.folder / f".lock-{process:05d}", timeout=0)
        self._is_removed = False

    def __enter__(self):
        files.make_folder(self.folder)
        try:
            self._lock.acquire()
        except filelock.Timeout:
            raise DatasetError(f"{self.folder}: another encode_corpus is at work in it") from None
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(PermissionError):  # Windows, which takes the file away at the release
            pathlib.Path(self._lock.lock_file).unlink(missing_ok=True)
        self._lock.release()
        if self._is_removed:
            self.folder.rmdir()

    def _begin(self) -> None:
        begun = self._begun()
        if begun is None and self.process == 0:
            strangers = [path.name for path in self.folder.iterdir() if not path.name.startswith(".")]
            if strangers:
                raise DatasetError(f"{self.folder}: holds {min(strangers)} already; give a folder of its own")
            files.write_whole(self.folder / _JOB, json.dumps(self.identity, indent=1))
        begun = begun or wait_for(self._begun)
        for key, now in self.identity.items():
            if begun[key] != now:
                what = _difference(key, begun[key], now)
                raise DatasetError(
                    f"{self.folder}: was begun with {what}; go on as it was begun, or give another folder"
                )

    def _begun(self) -> dict | None:
        for name in (_MANIFEST, _JOB):
            path = self.folder / name
            if path.exists():
                begun = json.loads(path.read_text(encoding="utf-8"))
                return {key: begun.get(key) for key in self.identity}
        return None

    @property
    def done(self) -> bool:
        """Whether all is written."""
        return (self.folder / _MANIFEST).exists()

    def shards(self, total: int, shard_windows: int) -> list[pathlib.Path]:
        """The folders of all shards that hold so many windows, written or not."""
        return [self.folder / shards.name_of(number) for number in range(-(-total // shard_windows))]

    def finish(self, plan: Plan, tunes: dict, shard_windows: int) -> None:
        """Waits for the shards of all processes; the first one merges what they tell into the manifest, last of all.

        Args:
            plan: of the rows.
            tunes: how table and files match, as TuneTable.mismatch tells.
            shard_windows: rows a shard.
        """
        folders = self.shards(plan.total, shard_windows)
        wait_for(lambda: self.done or all(folder.exists() for folder in folders))
        if self.process:
            wait_for(lambda: self.done)
            return
        corpus = manifest.summary(plan) | {"tune_table": tunes} | self.identity
        corpus["shards"] = [json.loads((folder / "shard.json").read_text(encoding="utf-8")) for folder in folders]
        files.write_whole(self.folder / "sources.csv", manifest.sources_csv(plan))
        files.write_whole(self.folder / _MANIFEST, json.dumps(corpus, indent=1) + "\n")
        self.clear()

    def clear(self) -> None:
        """Takes away what only an unfinished job needs."""
        for path in [*self.folder.glob("scan-*.jsonl"), self.folder / _JOB, *self.folder.glob(".*")]:
            with contextlib.suppress(PermissionError):  # Windows keeps locks that are held
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Takes the folder away, too, where nothing is to stay in it, when the context ends."""
        self.clear()
        self._is_removed = True


def wait_for(condition):
    """Polls until the condition is true, and returns its value: processes of a job share nothing but the folder."""
    pause = 0.05
    while not (value := condition()):
        time.sleep(pause)
        pause = min(1.5 * pause, 5)
    return value


def _difference(key, was, now) -> str:
    """The first setting in which two values differ, for a message."""
    if isinstance(was, dict) and isinstance(now, dict):
        key = min(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
        was, now = was.get(key), now.get(key)
    return f"another {key} ({was}, not {now})"
