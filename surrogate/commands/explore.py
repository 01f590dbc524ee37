"""Move in the latent space of a model: songs from the prior, between two songs, along directions; a map of a corpus.

Songs are MIDI files or scores (MusicXML, ABC). What is found is written into a folder: MIDI files, page.html, which
plays them, and roll.png; see docs/explore.md.
"""

import argparse
import math
import pathlib
import sys

from surrogate.commands import devices
from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError, whole_number
from surrogate.corpus.song_survey import MOST_BARS
from surrogate.exploration import traits

_MOST_PIECES = 64


def _parser():
    parser = Parser(prog="explore", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Subparser)
    path = pathlib.Path

    def command(name, help, **output):
        own = commands.add_parser(name, help=help, description=help.capitalize() + ".")
        own.add_argument("--checkpoint", help="a pretrained name or a model folder (default: the built-in one)")
        own.add_argument("--output", type=path, metavar="DIR", help="the folder for what is found", **output)
        return own.add_argument

    add = command("generate", "write songs from the prior, for a melody or without", required=True)
    add("--songs", type=whole_number(1, _MOST_PIECES), default=4, help="how many (default: 4)")
    add("--melody", type=path, metavar="SONG", help="write bass and drums for this one's melody")
    add("--corpus", type=path, help="a pack or corpus of windows to walk through, for models of bars without a melody")
    add("--bars", type=whole_number(1, MOST_BARS), default=32, help="of a walked melody (default: 32)")
    add("--seed", type=whole_number(0), default=0, help="of all that is drawn (default: 0)")
    add("--temperature", type=_temperature, help="0 is safest, 1 as free as people are (default: the model's own)")

    add = command("interpolate", "write what lies between two songs", required=True)
    add("a", type=path, metavar="A")
    add("b", type=path, metavar="B")
    add("--steps", type=whole_number(2, _MOST_PIECES), default=9, help="pieces, both ends among them (default: 9)")
    add("--bars", type=whole_number(1), default=16, help="of each song, from its first melody on (default: 16)")

    add = command("attributes", "find directions of density, syncopation and range, and move a song along them")
    add("corpus", type=path, help="a corpus that the model encoded")
    add("--song", type=path, metavar="SONG", help="a song to move, with --by and --output")
    by = "how far: an attribute of the table, or density, syncopation or range of all parts; may be given several times"
    add("--by", type=_amount, action="append", default=[], metavar="NAME=STDS", help=by)
    add("--bars", type=whole_number(1), default=16, help="of the song, from its first melody on (default: 16)")

    add = command("reconstruct", "tell how much of songs their latents hold")
    add("song", type=path, help="a song, or a pack of whole songs (.npz), of which those held out count")

    add = command(
        "map", "draw a corpus's songs in two dimensions: map.png, and map.html, which names them", required=True
    )
    add("corpus", type=path, help="a corpus that the model encoded")
    add("--colour", default="split", metavar="COLUMN", help="of its sources.csv or the table (default: split)")
    add(
        "--table", type=path, metavar="CSV", help="with a column file, named as in sources.csv, and others to colour by"
    )
    return parser


class _Subparser(Parser):
    """A Parser whose name in messages is that of the command and its subcommand."""

    def __init__(self, *, prog, description, **_):
        super().__init__(prog=prog, description=description)


def _temperature(text):
    if not (0 <= (value := float(text)) < math.inf):
        raise argparse.ArgumentTypeError(f"must be 0 or more, not {text}")
    return value


def _amount(text):
    name, _, amount = text.partition("=")
    try:
        value = float(amount)
    except ValueError:
        value = math.nan
    if name not in (*traits.NAMES, *traits.KINDS):
        raise argparse.ArgumentTypeError(f"there is no {name}, only {', '.join((*traits.NAMES, *traits.KINDS))}")
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"must be as in {name}=1.5, not {text}")
    return name, value


@interruptible("explore")
def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = _parser()
    flags = parser.parse_args(argv)
    if flags.command == "attributes" and len({flags.song is None, not flags.by, flags.output is None}) > 1:
        parser.error("to move a song give --song, --by and --output; for the table give none of them")
    if flags.command == "generate" and flags.melody is not None and flags.corpus is not None:
        parser.error("give --melody, or --corpus to walk through for one; not both")
    if flags.command == "reconstruct" and flags.output is not None and flags.song.suffix == ".npz":
        parser.error("a pack's songs are many, and only told of; give one MIDI file, or no --output")
    from musicvae_jax import cache, checkpoint, files  # late, so that a wrong flag is answered at once
    from surrogate.corpus.errors import DatasetError

    cache.keep_compiled_programs()
    try:
        picture = _check_output(parser.prog, flags)
        devices.check()
        from surrogate.exploration.latent_space import LatentSpace

        space = LatentSpace.load(flags.checkpoint or checkpoint.DEFAULT)
        lines = _COMMANDS[flags.command](space, flags, picture)
    except (UsageError, DatasetError, checkpoint.CheckpointError, files.FileError, OSError) as error:
        return refuse(parser.prog, error)
    return tell(parser.prog, "\n".join(lines))


def _check_output(prog, flags) -> bool:
    """Refuses an output that cannot be written, before any work; returns whether pictures can be drawn."""
    from musicvae_jax import files
    from surrogate.exploration import pieces

    if flags.output is None:
        return False
    read = (getattr(flags, name, None) for name in ("melody", "a", "b", "song", "table"))
    pieces.check(flags.output, read=[path for path in read if path is not None], picture=False)
    try:
        pieces.check(flags.output)
    except files.FileError as error:
        print(f"{prog}: no picture: {error}", file=sys.stderr)
        return False
    return True


def _generate(space, flags, picture):
    names = ("songs", "melody", "corpus", "bars", "seed", "temperature")
    return [_saved(space.generate(**{name: getattr(flags, name) for name in names}), flags, picture)]


def _interpolate(space, flags, picture):
    return [_saved(space.interpolate(flags.a, flags.b, steps=flags.steps, bars=flags.bars), flags, picture)]


def _attributes(space, flags, picture):
    found = space.attributes(flags.corpus)
    if flags.song is None:
        return [str(found)]
    moved = found.apply(flags.song, dict(flags.by), bars=flags.bars)
    return [str(found), _saved(moved, flags, picture)]


def _reconstruct(space, flags, picture):
    found = space.reconstruct(flags.song)
    if flags.output is None:
        return [str(found)]
    return [str(found), _saved(found.pieces, flags, picture)]


def _map(space, flags, picture):
    from musicvae_jax import files

    found = space.map(flags.corpus, colour=flags.colour, table=flags.table)
    files.make_folder(flags.output)
    paths = [flags.output / "map.html", *([flags.output / "map.png"] if picture else [])]
    for path, write in zip(paths, (found.html, found.plot), strict=False):
        write(path)
    return [f"wrote {' and '.join(map(str, paths))}: {found.facts}"]


_COMMANDS = {
    "generate": _generate,
    "interpolate": _interpolate,
    "attributes": _attributes,
    "reconstruct": _reconstruct,
    "map": _map,
}


def _saved(pieces, flags, picture) -> str:
    """Writes pieces; returns the line that tells of them."""
    first, *rest = pieces.save(flags.output, picture=picture)
    labels = "; ".join(f"{number}: {label}" for number, label in enumerate(pieces.labels, 1))
    return f"wrote {', '.join([str(first), *(path.name for path in rest)])}: {pieces.title}: {labels}"
