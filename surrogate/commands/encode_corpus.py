"""python -m scripts.encode_corpus --config=configs/encode_corpus.py --config.input=SONGS --config.output=DIR_OR_NPZ

Started again with the same command, it goes on where it was stopped. To share the work among several hosts that see the
same output folder, start it on each with --coordinator=HOST:PORT, --process_count and --process_id, or set
JAX_COORDINATOR_ADDRESS, JAX_PROCESS_COUNT and JAX_PROCESS_ID.
"""

import sys

from absl import app, flags, logging
from ml_collections import config_flags

from surrogate.commands import hosts
from surrogate.commands.config_parser import parse_flags

_CONFIG = config_flags.DEFINE_config_file("config", "configs/encode_corpus.py", lock_config=True)
flags.adopt_module_key_flags(hosts)  # so that --help shows them


def _main(_):
    # JAX comes late: the processes that read songs import this file, too, and have no use for it.
    from musicvae_jax.checkpoint import CheckpointError
    from musicvae_jax.files import FileError
    from surrogate.corpus import encoding_job, errors

    logging.set_verbosity(logging.WARNING)  # Orbax tells of every file it touches
    config = _CONFIG.value
    try:
        print(encoding_job.run(config, *hosts.join()))
    except (errors.DatasetError, CheckpointError, FileError, OSError) as error:
        print(f"encode_corpus: {errors.explain(error, config.output)}", file=sys.stderr)
        sys.exit(2)


def main() -> None:
    """Runs the command line and exits: 0, or 2 after one line on stderr that says what to put right."""
    app.run(_main, flags_parser=parse_flags)
