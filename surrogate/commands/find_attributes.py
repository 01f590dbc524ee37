"""Find how a model's bass and drums become denser, and keep it in its folder, where accompany looks for it."""

import pathlib

import numpy as np

from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser

WINDOWS, MEASURED = 20_000, 64


@interruptible("find_attributes")
def main(argv=None) -> int:
    """Runs the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = Parser(prog="find_attributes", description=__doc__)
    parser.add_argument("--data", required=True, help="the corpus that the model's surrogate was trained on")
    parser.add_argument("--checkpoint", required=True, help="a model folder with a surrogate")
    parser.add_argument("--plot", type=pathlib.Path, help="a picture of what density does: OUT.png")
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args(argv)

    import musicvae_jax
    from musicvae_jax import cache, checkpoint
    from surrogate.accompaniment.models import load_models
    from surrogate.accompaniment.options import TEMPERATURES
    from surrogate.corpus import dataset
    from surrogate.model import attributes

    cache.keep_compiled_programs()
    try:
        data, models = dataset.open(flags.data), load_models(flags.checkpoint)
        rows = data.indices("train")
        if not len(rows):
            raise dataset.DatasetError(f"{flags.data}: holds no training window")
        rng = np.random.default_rng(flags.seed)
        rows = np.sort(rng.choice(rows, min(WINDOWS, len(rows)), replace=False))
        directions_2xZ = attributes.find(data.rows(rows, "mu"), data.rows(rows, "tokens"))
        measured = np.sort(rng.choice(rows, min(MEASURED, len(rows)), replace=False))
        players = models.vae, models.encoder, models.marginals
        found = attributes.measure(*players, directions_2xZ, data.rows(measured, "tokens"), temperature=TEMPERATURES)
    except (dataset.DatasetError, musicvae_jax.CheckpointError) as mistake:
        return refuse(parser.prog, mistake)
    attributes.save(checkpoint.resolve(flags.checkpoint), found)
    lines = [
        f"{part}: people play {human:.1f} a bar; the model {densities.min():.1f} to {densities.max():.1f}"
        for part, human, densities in zip(attributes.PARTS, found.human, found.densities, strict=True)
    ]
    if flags.plot:
        from surrogate.rendering import plot

        plot.densities(found, flags.plot)
    return tell(parser.prog, "\n".join(lines))
