"""Train what a configuration describes: --config=musicvae_small --config.data=PACK_OR_DIR --config.workdir=DIR

Started again with the same command, it goes on from its last checkpoint. The model is left in WORKDIR/model, a folder
that --checkpoint of the other commands takes, and cut into WORKDIR/parts for carrying.

To train on several hosts that see the same folders, start it on each with --coordinator=HOST:PORT, --process_count and
--process_id, or set JAX_COORDINATOR_ADDRESS, JAX_PROCESS_COUNT and JAX_PROCESS_ID; batch_size is that of all together.
"""

import functools
import pathlib
import shutil

import jax
import numpy as np
from absl import logging
from flax import nnx

from musicvae_jax import checkpoint, elbo, training
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from surrogate.commands import config_parser, hosts
from surrogate.commands.parser import Parser, UsageError, refuse
from surrogate.corpus import dataset
from surrogate.model import marginals as marginals_model
from surrogate.model import objective
from surrogate.model import surrogate_encoder as surrogate_model

_MOST_BYTES_IN_PARTS = 250_000_000


def musicvae(config, data):
    """(module, loss, score on held-out windows, save) of a MusicVAE."""
    module = MusicVAE(MusicVAEConfig(**config.model), rngs=nnx.Rngs(config.seed))
    module.start_from_frequencies(data.rows(data.indices("train")[::16], "tokens"))
    if config.start_from:
        checkpoint.take_over(module, config.start_from)
    terms = {name: config[name] for name in ("beta", "free_bits", "melody_weight")}

    def loss(module, batch, key):
        return elbo.loss(module, batch["tokens"], key, **terms, segments=config.segments, withhold=config.withhold)

    def score(module, batch, key):
        return elbo.loss(module, batch["tokens"], key, **terms)

    return module, loss, score, checkpoint.save


def surrogate(config, data):
    """(module, loss, score, save) of a surrogate, saved inside a copy of the model folder that it was trained for."""
    teacher = checkpoint.resolve(config.checkpoint)
    latent = MusicVAEConfig(**checkpoint.read_config(teacher, kind="musicvae"))
    settings = surrogate_model.SurrogateConfig(z_size=latent.z_size, bar_size=latent.bar_size, **config.model)
    if config.start_from:
        module = surrogate_model.load(config.start_from, part=config.part)
    else:
        module = surrogate_model.Surrogate(settings, rngs=nnx.Rngs(config.seed))
    weights = config.objective.to_dict()
    vae = checkpoint.load(teacher, encoder=False) if weights["likelihood"] else None

    def loss(module, batch, key):
        return objective.loss(module, batch, key, vae=vae, **weights)

    return module, loss, loss, _saver(teacher, functools.partial(surrogate_model.save, part=config.part))


def marginals(config, data):
    """(module, loss, score, save) of marginals, saved inside a copy of the model folder that they go with."""
    settings = marginals_model.MarginalsConfig(**config.model)
    module = marginals_model.Marginals(settings, rngs=nnx.Rngs(config.seed))
    module.start_from_frequencies(data.rows(data.indices("train")[::16], "tokens"))
    loss = marginals_model.loss
    return module, loss, loss, _saver(checkpoint.resolve(config.checkpoint), marginals_model.save)


def _saver(model_folder, save_part):
    """Saves a part of a model inside a copy of its folder."""

    def save(folder, module, **options):
        if jax.process_index() == 0:
            shutil.copytree(model_folder, folder, dirs_exist_ok=True)
        save_part(folder, module, **options)

    return save


def run(config):
    """Train what the config describes, with the other processes if there are any; returns process 0's closing line."""
    if not config.data or not config.workdir:
        raise dataset.DatasetError("give --config.data=PACK_OR_DIR and --config.workdir=DIR")
    data = dataset.open(config.data)
    module, loss, score, save = {"musicvae": musicvae, "surrogate": surrogate, "marginals": marginals}[config.task](
        config, data
    )
    only_in_some = {"transpose": config.get("transpose", ()), "share": config.get("share", 1.0)}
    batch_at = data.batches("train", config.batch_size, seed=config.seed, **only_in_some)
    validation = data.batches("validation", config.batch_size, seed=0)
    held_out = [validation(i) for i in range(max(1, config.evaluate_windows // config.batch_size))]
    module = training.fit(module, loss, batch_at, config, config.workdir, held_out=held_out, score=score)
    metrics = training.evaluate(module, score, held_out)
    folder = f"{config.workdir}/model"
    paths = ("data", "workdir", "checkpoint", "start_from")  # of this machine
    settings = {name: value for name, value in config.to_dict().items() if name not in paths}
    notes = {"settings": settings, "validation": {name: round(value, 4) for name, value in metrics.items()}}
    save(folder, module, notes=notes, dtype=config.save_dtype)
    if jax.process_index() > 0:
        return None
    size = sum(np.prod(leaf.shape) for leaf in jax.tree.leaves(nnx.state(module)))
    line = f"{folder}: {size / 1e6:.2f} M parameters, validation loss {metrics['loss']:.2f}"
    if sum(path.stat().st_size for path in pathlib.Path(folder).rglob("*")) > _MOST_BYTES_IN_PARTS:
        return line  # a surrogate beside an imported model, which is at hand where it came from
    return f"{line}; {len(checkpoint.split(folder, f'{config.workdir}/parts'))} parts beside it"


def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = Parser(prog="train", description=__doc__)
    config, given = config_parser.parse_args(parser, argv, required=("data", "workdir"))
    logging.set_verbosity(logging.WARNING)  # Orbax tells of every file it touches
    try:
        process, _ = hosts.join(given)
        line = run(config)
    except (
        UsageError,
        dataset.DatasetError,
        checkpoint.CheckpointError,
        training.TrainingError,
        FloatingPointError,
        OSError,
    ) as error:
        return refuse(parser.prog, error)
    if process == 0:
        print(line)
    return 0
