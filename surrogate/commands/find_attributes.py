"""Find how a model's bass and drums become denser, and keep it in its folder, where accompany looks for it."""

import pathlib
import sys

import numpy as np

from surrogate.commands import devices
from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError, whole_number

WINDOWS, MEASURED = 20_000, 64


@interruptible("find_attributes")
def main(argv=None) -> int:
    """Runs the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = Parser(prog="find_attributes", description=__doc__)
    parser.add_argument("--data", required=True, help="the corpus that the model's surrogate was trained on")
    parser.add_argument("--checkpoint", required=True, help="a model folder with a surrogate")
    parser.add_argument("--plot", type=pathlib.Path, help="a picture of what density does: OUT.png")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="of all that is drawn (default: 0)")
    flags = parser.parse_args(argv)

    from musicvae_jax import cache, checkpoint, files  # late, so that a wrong flag is answered at once
    from surrogate.corpus.errors import DatasetError
    from surrogate.model import attributes
    from surrogate.rendering import plot

    cache.keep_compiled_programs()
    try:
        devices.check()
        if flags.plot:
            plot.check(flags.plot)
            files.check_place(flags.plot)
        found = _find(flags, parser.prog)
        attributes.save(checkpoint.resolve(flags.checkpoint), found)
        if flags.plot:
            plot.densities(found, flags.plot)
    except (UsageError, DatasetError, checkpoint.CheckpointError, files.FileError) as mistake:
        return refuse(parser.prog, mistake)
    lines = [
        f"{part}: people play {human:.1f} a bar; the model {densities.min():.1f} to {densities.max():.1f}"
        for part, human, densities in zip(attributes.PARTS, found.human, found.densities, strict=True)
    ]
    return tell(parser.prog, "\n".join(lines))


def _find(flags, command):
    """The attributes.Attributes of a model, from the corpus of its own latents."""
    from surrogate.accompaniment.models import load_models
    from surrogate.accompaniment.options import TEMPERATURES
    from surrogate.corpus import dataset
    from surrogate.model import attributes

    data, models = dataset.open(flags.data), load_models(flags.checkpoint)
    _check_corpus(data, models, flags, command)
    rows = data.indices("train")
    if not len(rows):
        raise dataset.DatasetError(f"{flags.data}: holds no training window")
    rng = np.random.default_rng(flags.seed)
    rows = np.sort(rng.choice(rows, min(WINDOWS, len(rows)), replace=False))
    directions_2xZ = attributes.find(data.rows(rows, "mu"), data.rows(rows, "tokens"))
    measured = np.sort(rng.choice(rows, min(MEASURED, len(rows)), replace=False))
    players = models.vae, models.encoder, models.marginals
    return attributes.measure(*players, directions_2xZ, data.rows(measured, "tokens"), temperature=TEMPERATURES)


def _check_corpus(data, models, flags, command):
    """Raises CheckpointError where a corpus is not of a model's latents and keys; says what cannot be checked."""
    from surrogate.model import compatibility

    size, found = models.vae.config.z_size, compatibility.fingerprint(flags.checkpoint, data)
    for warning in compatibility.check_latents(data, flags.data, flags.checkpoint, size, found):
        print(f"{command}: {warning}", file=sys.stderr)
    compatibility.agree_on_c({flags.data: compatibility.data_in_c(data), flags.checkpoint: models.encoder.config.in_c})
