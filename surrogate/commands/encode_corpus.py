"""Encode songs to windows and latents: --config.input=SONGS --config.output=DIR_OR_NPZ [--config.OTHER=VALUE ...]

Started again with the same command, it goes on where it was stopped. To share the work among several hosts that see the
same output folder, start it on each with --distributed where the cluster tells of the job (TPU slices, Slurm, MPI),
else with --coordinator=HOST:PORT, --process_count and --process_id, or set JAX_COORDINATOR_ADDRESS, JAX_PROCESS_COUNT
and JAX_PROCESS_ID.
"""

from absl import logging

from surrogate.commands import config_parser, devices, hosts
from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError


@interruptible("encode_corpus")
def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = Parser(prog="encode_corpus", description=__doc__)
    config, given = config_parser.parse_args(parser, argv, required=("input", "output"), default="encode_corpus")
    # JAX comes late: the processes that read songs import this file, too, and have no use for it.
    from musicvae_jax.checkpoint import CheckpointError
    from musicvae_jax.files import FileError
    from surrogate.corpus import encoding_job, errors

    logging.set_verbosity(logging.WARNING)  # Orbax tells of every file it touches
    try:
        process, processes = hosts.join(given)
        if config.output and not config.output.endswith(".npz"):  # a pack is made without JAX
            devices.check()
        summary = encoding_job.run(config, process, processes)
    except (UsageError, errors.DatasetError, CheckpointError, FileError, OSError) as error:
        return refuse(parser.prog, errors.explain(error, config.output))
    return tell(parser.prog, summary)
