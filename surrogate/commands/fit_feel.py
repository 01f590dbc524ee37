"""Make the tables of pickups, velocities and timing again from a folder of songs; measure them on songs held out."""

import pathlib
import sys

from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, whole_number

HELD_OUT = 0.2
LEAST_SONGS = 10
SECONDS, MEGABYTES = 10.0, 1024


def _parser():
    parser = Parser(prog="fit_feel", description=__doc__)
    parser.add_argument("--input", required=True, help="folder of MIDI files")
    parser.add_argument("--tunes", help="CSV with the columns file and tune_group: files that are one tune")
    parser.add_argument("--output", type=pathlib.Path, help="folder for them (default: in place of the built-in ones)")
    parser.add_argument("--workers", type=whole_number(1), default=1, help="processes that read (default: 1)")
    return parser


def read_songs(folder: str, tunes: str | None = None, *, workers: int = 1) -> tuple[list, list, int]:
    """Read the songs of a folder; those of one tune stay together.

    Args:
        folder: of MIDI files, searched whole.
        tunes: a CSV with the columns file and tune_group; when None, each file is a tune.
        workers: processes that read.

    Returns: performances.Performance to learn from, others to measure with, and the number of files that are none.

    Raises: DatasetError where there are too few of them; OSError.
    """
    import tqdm

    from surrogate.corpus import collection
    from surrogate.corpus.errors import DatasetError
    from surrogate.corpus.tunes import TuneTable, split_of
    from surrogate.corpus.workers import guarded_map
    from surrogate.evaluation import performances

    table, found = TuneTable.read(tunes), collection.songs(folder)
    if mismatch := table.describe_mismatch([song.name for song in found]):
        print(f"fit_feel: {mismatch}", file=sys.stderr)
    results = guarded_map(
        performances.read, collection.contents(found), workers=workers, seconds=SECONDS, megabytes=MEGABYTES
    )
    songs, held_out, skipped = [], [], 0
    for file, song in zip(tqdm.tqdm(found, unit="song", disable=None), results, strict=True):
        if isinstance(song, str):
            skipped += 1
        elif split_of(table.tune_id(file.name, file.name), HELD_OUT):
            held_out.append(song)
        else:
            songs.append(song)
    if min(len(songs), len(held_out)) < LEAST_SONGS:
        reason = f"{folder}: {len(songs)} songs to learn from and {len(held_out)} to measure with"
        raise DatasetError(f"{reason}; give a folder with {LEAST_SONGS} of each or more")
    return songs, held_out, skipped


@interruptible("fit_feel")
def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = _parser()
    flags = parser.parse_args(argv)
    # Late, so that a wrong flag is answered at once.
    from surrogate.evaluation import fit_pickup, fit_timing, fit_velocity
    from surrogate.reading import pickup
    from surrogate.rendering import timing, velocity

    velocity_file, timing_file, pickup_file = velocity.TABLE, timing.TABLE, pickup.TABLE
    if flags.output:
        velocity_file, timing_file = flags.output / "velocity.json", flags.output / "timing.json"
        pickup_file = flags.output / "pickup.npz"
    try:
        songs, held_out, skipped = read_songs(flags.input, flags.tunes, workers=flags.workers)
        velocities, timings, pickups = fit_velocity.fit(songs), fit_timing.fit(songs), fit_pickup.fit(songs)
        velocity_file.parent.mkdir(parents=True, exist_ok=True)
        velocity_file.write_text(fit_velocity.to_json(velocities) + "\n")
        timing_file.write_text(fit_timing.to_json(timings) + "\n")
        fit_pickup.save(pickups, pickup_file)
    except (OSError, ValueError) as error:
        return refuse(parser.prog, error)
    lines = [
        f"wrote {velocity_file}, {timing_file} and {pickup_file}: from {len(songs)} songs, {len(held_out)} held out, "
        f"{skipped} files skipped"
    ]
    confirmed = [song for song in held_out if fit_pickup.drums_confirm(song)]
    sections = {
        "velocities": fit_velocity.measure(velocities, held_out),
        "pickups, to the end": fit_pickup.measure(pickups, held_out),
        "pickups, to the end, bar lines confirmed by drums": fit_pickup.measure(pickups, confirmed),
        "pickups, 16 bars": fit_pickup.measure(pickups, held_out, bars=16),
    }
    for title, figures in sections.items():
        lines += [title, *(f"  {figure:28}{value:8.4g}" for figure, value in figures.items())]
    return tell(parser.prog, "\n".join(lines))
