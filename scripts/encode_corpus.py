"""python -m scripts.encode_corpus --config=configs/encode_corpus.py --config.input=SONGS --config.output=DIR_OR_NPZ

Started again with the same command, it goes on where it was stopped. To share the work among several hosts that see the
same output folder, start it on each with --coordinator=HOST:PORT, --process_count and --process_id, or set
JAX_COORDINATOR_ADDRESS, JAX_PROCESS_COUNT and JAX_PROCESS_ID.
"""

import os
import sys

from absl import app, flags, logging
from ml_collections import config_flags

from scripts.config_parser import parse_flags
from surrogate import job

_CONFIG = config_flags.DEFINE_config_file("config", "configs/encode_corpus.py", lock_config=True)
_COORDINATOR = flags.DEFINE_string("coordinator", os.environ.get("JAX_COORDINATOR_ADDRESS"), "HOST:PORT of process 0")
_PROCESS_COUNT = flags.DEFINE_integer("process_count", os.environ.get("JAX_PROCESS_COUNT"), "processes of the job")
_PROCESS_ID = flags.DEFINE_integer("process_id", os.environ.get("JAX_PROCESS_ID"), "this process, from 0")


def main(_):
    # JAX comes late: the processes that read songs import this file, too, and have no use for it.
    from musicvae_jax.checkpoint import CheckpointError
    from surrogate import dataset, encode_corpus

    logging.set_verbosity(logging.WARNING)  # Orbax tells of every file it touches
    config = _CONFIG.value
    try:
        distributed = (_COORDINATOR.value, _PROCESS_COUNT.value, _PROCESS_ID.value)
        print(encode_corpus.run(config, *encode_corpus.join(*distributed)))
    except (dataset.DatasetError, CheckpointError) as error:
        sys.exit(print(f"encode_corpus: {error}", file=sys.stderr) or 2)
    except OSError as error:
        sys.exit(print(f"encode_corpus: {job.told(error, config.output)}", file=sys.stderr) or 2)


if __name__ == "__main__":
    app.run(main, flags_parser=parse_flags)
