"""A signal that a machine is taken away: a training that hears it saves what it has, and ends."""

import signal
import threading

import jax
from jax.experimental import multihost_utils


class Stopped(Exception):
    """A training that was told to end, and is saved; the message is one line."""


class StopSignal:
    """Whether this process, or another of the same training, was told to end (SIGTERM); a context.

    Several processes agree on a step, as all must save the same one: jax.distributed hears the signal for them.
    """

    def __init__(self):
        self._heard, self._before = False, None

    def __enter__(self):
        if jax.process_count() == 1 and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._hear)
        return self

    def __exit__(self, *_):
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _hear(self, *_):
        self._heard = True

    def reached(self, step: int) -> bool:
        """Whether to end after a step, of which every process must ask."""
        return self._heard if jax.process_count() == 1 else multihost_utils.reached_preemption_sync_point(step)
