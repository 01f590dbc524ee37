"""The model card (README.md) of a trained model's folder: what its trainings noted, and nothing else."""

import json
import os
import pathlib

import jax

from musicvae_jax import checkpoint
from musicvae_jax.files import write_whole
from surrogate.model import compatibility, critic, window_surrogate
from surrogate.model.task import SPLITS

_TITLES = {"": "MusicVAE", window_surrogate.PART: "Surrogate encoder", critic.PART: "Critic"}
_CARD = """# A model of bass and drums

Give this folder to `surrogate.accompany` and the commands as their checkpoint. Each `config.json` tells its sizes.

{sections}
## What to know

What is not told here was not measured: `scripts.evaluate` compares the model with baselines and people.

## Licence

Not stated: it is for whoever publishes this model to choose, in view of what it was trained on.
"""


def describe_hardware() -> dict:
    """The devices of all processes, for JSON."""
    kind = jax.devices()[0].device_kind
    if kind == "cpu":
        kind = f"CPU of {os.cpu_count()} cores"
    return {"device": kind, "devices": jax.device_count(), "processes": jax.process_count()}


def add_validation(folder, metrics) -> None:
    """Adds {name: value} to the notes of a module that was saved in a folder before it was evaluated."""
    path = pathlib.Path(folder) / "config.json"
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved["notes"]["validation"] = {name: round(value, 4) for name, value in metrics.items()}
    write_whole(path, json.dumps(saved, indent=1) + "\n")


def write(folder, trained, given=None) -> None:
    """Writes the card of a model folder.

    Args:
        folder: where config.json of the MusicVAE lies, and those of its parts in sub-folders.
        trained: the part that the latest training wrote, "" for the MusicVAE.
        given: the name or folder of the model that the other parts were taken over from; a folder stays unnamed.
    """
    folder = pathlib.Path(folder)
    pretrained = {path.name for path in checkpoint.PRETRAINED.iterdir()}
    source = given if given in pretrained else "the model that training was given"
    parts = ["", *sorted(path.parent.name for path in folder.glob("*/config.json"))]
    sections = []
    for part in parts:
        came = "Trained last." if part == trained else f"Taken over from {source}, as it was."
        title = _TITLES.get(part, f"Surrogate encoder `{part}`")
        sections.append(f"## {title}\n\n{came}\n{_facts(checkpoint.read_saved(folder / part)['notes'])}")
    write_whole(folder / "README.md", _CARD.format(sections="\n".join(sections)))


def _facts(notes):
    """Lines of what a training noted; none where it noted nothing, as that of another version or of Magenta."""
    facts = ""
    if "data" in notes:
        data = notes["data"]
        keys = f"; songs {compatibility.describe_keys(data['in_c'])}" if "in_c" in data else ""
        counted = [what for what in ("bars", "windows", "songs", "tunes") if what in data]
        train, held_out = (", ".join(f"{data[what][split]} {what}" for what in counted) for split in SPLITS)
        facts += f"- Data: {train} to train on; {held_out} held out{keys}.\n"
    if "run" in notes:
        run, settings = notes["run"], notes["settings"]
        facts += (
            f"- Training: {settings['steps']} steps of {settings['batch_size']} examples in {settings['dtype']}, "
            f"{run['seconds'] / 60:.1f} min; devices: {run['devices']} ({run['device']}); processes: "
            f"{run['processes']}.\n"
        )
    if "validation" in notes:
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in notes["validation"].items())
        facts += f"- On held-out tunes: {metrics}.\n"
    return facts and "\n" + facts
