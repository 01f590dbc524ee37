"""How a command joins others like it, on this host or others, in one job."""

import argparse
import os

from surrogate.commands import devices
from surrogate.commands.parser import UsageError


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that tell of a job of several processes to a command's."""
    add = parser.add_argument_group("to share the work among processes (the first, or the other three)").add_argument
    add("--distributed", action="store_true", help="as the cluster tells: a TPU slice, Slurm, MPI, Kubernetes")
    add("--coordinator", metavar="HOST:PORT", help="of process 0, or JAX_COORDINATOR_ADDRESS")
    add("--process_count", type=int, metavar="N", help="processes of the job, or JAX_PROCESS_COUNT")
    add("--process_id", type=int, metavar="N", help="this process, from 0, or JAX_PROCESS_ID")


def join(given: argparse.Namespace) -> tuple[int, int]:
    """Join the other processes of the job, if there are any.

    Args:
        given: the values of add_flags; environment variables stand for those that are None.

    Returns: the number of this process, from 0, and how many there are.

    Raises: UsageError when flags and variables do not tell of a job.
    """
    coordinator = os.environ.get("JAX_COORDINATOR_ADDRESS") if given.coordinator is None else given.coordinator
    process_count = _number(given.process_count, "JAX_PROCESS_COUNT")
    process_id = _number(given.process_id, "JAX_PROCESS_ID")
    is_told = coordinator, process_count, process_id
    if given.distributed:
        if any(each is not None for each in is_told):
            raise UsageError(
                "--distributed asks the cluster; leave out --coordinator, --process_count and --process_id"
            )
        return _ask_cluster()
    if all(each is None for each in is_told):
        return 0, 1
    if None in (coordinator, process_count, process_id):
        raise UsageError("several processes need --coordinator, --process_count and --process_id, all three")
    if not 0 <= process_id < process_count:
        raise UsageError(f"--process_id must be 0 to {process_count - 1}, not {process_id}")
    _initialize(*is_told)
    return process_id, process_count


def _ask_cluster():
    import jax

    try:
        _initialize()
    except ValueError as error:
        raise UsageError(f"--distributed: no cluster tells of this job ({error}); say it with --coordinator") from None
    devices.check()
    return jax.process_index(), jax.process_count()


def _initialize(*job):
    import jax  # late: a command may be imported by processes that have no use for it

    # One that ends with an error takes the others with it in a minute, not in five.
    jax.distributed.initialize(*job, shutdown_timeout_seconds=60)


def _number(flag, variable):
    text = os.environ.get(variable)
    if flag is not None or text is None:
        return flag
    if not text.isdecimal():
        raise UsageError(f"{variable} must be a number, not {text}")
    return int(text)
