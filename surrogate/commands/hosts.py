"""How a command joins others like it, on this host or others, in one job."""

import os

from absl import flags

from surrogate.corpus import dataset

_COORDINATOR = flags.DEFINE_string("coordinator", None, "HOST:PORT of process 0, or JAX_COORDINATOR_ADDRESS")
_PROCESS_COUNT = flags.DEFINE_integer("process_count", None, "processes of the job, or JAX_PROCESS_COUNT")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "this process, from 0, or JAX_PROCESS_ID")


def join() -> tuple[int, int]:
    """Joins the other processes of the job, if there are any; returns (number of this process, how many there are).

    Raises DatasetError when the flags, or the variables that stand for them, do not tell of a job.
    """
    coordinator = os.environ.get("JAX_COORDINATOR_ADDRESS") if _COORDINATOR.value is None else _COORDINATOR.value
    process_count = _number(_PROCESS_COUNT.value, "JAX_PROCESS_COUNT")
    process_id = _number(_PROCESS_ID.value, "JAX_PROCESS_ID")
    if coordinator is None and process_count is None and process_id is None:
        return 0, 1
    if None in (coordinator, process_count, process_id):
        raise dataset.DatasetError("several processes need --coordinator, --process_count and --process_id, all three")
    if not 0 <= process_id < process_count:
        raise dataset.DatasetError(f"--process_id must be 0 to {process_count - 1}, not {process_id}")
    import jax  # late: a command may be imported by processes that have no use for it

    # One that ends with an error takes the others with it in a minute, not in five.
    jax.distributed.initialize(coordinator, process_count, process_id, shutdown_timeout_seconds=60)
    return process_id, process_count


def _number(flag, variable):
    text = os.environ.get(variable)
    if flag is not None or text is None:
        return flag
    if not text.isdecimal():
        raise dataset.DatasetError(f"{variable} must be a number, not {text}")
    return int(text)
