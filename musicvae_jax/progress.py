"""What a training tells while it lasts: metrics, speed and what it waits for, in the log and in the bar.

Metrics stay on the devices until they are told, so that a device never waits for Python.
"""

import math
import time

import jax
from tqdm import tqdm

from musicvae_jax import curves
from musicvae_jax.peaks import peak_flops

_IN_FLIGHT = 2  # steps that are sent to the devices before the last one is done


class Progress:
    """The progress of a training from `start` to `steps`, of batch_size examples a step; a context.

    Args:
        log: the TrainingLog in workdir, where curves are drawn, too.
    """

    def __init__(self, log, workdir, start, steps, batch_size):
        hidden = jax.process_index() > 0
        self._bar = tqdm(total=steps, initial=start, unit="step", dynamic_ncols=True, smoothing=0.05, disable=hidden)
        self._log, self._workdir, self._batch_size, self._told, self._words = log, workdir, batch_size, start, {}
        peaks = [peak_flops(device) for device in jax.devices()]
        self._peak = None if None in peaks else sum(peaks)
        self._pending, self._evaluation = [], None
        self._waited, self._flops, self._since, self._compiling_since = 0.0, 0, time.perf_counter(), None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()

    def wait_for(self, batches):
        """Yields batches; the time that each lets the training wait is told."""
        batches = iter(batches)
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            self._waited += time.perf_counter() - began
            if batch is None:
                return
            yield batch

    def compiling(self, begins: bool) -> None:
        """Takes notice that something is compiled from now on, or no more; that time does not count."""
        if begins:
            self._tell_evaluation()  # so that no time is left out twice
            self._compiling_since = time.perf_counter()
            self._bar.set_postfix_str("compiling")
        else:
            self._leave_out(self._compiling_since)
            self._show()

    def add(self, step, metrics, flops) -> None:
        """Takes a step that the devices have begun with: its metrics, which are on them, and its operations."""
        self._pending.append((step, metrics))
        self._flops += flops
        if len(self._pending) > _IN_FLIGHT:
            jax.block_until_ready(self._pending[-1 - _IN_FLIGHT][1]["loss"])
        self._tell_evaluation()  # the devices have the next step to do by now
        self._bar.update()

    def evaluate(self, step, begin) -> None:
        """Begins with an evaluation, which add or settle tell; its time does not count.

        Args:
            step: after which.
            begin: makes the devices begin with it; returns the metrics of each batch, which are on them.
        """
        began = time.perf_counter()
        self._bar.set_postfix_str("evaluating")
        self._evaluation = step, begin(), began

    def tell(self) -> None:
        """Writes the metrics of the last step, and the speed since the last time."""
        step, row = self.settle()
        seconds = time.perf_counter() - self._since
        speed = {"examples_per_second": (step - self._told) * self._batch_size / seconds}
        speed |= {"waiting": self._waited / seconds, "flops_per_second": self._flops / seconds}
        if self._peak:
            speed["mfu"] = speed["flops_per_second"] / self._peak
        self._log.write(step, "train", row | speed)
        self._words["loss"] = f"{row['loss']:.2f}"
        self._words["examples/s"] = f"{speed['examples_per_second']:.1f}"
        self._words |= {"waiting": f"{speed['waiting']:.0%}"} | ({"MFU": f"{speed['mfu']:.1%}"} if self._peak else {})
        self._show()
        self._told, self._since, self._waited, self._flops = step, time.perf_counter(), 0.0, 0

    def settle(self):
        """Waits for all that has begun.

        Returns:
            The number of the last step and its metrics, {name: float}.

        Raises:
            FloatingPointError: the loss of a step is not finite; with its number.
        """
        self._tell_evaluation()
        fetched = [(step, _numbers(metrics)) for step, metrics in self._pending]
        for step, row in fetched:
            if not math.isfinite(row["loss"]):
                raise FloatingPointError(
                    f"loss is {row['loss']} at step {step}; lower learning_rate or clip and begin in another workdir"
                )
        self._pending = self._pending[-1:]
        return fetched[-1]

    def _tell_evaluation(self):
        if self._evaluation is None:
            return
        step, rows, began = self._evaluation
        self._evaluation, metrics = None, mean(rows)
        self._leave_out(began)
        self._log.write(step, "validation", metrics)
        if jax.process_index() == 0:
            curves.draw(self._workdir)
        self._words["validation"] = f"{metrics['loss']:.2f}"
        self._show()

    def _leave_out(self, began):
        self._since += time.perf_counter() - began

    def _show(self):
        self._bar.set_postfix(self._words)


def mean(rows) -> dict[str, float]:
    """Mean metrics of batches, each {name: scalar}, on devices or not."""
    fetched = [_numbers(row) for row in rows]
    return {name: sum(row[name] for row in fetched) / len(fetched) for name in fetched[0]}


def _numbers(metrics):
    return {name: float(value) for name, value in jax.device_get(metrics).items()}
