"""The folder that a training works in: its own, and one training's at a time."""

import contextlib
import pathlib
from collections.abc import Iterator

import filelock
import jax

from musicvae_jax import checkpoint, curves, files, run_record, training_log
from musicvae_jax.training import TrainingError

_LOCK = ".lock"
_WRITTEN = (
    "checkpoints",
    training_log.FILE,
    "tensorboard",
    "profile",
    curves.FILE,
    "model",
    "parts",
)  # all of it after the run's record


@contextlib.contextmanager
def occupy(workdir) -> Iterator[None]:
    """Keeps a folder to one training for as long as the context lasts.

    Of several processes that train one model all must call it; process 0 stands for all.

    Args:
        workdir: the folder, made if need be.

    Raises:
        TrainingError: another training is at work in it, or something lies there that is not a training's.
        FileError: it cannot be made.
    """
    workdir = pathlib.Path(workdir)
    _check_contents(workdir)
    if jax.process_index() > 0:
        yield
        return
    files.make_folder(workdir)
    try:
        lock = filelock.FileLock(workdir / _LOCK, timeout=0).acquire()
    except filelock.Timeout:
        raise TrainingError(
            f"{workdir}: another training is at work in it; let it end, or give another --config.workdir"
        ) from None
    with lock:
        yield


def _check_contents(workdir) -> None:
    model = checkpoint.model_around(workdir)
    if model is not None:
        raise TrainingError(f"{workdir}: is in a model's folder ({model}); give another --config.workdir")
    found = [name for name in _WRITTEN if (workdir / name).exists()]  # looked for first, as it is written last
    if run_record.read(workdir) is None and found:
        raise TrainingError(
            f"{workdir}: holds {found[0]} already, but no {run_record.FILE} that tells of a training; "
            "give another --config.workdir"
        )
