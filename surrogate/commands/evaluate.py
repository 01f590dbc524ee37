"""python -m scripts.evaluate --input=MIDI_DIR_OR_PACK [--checkpoint=NAME_OR_DIR] [--neighbours=PACK] [--output=DIR]

Keeps the melodies of songs, generates bass and drums for them, and compares with the real ones and with baselines; the
columns are explained in docs/metrics.md. A folder is read whole; of a pack or an encoded corpus, the validation split.
"""

import argparse
import math
import pathlib
import sys

from surrogate.commands.parser import Parser


def temperature(text):
    """One temperature, or two: of bass and drums."""
    values = [float(value) for value in text.split(",")]
    if len(values) not in (1, 2) or not all(0 <= value < math.inf for value in values):
        raise argparse.ArgumentTypeError(f"must be one number or two, 0 or more, not {text}")
    return values[0], values[-1]


def whole(least):
    """The type of a flag that is a whole number from least on."""

    def number(text):
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more, not {text}")
        return int(text)

    return number


def _flags(argv):
    parser = Parser(prog="evaluate", description=__doc__, allow_abbrev=False)
    parser.add_argument("--input", required=True, help="folder of MIDI files, pack or encoded corpus")
    parser.add_argument("--checkpoint", help="pretrained name or model folder (default: the built-in one)")
    parser.add_argument("--neighbours", help="pack or corpus whose training windows are the nearest neighbours")
    parser.add_argument("--tunes", help="CSV with the columns file and tune_group: files of a folder that are one tune")
    parser.add_argument("--output", type=pathlib.Path, help="folder for results.json, results.csv and plots")
    parser.add_argument("--max_windows", type=whole(1), default=1024, help="drawn from all (default: 1024)")
    parser.add_argument("--rolls", type=whole(0), default=4, help="songs to draw (default: 4)")
    parser.add_argument("--temperature", type=temperature, help="one, or two: bass,drums (default: accompany's)")
    parser.add_argument("--seed", type=whole(0), default=0, help="of all that is drawn (default: 0)")
    return parser.parse_args(argv)


def main(argv=None):
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    flags = _flags(argv)
    from musicvae_jax import cache, checkpoint, files  # late, so that a wrong flag is answered at once
    from surrogate.corpus import dataset
    from surrogate.evaluation import report

    cache.keep_compiled_programs()
    try:
        text = report.run(**vars(flags))
    except (dataset.DatasetError, checkpoint.CheckpointError, files.FileError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print(text)
    return 0
