"""Damages MIDI files at random, and checks what scripts.accompany makes of each.

    python -m benchmarks.mutated_inputs [--count=2000] [--seed=0] [--input=MIDI_DIR] [--checkpoint=...]
        [--failures=DIR] [--seconds=20]

The command is run in this process, on files made of examples/ or MIDI_DIR by tests/mutations.py. It must end in time:
with exit code 2, one line on stderr and nothing written, or with exit code 0 and an output in which the melody is, note
for note. Printed are the outcomes by mutation, the reasons of refusal, and what failed, whose files are kept in
--failures. The exit code is 1 if anything failed. 200 files: 48 s of a CPU core.
"""

import argparse
import collections
import contextlib
import io
import os
import pathlib
import re
import signal
import sys
import tempfile
import time

import numpy as np

from musicvae_jax import midi
from surrogate.accompaniment.models import kept_band
from surrogate.commands.accompany import main as accompany
from surrogate.reading.melody import read_melody
from tests.mutations import MUTATIONS

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"


class TooSlow(BaseException):
    """No Exception, so that what takes any for a damaged file lets it through."""


def ring(*_):
    raise TooSlow


def outcome(raw: bytes, folder: pathlib.Path, flags, seconds: float) -> tuple[str, str]:
    """What the command makes of a file: "written", "refused" or "failed", and why; folder is an empty one."""
    path, output = folder / "tune.mid", folder / "out.mid"
    path.write_bytes(raw)
    stdout, stderr = io.StringIO(), io.StringIO()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            code = accompany([str(path), f"--output={output}", *flags])
    except TooSlow:
        return "failed", f"takes more than {seconds:g} s"
    except SystemExit as stop:
        code = stop.code
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        written = sorted(set(os.listdir(folder)) - {path.name})
        parts = _parts(output)
        melody = _parts(path, only_melody=True) if parts else []
        for name in os.listdir(folder):
            (folder / name).unlink()
    lines = stderr.getvalue().splitlines()
    if code == 2:
        if len(lines) != 1 or stdout.getvalue():
            return "failed", f"exit code 2 and {len(lines)} lines on stderr"
        if written:
            return "failed", f"exit code 2 and left {', '.join(written)}"
        return "refused", re.sub(r"\d+", "N", lines[0].partition(f"{path}: ")[2])
    if code != 0 or lines:
        return "failed", f"exit code {code} and {len(lines)} lines on stderr"
    if written != [output.name]:
        return "failed", f"exit code 0 and left {', '.join(written) or 'nothing'}"
    if not melody or melody[0] not in parts:
        return "failed", "the output cannot be read or has not the melody"
    return "written", ""


def _parts(path, only_melody=False):
    """Notes of each track, sorted (start, duration, pitch, velocity); nothing where there is no such file."""
    try:
        tracks = [read_melody(path).track] if only_melody else midi.read(path).tracks
    except midi.MidiError:
        return []
    return [sorted((note.time, note.duration, note.pitch, note.velocity) for note in track.notes) for track in tracks]


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--input", type=pathlib.Path, default=EXAMPLES)
    parser.add_argument("--checkpoint")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--failures", type=pathlib.Path)
    flags = parser.parse_args(argv)
    songs = midi.files(flags.input)
    signal.signal(signal.SIGALRM, ring)
    kept_band(flags.checkpoint)  # as the time of loading is not in question

    rng = np.random.default_rng(flags.seed)
    outcomes, reasons, slowest = collections.Counter(), collections.Counter(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(flags.count):
            mutate = MUTATIONS[number % len(MUTATIONS)]
            raw = mutate(*(songs[place].read_bytes() for place in rng.integers(0, len(songs), 2)), rng)
            start = time.perf_counter()
            extra = [f"--checkpoint={flags.checkpoint}"] if flags.checkpoint else []
            kind, reason = outcome(raw, pathlib.Path(folder), [f"--seed={number}", *extra], flags.seconds)
            slowest = max(slowest, time.perf_counter() - start)
            outcomes[mutate.__name__, kind] += 1
            reasons[kind, reason] += 1
            if kind == "failed" and flags.failures:
                flags.failures.mkdir(parents=True, exist_ok=True)
                (flags.failures / f"{number}-{mutate.__name__}.mid").write_bytes(raw)

    kinds = ("written", "refused", "failed")
    print(f"{'mutation':12}" + "".join(f"{kind:>9}" for kind in kinds))
    for name in (*(mutate.__name__ for mutate in MUTATIONS), "all"):
        counts = [
            sum(n for (of, kind), n in outcomes.items() if kind == want and name in (of, "all")) for want in kinds
        ]
        print(f"{name:12}" + "".join(f"{count:9}" for count in counts))
    for (kind, reason), count in reasons.most_common():
        if reason:
            print(f"{count:5} {kind}: {reason}")
    print(f"the slowest took {slowest:.1f} s")
    return int(any(kind == "failed" for _, kind in outcomes))


if __name__ == "__main__":
    sys.exit(main())
