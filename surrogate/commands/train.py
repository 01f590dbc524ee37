"""Train what a configuration describes: --config=musicvae_small --config.data=PACK_OR_DIR --config.workdir=DIR

Started again with the same command, it goes on from its last checkpoint. The model is left in WORKDIR/model, a folder
that --checkpoint of the other commands takes, and cut into WORKDIR/parts for carrying.

To train on several hosts that see the same folders, start it on each with --distributed where the cluster tells of the
job (TPU slices, Slurm, MPI), else with --coordinator=HOST:PORT, --process_count and --process_id, or set
JAX_COORDINATOR_ADDRESS, JAX_PROCESS_COUNT and JAX_PROCESS_ID; batch_size is that of all together. SIGTERM, as it comes
before a machine is taken away, saves and ends with the exit code 143.
"""

import pathlib
import sys

import jax
from absl import logging

from musicvae_jax import (
    cache,
    carrying,
    checkpoint,
    curves,
    files,
    remote_folder,
    run_record,
    sharding,
    training,
    training_log,
    work_folder,
)
from musicvae_jax.stopping import Stopped
from surrogate.commands import config_parser, devices, hosts
from surrogate.commands.console import STOPPED, interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError
from surrogate.corpus import dataset, song_pack
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.hashing import hash_of_file
from surrogate.model import card, tasks

MISTAKES = (
    UsageError,
    DatasetError,
    checkpoint.CheckpointError,
    files.FileError,
    training.TrainingError,
    FloatingPointError,
    OSError,
)
"""What run raises that a line tells."""
_MOST_BYTES_IN_PARTS = 250_000_000
_NOT_OF_THE_MODEL = ("data", "workdir", "checkpoint", "model", "start")  # this machine's paths; sizes beside them


def run(config, command: str = "train") -> str:
    """Trains what a config describes, with the other processes if there are any.

    Args:
        config: one of configs/.
        command: the name that what it says on the way begins with.

    Returns:
        The closing line.

    Raises:
        TrainingError, DatasetError, CheckpointError, FileError, OSError: config, data and models do not make a run, or
            the work folder cannot be written.
        FloatingPointError: the loss is not finite.
        Stopped: the process was told to end (SIGTERM), and the training is saved.
    """
    if not config.data or not config.workdir:
        raise training.TrainingError("give --config.data=PACK_OR_DIR and --config.workdir=DIR")
    training.check_config(config)
    data = song_pack.open(config.data) if config.task in tasks.OF_SONGS else dataset.open(config.data)
    task = tasks.build(config, data)
    with remote_folder.at_hand(config.workdir) as (workdir, checkpoints), work_folder.occupy(workdir):
        settings = config.to_dict() | {"data": _identity(config.data)} | task.origins
        start = run_record.begin(workdir, settings, checkpoints)
        lines = [*task.warnings, *([f"going on from step {start}"] if start else [])]
        if not curves.can_draw():
            lines.append(f"{curves.FILE} is left out: it needs matplotlib; pip install '.[media]'")
        for line in lines if jax.process_index() == 0 else []:
            print(f"{command}: {line}", file=sys.stderr)
        return _train(config, task, workdir, checkpoints)


def _train(config, task, workdir, checkpoints):
    """Trains in a work folder that is this run's, and leaves the model there; returns the closing line."""
    folder = workdir / "model"
    notes = {
        "settings": {name: value for name, value in config.to_dict().items() if name not in _NOT_OF_THE_MODEL},
        "data": task.about,
        "origins": task.origins,
    }

    def save(module):
        seconds = training_log.training_seconds(workdir, config.batch_size)
        notes["run"] = card.describe_hardware() | {"seconds": round(seconds, 1)}
        task.save(folder, module, notes=notes, dtype=config.save_dtype)
        if jax.process_index() == 0:
            card.write(folder, task.part, config.get("checkpoint"))

    module, metrics = training.fit(
        task.module, task.loss, task.batch_at, config, workdir, checkpoints=checkpoints,
        frozen=task.frozen, held_out=task.held_out, score=task.score, save=save,
    )  # fmt: skip
    reached = f"{_parameters(module) / 1e6:.2f} M parameters, validation loss {metrics['loss']:.2f}"
    line = f"{config.workdir}/model: {reached}"
    if jax.process_index() > 0:
        return line
    card.add_validation(folder / task.part, metrics)
    card.write(folder, task.part, config.get("checkpoint"))
    if sum(path.stat().st_size for path in folder.rglob("*")) > _MOST_BYTES_IN_PARTS:
        return line  # a surrogate beside an imported model, which is at hand where it came from
    return f"{line}; {len(carrying.cut(folder, workdir / 'parts'))} parts beside it"


def _identity(path):
    """What tells a pack or a corpus from others, wherever it lies."""
    path = pathlib.Path(path)
    return hash_of_file(path if path.is_file() else path / "manifest.json")


def _parameters(module):
    return sum(leaf.size for leaf in checkpoint.flat_params(module).values())


@interruptible("train")
def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = Parser(prog="train", description=__doc__)
    config, given = config_parser.parse_args(parser, argv, required=("data", "workdir"))
    logging.set_verbosity(logging.WARNING)  # Orbax tells of every file it touches
    try:
        cache.keep_compiled_programs()
        process, _ = hosts.join(given)
        devices.check()
        sharding.connect()
        line = run(config, parser.prog)
    except Stopped as stopped:
        refuse(parser.prog, stopped)
        return STOPPED
    except MISTAKES as error:
        return refuse(parser.prog, error)
    return tell(parser.prog, line) if process == 0 else 0
