"""python -m scripts.encode_corpus --config=configs/encode_corpus.py --config.input=DIR --config.output=DIR_OR_NPZ"""

import hashlib
import importlib.metadata
import sys
import time

import numpy as np
from absl import app, logging
from ml_collections import config_flags

from musicvae_jax import checkpoint
from surrogate import dataset, encode

_CONFIG = config_flags.DEFINE_config_file("config", "configs/encode_corpus.py", lock_config=True)


def fingerprint(model):
    """A hash of the model's parameters, so that latents of another model are not mistaken for its own."""
    digest = hashlib.blake2b(digest_size=8)
    for name, leaf in sorted(checkpoint.flat_params(model).items()):
        digest.update(name.encode() + np.asarray(leaf).tobytes())
    return digest.hexdigest()


def run(config):
    """Do the job; returns the closing line."""
    if not config.input or not config.output:
        raise dataset.DatasetError("give --config.input=DIR and --config.output=DIR or NAME.npz")
    began = time.perf_counter()
    to_pack = config.output.endswith(".npz")
    model = None if to_pack else checkpoint.load(config.checkpoint, dtype=config.dtype)
    if config.input.endswith(".npz"):
        pack = dataset.open(config.input)
        arrays, counts = dict(pack.shards[0]), {"files": len(np.unique(pack.shards[0]["source"])), "rejected": {}}
    else:
        arrays, counts = encode.collect(config)
    if len(config.transpose):
        arrays["tokens"] = encode.transpose_training(arrays, config.transpose, config.seed)
    read = time.perf_counter()
    if to_pack:
        encode.write_pack(config.output, arrays)
    else:
        arrays["mu"], arrays["sigma"] = encode.encode_windows(model, arrays["tokens"], config.batch_size)
        versions = {name: importlib.metadata.version(name) for name in ("jax", "flax", "numpy")}
        manifest = counts | {"model": fingerprint(model), "versions": versions, "config": config.to_dict()}
        encode.write_corpus(config.output, arrays, manifest, shard_windows=config.shard_windows)
    windows, files, rejected = len(arrays["tokens"]), counts["files"], len(counts["rejected"])
    seconds = time.perf_counter() - began
    return (
        f"{config.output}: {windows} windows of {files - rejected} songs, {rejected} files rejected; "
        f"{files / max(read - began, 1e-9):.0f} files/s read, {windows / seconds:.0f} windows/s over all"
    )


def main(_):
    logging.set_verbosity(logging.WARNING)  # Orbax tells of every file it touches
    try:
        print(run(_CONFIG.value))
    except (dataset.DatasetError, checkpoint.CheckpointError, OSError) as error:
        sys.exit(print(f"encode_corpus: {error}", file=sys.stderr) or 2)


if __name__ == "__main__":
    app.run(main)
