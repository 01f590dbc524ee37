"""Write bass and drums for melodies: MIDI files in, MIDI files out, the melodies themselves untouched."""

import argparse
import dataclasses
import pathlib

from surrogate.accompaniment.options import KEEP, Options
from surrogate.commands.parser import Parser


def parser() -> Parser:
    """The command line."""
    parser = Parser(prog="accompany", description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "melodies", nargs="+", type=pathlib.Path, metavar="melody.mid", help="MIDI files or folders of them"
    )
    parser.add_argument("--checkpoint", help="a pretrained model's name or a model folder (default: the built-in one)")
    add = parser.add_argument_group("the melody").add_argument
    add("--track", help="its track, by number from 1 or by name (default: found)")
    add("--pickup", type=float, metavar="BEATS", help="quarter notes before the first bar line (default: found)")
    add(
        "--swing",
        type=float,
        metavar="PLACE",
        help="of the second eighth in a beat: 0.5 straight, 0.67 a triplet's (default: found)",
    )
    add = parser.add_argument_group("what is written").add_argument
    add("--output", type=pathlib.Path, help="the file, a folder for several melodies (default: MELODY_accompanied.mid)")
    add("--keep", choices=KEEP, default=Options.keep, help="the song's own tracks that stay (default: %(default)s)")
    add("--replace", action="store_true", help="with --keep=all: write bass and drums anew where the song has them")
    add("--takes", type=int, default=Options.takes, help="so many different ones, ranked (default: %(default)s)")
    add("--no-bass", dest="bass", action="store_false", help="drums alone")
    add("--no-drums", dest="drums", action="store_false", help="bass alone")
    add("--no-ending", dest="ending", action="store_false", help="play the last bar to its end, for a loop")
    add(
        "--program",
        type=int,
        default=Options.program,
        help="the bass's General MIDI program, 0-127 (default: %(default)s)",
    )
    add = parser.add_argument_group("how it sounds").add_argument
    add("--seed", type=int, default=Options.seed, help="other dice (default: %(default)s)")
    add("--temperature", type=float, help="of bass and drums: 0 plays the likeliest, 1 dares more")
    add("--bass-temperature", type=float, help=f"of the bass alone (default: {Options.bass_temperature})")
    add("--drum-temperature", type=float, help=f"of the drums alone (default: {Options.drum_temperature})")
    add(
        "--bass-density",
        type=float,
        default=0.0,
        metavar="STEPS",
        help="-2 to 2: each step doubles or halves its notes",
    )
    add("--drum-density", type=float, default=0.0, metavar="STEPS", help="the same of the drums")
    add("--like", metavar="SONG.mid", help="lean towards the groove of this song")
    add = parser.add_argument_group("to look at and to listen to (a folder for several melodies)").add_argument
    add("--plot", type=pathlib.Path, metavar="OUT.png", help="a piano roll of the best take")
    add(
        "--html", type=pathlib.Path, metavar="OUT.html", help="a page that shows and plays all takes, without a network"
    )
    add("--wav", type=pathlib.Path, metavar="OUT.wav", help="the sound of the best take, through a soundfont")
    add("--soundfont", metavar="FILE.sf2", help="for --wav (default: looked for in the usual places)")
    return parser


def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr for each mistake."""
    reader = parser()
    flags = vars(reader.parse_args(argv))
    temperature, both = flags.pop("temperature"), {}
    for name in ("bass_temperature", "drum_temperature"):
        if flags[name] is None:
            flags[name] = getattr(Options, name) if temperature is None else temperature
            both[name] = "temperature"
    choices = {field.name: flags.pop(field.name) for field in dataclasses.fields(Options)}
    try:
        options = Options(**choices)
    except ValueError as mistake:
        name, _, rest = str(mistake).partition(" ")
        reader.error(f"argument --{both.get(name, name).replace('_', '-')} {rest}")
    from surrogate.accompaniment import batch  # late, so that a wrong flag is answered at once

    return batch.run(argparse.Namespace(**flags), options)
