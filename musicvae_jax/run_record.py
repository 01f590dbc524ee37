"""What the run in a work folder was begun with (config.json), so that it goes on as it was begun or not at all."""

import json
import pathlib

import jax

from musicvae_jax.files import write_whole
from musicvae_jax.training import TrainingError

FILE = "config.json"
# Where a run lies, how often it reports and is kept, and how it is evaluated and saved: none of it changes the weights.
FREE = ("workdir", "log_every", "evaluate_every", "evaluate_windows", "checkpoint_every", "save_dtype")


def begin(workdir, settings) -> int:
    """Makes sure that a run may begin in a folder or go on there, and keeps its settings beside it.

    Args:
        workdir: the folder, made if need be. A run that has left no checkpoint there has left nothing to go on from.
        settings: {name: value} of JSON's types, nested ones too; all but FREE must be what the run was begun with.

    Returns:
        The step that the run goes on from, 0 for a new one.

    Raises:
        TrainingError: the folder holds a run with other settings, or one whose settings are not known.
    """
    workdir = pathlib.Path(workdir)
    # Read before the record: it is written first, so where there is a checkpoint there is the record of its run.
    step = max((int(path.name) for path in (workdir / "checkpoints").glob("*") if path.name.isdigit()), default=0)
    settings = json.loads(json.dumps({name: value for name, value in settings.items() if name not in FREE}))
    if step:
        _compare(workdir, _flat(_read(workdir / FILE)), _flat(settings))
    elif jax.process_index() == 0:
        workdir.mkdir(parents=True, exist_ok=True)
        write_whole(workdir / FILE, json.dumps(settings, indent=1) + "\n")
    return step


def _read(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise TrainingError(
            f"{path.parent}: has checkpoints, but no {FILE} that tells what their run was begun with; "
            "give another --config.workdir"
        ) from None


def _compare(workdir, begun, now):
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
