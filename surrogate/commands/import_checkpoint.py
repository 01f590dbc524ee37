"""Turn Magenta's TensorFlow checkpoint of a trio MusicVAE into a model folder that --checkpoint takes everywhere."""

import pathlib

from surrogate.commands import devices
from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError


def _parser():
    parser = Parser(prog="import_checkpoint", description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, required=True, help="the model folder to make")
    parser.add_argument(
        "--input",
        type=pathlib.Path,
        help="a .tar, a folder or a checkpoint prefix (default: the official one, downloaded)",
    )
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="bfloat16 halves it")
    return parser


@interruptible("import_checkpoint")
def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = _parser()
    flags = parser.parse_args(argv)
    from absl import logging  # late, so that a wrong flag is answered at once

    from musicvae_jax import cache, checkpoint, download, magenta

    logging.set_verbosity(logging.WARNING)  # Orbax tells of every file it touches
    try:
        devices.check()
        magenta.check_output(flags.output)
        source, origin, code = flags.input, None, 0
        if source is None:
            source, digest = download.fetch(magenta.OFFICIAL, cache.folder())
            code = tell(parser.prog, f"{source}: SHA-256 {digest}")
            origin = magenta.OFFICIAL
        notes = magenta.import_checkpoint(source, flags.output, dtype=flags.dtype, origin=origin)["notes"]
    except (UsageError, checkpoint.CheckpointError, OSError) as error:
        return refuse(parser.prog, error)
    hashes = ", ".join(f"{name} {digest}" for name, digest in notes["sha256"].items())
    size = f"{notes['parameters'] / 1e6:.1f} M parameters"
    line = f"wrote {flags.output}: {notes['layout']}, {size}, {notes['dtype']}; SHA-256 of {hashes}"
    return max(code, tell(parser.prog, line))
