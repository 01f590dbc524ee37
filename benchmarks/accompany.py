"""How long accompany takes, from process start to the written files: very first, again, another length, many songs;
and of what its eight draws of a song take.

    python -m benchmarks.accompany [--checkpoint=NAME_OR_DIR] [--bars=64] [--songs=100]

The melodies are examples, repeated up to so many bars and transposed to differ. Every run is a process of its own; the
first finds an empty cache of compiled programs. CPU seconds suffer less than others from what runs beside.
"""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import symusic

from surrogate.accompaniment.accompanist import Accompanist, read_melody
from surrogate.accompaniment.options import Options

ROOT = pathlib.Path(__file__).parent.parent
EXAMPLES = ("korobeiniki", "mountain_king", "ode_to_joy", "when_the_saints")


def melody(path, bars, number):
    """Writes a melody of so many bars of 4/4."""
    song = symusic.Score(str(ROOT / "examples" / f"{EXAMPLES[number % len(EXAMPLES)]}.mid"))
    track, bar = song.tracks[0], 4 * song.ticks_per_quarter
    length = -(-song.end() // bar) * bar
    track.shift_pitch(number % 12 - 6, inplace=True)
    notes = list(track.notes)
    for again in range(1, -(-bars * bar // length)):
        track.notes.extend([symusic.Note(n.time + again * length, n.duration, n.pitch, n.velocity) for n in notes])
    track.notes = symusic.Note.from_numpy(**_before(track.notes.numpy(), bars * bar), ttype="tick")
    song.dump_midi(str(path))


def _before(notes, end):
    return {name: values[notes["time"] + notes["duration"] <= end] for name, values in notes.items()}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="trio_16bar_small")
    parser.add_argument("--bars", type=int, default=64)
    parser.add_argument("--songs", type=int, default=100)
    flags = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "songs").mkdir()
        for number in range(flags.songs):
            melody(folder / "songs" / f"{number}.mid", flags.bars, number)
        melody(folder / "one.mid", flags.bars, 0)
        melody(folder / "longer.mid", flags.bars + 40, 0)
        for name, source, more in (
            (f"{flags.bars} bars, the very first time", "one.mid", []),
            (f"{flags.bars} bars, again", "one.mid", []),
            (f"{flags.bars} bars, once more", "one.mid", []),
            (f"{flags.bars + 40} bars, for the first time", "longer.mid", []),
            (f"{flags.songs} songs of {flags.bars} bars, for the first time", "songs", [f"--output={folder / 'out'}"]),
            (f"{flags.songs} songs of {flags.bars} bars, again", "songs", [f"--output={folder / 'out'}"]),
        ):
            command = [sys.executable, "-m", "scripts.accompany", str(folder / source), *more]
            began, worked = time.perf_counter(), _cpu_seconds()
            done = subprocess.run(
                [*command, f"--checkpoint={flags.checkpoint}"],
                cwd=ROOT,
                env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")},
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise SystemExit(done.stderr)
            seconds, worked = time.perf_counter() - began, _cpu_seconds() - worked
            print(f"{name}: {seconds:.1f} s, {worked:.1f} s of CPU time", flush=True)
        print(f"eight draws, decoded and ranked: {_draws(folder / 'one.mid', flags.checkpoint):.2f} s of CPU time")


def _cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _draws(path, checkpoint):
    """Seconds of CPU time, the least of three, for what a melody that was read is accompanied by; all is compiled."""
    accompanist, options = Accompanist.load(checkpoint), Options()
    melody, each = read_melody(path, options), []
    for _ in range(4):
        began = time.process_time()
        accompanist.accompany_melodies([melody], [path], options)
        each.append(time.process_time() - began)
    return min(each[1:])


if __name__ == "__main__":
    main()
