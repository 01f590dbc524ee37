"""Keep the melodies of songs, generate bass and drums for them, and compare with the real ones and with baselines.

The columns are explained in docs/metrics.md. A folder is read whole; of a pack or an encoded corpus, the validation
split.
"""

import argparse
import math
import pathlib

from surrogate.commands import devices
from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError, whole_number


def temperatures(text: str) -> tuple[float, float]:
    """The type of a flag that is one temperature, or two: of bass and drums."""
    values = [float(value) for value in text.split(",")]
    if len(values) not in (1, 2) or not all(0 <= value < math.inf for value in values):
        raise argparse.ArgumentTypeError(f"must be one number or two, 0 or more, not {text}")
    return values[0], values[-1]


def _parser():
    parser = Parser(prog="evaluate", description=__doc__)
    add = parser.add_argument
    add("--input", required=True, help="folder of MIDI files, pack or encoded corpus")
    add("--checkpoint", help="pretrained name or model folder (default: the built-in one)")
    add("--neighbours", help="pack or corpus whose training windows are the nearest neighbours")
    add("--tunes", help="CSV with the columns file and tune_group: files of a folder that are one tune")
    add("--output", type=pathlib.Path, help="folder for results.json, results.csv and plots")
    add("--max_windows", type=whole_number(1), default=1024, help="drawn from all (default: 1024)")
    add("--rolls", type=whole_number(0), default=4, help="songs to draw (default: 4)")
    add("--temperature", type=temperatures, help="one, or two: bass,drums (default: accompany's)")
    add("--seed", type=whole_number(0), default=0, help="of all that is drawn (default: 0)")
    return parser


@interruptible("evaluate")
def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = _parser()
    flags = vars(parser.parse_args(argv))
    from musicvae_jax import cache, checkpoint, files  # late, so that a wrong flag is answered at once
    from surrogate.corpus import dataset
    from surrogate.evaluation import report

    cache.keep_compiled_programs()
    try:
        devices.check()
        text = report.run(flags.pop("input"), **flags)
    except (UsageError, dataset.DatasetError, checkpoint.CheckpointError, files.FileError, OSError) as error:
        return refuse(parser.prog, error)
    return tell(parser.prog, text)
