"""What a work folder keeps of a training's progress: metrics.csv and TensorBoard events."""

import csv
import pathlib

import jax

FILE = "metrics.csv"
_COLUMNS = ("step", "split", "metric", "value")


class TrainingLog:
    """Writes metrics as they come; a context, which closes the files. Of several processes only process 0 writes.

    Of an earlier log in the folder there stays what a run of so many steps that goes on from `start` will not write
    again: rows up to that step, without the validation that follows the last step.
    """

    def __init__(self, workdir, start, steps):
        self._stream = self._tensorboard = None
        if jax.process_index() > 0:
            return
        path = pathlib.Path(workdir) / FILE
        kept = [
            tuple(row.values())
            for row in rows(workdir)
            if int(row["step"]) <= start and (row["split"], int(row["step"])) != ("validation", steps)
        ]
        self._stream = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._stream)
        self._writer.writerows([_COLUMNS, *kept])
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            return
        self._tensorboard = SummaryWriter(str(pathlib.Path(workdir) / "tensorboard"), purge_step=start)

    def write(self, step, split, metrics) -> None:
        """Adds one row a metric.

        Args:
            step: how many steps were done.
            split: "train" or "validation".
            metrics: {name: scalar}.
        """
        if not self._stream:
            return
        for name, value in metrics.items():
            self._writer.writerow((step, split, name, f"{float(value):.6g}"))
            if self._tensorboard:
                self._tensorboard.add_scalar(f"{split}/{name}", float(value), step)
        self._stream.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for file in (self._stream, self._tensorboard):
            if file:
                file.close()


def training_seconds(workdir, batch_size) -> float:
    """The time that a work folder's training took by its log, in all its sessions and without evaluation, seconds."""
    seconds, before = 0.0, 0
    for row in rows(workdir):
        if row["metric"] == "examples_per_second":
            seconds += (int(row["step"]) - before) * batch_size / float(row["value"])
            before = int(row["step"])
    return seconds


def rows(workdir) -> list[dict[str, str]]:
    """The rows of a work folder's log, by the names of the columns, but for a last one that was cut off in writing."""
    path = pathlib.Path(workdir) / FILE
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["step"].isdigit() and row["value"]]
