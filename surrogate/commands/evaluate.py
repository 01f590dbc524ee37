"""Keep the melodies of songs, generate bass and drums for them, and compare with the real ones and with baselines.

The columns are explained in docs/metrics.md. A folder is read whole; of a pack of whole songs, the validation split.
"""

import pathlib

from surrogate.commands import devices
from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError, whole_number


def _parser():
    parser = Parser(prog="evaluate", description=__doc__)
    add = parser.add_argument
    add("--input", required=True, help="folder of MIDI files, or pack of whole songs")
    add("--checkpoint", help="pretrained name or model folder (default: the built-in one)")
    add("--neighbours", help="pack of whole songs, whose training songs are the nearest neighbours")
    add("--tunes", help="CSV with the columns file and tune_group: files of a folder that are one tune")
    add("--output", type=pathlib.Path, help="folder for results.json, results.csv and plots")
    add("--max_songs", type=whole_number(1), default=400, help="drawn from all (default: 400)")
    add("--rolls", type=whole_number(0), default=4, help="songs to draw (default: 4)")
    add("--seeds", type=whole_number(1), default=3, help="takes of each song, for a median (default: 3)")
    add("--seed", type=whole_number(0), default=0, help="of all that is drawn (default: 0)")
    add("--tells", action="store_true", help="print which features give accompany away to a forest")
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
