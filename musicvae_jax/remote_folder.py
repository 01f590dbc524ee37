"""Work folders in object stores such as gs://, of which a copy is kept on this machine while a training lasts."""

import contextlib
import pathlib
import tempfile
import threading
from collections.abc import Iterator

import jax
from etils.epath import Path as AnyPath

from musicvae_jax import run_record, training_log
from musicvae_jax.training import TrainingError

CHECKPOINTS = "checkpoints"
_READ = (run_record.FILE, training_log.FILE)  # what a training that goes on needs of what it wrote, but checkpoints
_SECONDS = 60


@contextlib.contextmanager
def at_hand(workdir) -> Iterator[tuple[pathlib.Path, AnyPath]]:
    """A work folder as one that this machine has.

    Args:
        workdir: a path, or a URL such as gs://bucket/folder, of which process 0 writes what its copy holds once a
            minute and at the end. Checkpoints are written there at once.

    Yields:
        The folder, and where its checkpoints are.

    Raises:
        TrainingError: the URL cannot be read or written.
    """
    if "://" not in str(workdir):
        yield pathlib.Path(workdir), AnyPath(workdir).absolute() / CHECKPOINTS
        return
    with tempfile.TemporaryDirectory() as temporary:
        copy, remote = pathlib.Path(temporary), _open(workdir)
        for name in _READ:
            if (remote / name).exists():
                (copy / name).write_bytes((remote / name).read_bytes())
        with _copied_on(copy, remote) if jax.process_index() == 0 else contextlib.nullcontext():
            yield copy, remote / CHECKPOINTS


def _open(workdir):
    try:
        remote = AnyPath(workdir)
        remote.mkdir(parents=True, exist_ok=True)
    except Exception as error:  # of whatever library stands behind the URL, also where it is missing
        reason = " ".join(str(error).split())[:200]
        raise TrainingError(f"{workdir}: cannot be written ({reason})") from None
    return remote


@contextlib.contextmanager
def _copied_on(copy, remote):
    """Copies what changes in one folder to another, in a thread of its own, and all of it at the end."""
    ended, known = threading.Event(), {}

    def write():
        while not ended.wait(_SECONDS):
            with contextlib.suppress(Exception):  # tried again in a minute, and at the end for good
                _copy_changes(copy, remote, known)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _copy_changes(copy, remote, known)


def _copy_changes(copy, remote, known):
    for path in sorted(copy.rglob("*")):
        if path.name.startswith(".") or not path.is_file():
            continue
        status = path.stat()
        stamp = status.st_mtime_ns, status.st_size
        if known.get(path) != stamp:
            target = remote / path.relative_to(copy)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
            known[path] = stamp
