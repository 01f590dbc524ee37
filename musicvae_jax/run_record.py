"""What the run in a work folder was begun with (run.json), so that it goes on as it was begun or not at all."""

import json
import pathlib

import jax

from musicvae_jax import files
from musicvae_jax.training import TrainingError

FILE = "run.json"
_KIND = "training"
# Where a run lies, how often it reports and is kept, and how it is evaluated and saved: none of it changes the weights.
FREE = (
    "workdir", "log_every", "evaluate_every", "evaluate_windows", "evaluate_batches", "checkpoint_every", "save_dtype",
    "profile",
)  # fmt: skip


def begin(workdir, settings, checkpoints=None) -> int:
    """Makes sure that a run may begin in a folder or go on there, and keeps its settings beside it.

    Args:
        workdir: the folder, made if need be. A run that has left no checkpoint there has left nothing to go on from.
        settings: {name: value} of JSON's types, nested ones too; all but FREE must be what the run was begun with.
        checkpoints: where they are, a path of pathlib or epath, if not in workdir.

    Returns:
        The step that the run goes on from, 0 for a new one.

    Raises:
        TrainingError: the folder holds a run with other settings, or one whose settings are not known.
        FileError: the folder cannot be made or written.
    """
    workdir = pathlib.Path(workdir)
    # Read before the record: it is written first, so where there is a checkpoint there is the record of its run.
    checkpoints = checkpoints or workdir / "checkpoints"
    step = max((int(path.name) for path in checkpoints.glob("*") if path.name.isdigit()), default=0)
    settings = json.loads(json.dumps({name: value for name, value in settings.items() if name not in FREE}))
    begun = read(workdir)
    if step:
        _compare(workdir, begun, settings)
    elif jax.process_index() == 0:
        files.make_folder(workdir)
        files.write_whole(workdir / FILE, json.dumps({"kind": _KIND, "settings": settings}, indent=1) + "\n")
    return step


def read(workdir) -> dict | None:
    """The settings that the run in a folder was begun with.

    Args:
        workdir: the folder.

    Returns:
        What begin was told, without FREE; None where no run was begun.

    Raises:
        TrainingError: its run.json is not that of a training.
    """
    path = pathlib.Path(workdir) / FILE
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        saved = None
    if not isinstance(saved, dict) or saved.get("kind") != _KIND or not isinstance(saved.get("settings"), dict):
        raise TrainingError(f"{path}: does not tell of a training; give another --config.workdir")
    return saved["settings"]


def _compare(workdir, begun, now):
    if begun is None:
        raise TrainingError(
            f"{workdir}: has checkpoints, but no {FILE} that tells what their run was begun with; "
            "give another --config.workdir"
        )
    if begun.get("task") != now.get("task"):
        tasks = f"{begun.get('task')}, not {now.get('task')}"
        raise TrainingError(f"{workdir}: is another task's run ({tasks}); give another --config.workdir")
    begun, now = _flat(begun), _flat(now)
    for name in sorted(begun.keys() | now.keys()):
        if begun.get(name) != now.get(name):
            raise TrainingError(
                f"{workdir}: its run was begun with {name}={_text(begun, name)}, not {_text(now, name)}; "
                "give that again to go on, or another --config.workdir to begin anew"
            )


def _text(settings, name):
    return json.dumps(settings[name]) if name in settings else "nothing"


def _flat(settings, prefix=""):
    """Nested settings by their full names, such as "model.width"."""
    flat = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat
