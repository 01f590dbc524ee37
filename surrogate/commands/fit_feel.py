"""Make the tables of pickups and velocities again from a folder of songs, and measure them on songs held out."""

import pathlib
import sys

from surrogate.commands.parser import Parser

HELD_OUT = 0.2
LEAST_SONGS = 10
SECONDS, MEGABYTES = 10.0, 1024


def _flags(argv):
    parser = Parser(prog="fit_feel", description=__doc__, allow_abbrev=False)
    parser.add_argument("--input", required=True, help="folder of MIDI files")
    parser.add_argument("--tunes", help="CSV with the columns file and tune_group: files that are one tune")
    parser.add_argument("--output", type=pathlib.Path, help="folder for both (default: in place of the built-in ones)")
    parser.add_argument("--workers", type=int, default=1, help="processes that read (default: 1)")
    flags = parser.parse_args(argv)
    if flags.workers < 1:
        parser.error(f"argument --workers: must be 1 or more, not {flags.workers}")
    return flags


def _songs(flags):
    """The songs to learn from and those held out, and how many files gave none."""
    import tqdm

    from surrogate.corpus import collection, dataset, tunes, workers
    from surrogate.evaluation import performances

    table, found = tunes.TuneTable.read(flags.tunes), collection.songs(flags.input)
    if mismatch := table.describe_mismatch([song.name for song in found]):
        print(f"fit_feel: {mismatch}", file=sys.stderr)
    limits = dict(workers=flags.workers, seconds=SECONDS, megabytes=MEGABYTES)
    results = workers.guarded_map(performances.read, collection.contents(found), **limits)
    split, skipped = ([], []), 0
    for file, song in zip(tqdm.tqdm(found, unit="song", disable=None), results, strict=True):
        if isinstance(song, str):
            skipped += 1
        else:
            split[tunes.split_of(table.tune_id(file.name, file.name), HELD_OUT)].append(song)
    if min(map(len, split)) < LEAST_SONGS:
        reason = f"{flags.input}: {len(split[0])} songs to learn from and {len(split[1])} to measure with"
        raise dataset.DatasetError(f"{reason}; give a folder with {LEAST_SONGS} of each or more")
    return *split, skipped


def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    flags = _flags(argv)
    # Late, so that a wrong flag is answered at once.
    from surrogate.evaluation import fit_pickup, fit_velocity
    from surrogate.reading import pickup
    from surrogate.rendering import velocity

    velocity_file, pickup_file = velocity.TABLE, pickup.TABLE
    if flags.output:
        velocity_file, pickup_file = flags.output / "velocity.json", flags.output / "pickup.npz"

    try:
        if flags.output:
            flags.output.mkdir(parents=True, exist_ok=True)
        songs, held_out, skipped = _songs(flags)
        velocities, pickups = fit_velocity.fit(songs), fit_pickup.fit(songs)
        velocity_file.write_text(fit_velocity.to_json(velocities) + "\n")
        fit_pickup.save(pickups, pickup_file)
    except (OSError, ValueError) as error:
        print(f"fit_feel: {error}", file=sys.stderr)
        return 2
    print(
        f"wrote {velocity_file} and {pickup_file}: from {len(songs)} songs, {len(held_out)} held out, "
        f"{skipped} files skipped"
    )
    confirmed = [song for song in held_out if fit_pickup.drums_confirm(song)]
    sections = {
        "velocities": fit_velocity.measure(velocities, held_out),
        "pickups, to the end": fit_pickup.measure(pickups, held_out),
        "pickups, to the end, bar lines confirmed by drums": fit_pickup.measure(pickups, confirmed),
        "pickups, 16 bars": fit_pickup.measure(pickups, held_out, bars=16),
    }
    for title, figures in sections.items():
        print(title)
        for name, value in figures.items():
            print(f"  {name:28}{value:8.4g}")
    return 0
