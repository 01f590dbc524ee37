"""How fast the studio answers, over HTTP: a file that is dropped, and each kind of change; median and worst.

    python -m benchmarks.studio [--bars=64] [--longer=104] [--pause=30] [--times=20] [--checkpoint=NAME_OR_DIR]

The studio is a process of its own with an empty cache of compiled programs. The melody is an example, repeated up to
so many bars. A first file waits until everything is loaded and compiled; a longer one comes after a pause in seconds,
in which the studio makes ready for such.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

from benchmarks.accompany import ROOT, melody

CHANGES = {
    "drums of 8 bars anew": lambda time: {"kind": "regenerate", "parts": ["drums"], "bars": [8, 16]},
    "bass of 8 bars anew": lambda time: {"kind": "regenerate", "parts": ["bass"], "bars": [8, 16]},
    "bass and drums anew": lambda time: {"kind": "regenerate", "parts": ["bass", "drums"], "bars": None},
    "a chord": lambda time: {"kind": "chord", "half_bar": 4, "symbol": ("Am", "F", "G7")[time % 3]},
    "another key": lambda time: {"kind": "choose", "choices": {"key": ("C major", "A minor")[time % 2]}},
    "more or fewer drum hits": lambda time: {"kind": "choose", "choices": {"drum_density": (1, 0, -1)[time % 3]}},
    "swing": lambda time: {"kind": "choose", "choices": {"swing": (0.66, 0.5)[time % 2]}},
    "another program": lambda time: {"kind": "choose", "choices": {"program": 32 + time % 8}},
    "combine": lambda time: {"kind": "combine", "bass": 1, "drums": 2},
    "undo": lambda time: {"kind": "undo"},
}


def answered(address, content=None):
    """The answer and the seconds that it took."""
    began = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(address, data=content)) as answer:
        state = json.load(answer)
    return state, time.perf_counter() - began


def report(what, seconds):
    print(
        f"{what}: median {statistics.median(seconds):.2f} s, worst of {len(seconds)} {max(seconds):.2f} s", flush=True
    )


def measure(address, file, longer_file, pause, times):
    _, seconds = answered(f"{address}works?name=song.mid", file)
    print(f"the first file, dropped at once: {seconds:.1f} s", flush=True)
    time.sleep(pause)
    _, seconds = answered(f"{address}works?name=longer.mid", longer_file)
    print(f"the first longer file, {pause:g} s later: {seconds:.1f} s", flush=True)
    report("a file dropped", [answered(f"{address}works?name=song.mid", file)[1] for _ in range(times)])
    for what, change in CHANGES.items():
        state, _ = answered(f"{address}works?name=song.mid", file)
        if what == "undo":
            for number in range(times):
                answered(f"{address}works/{state['work']}/changes", json.dumps(CHANGES["combine"](number)).encode())
        changes = (json.dumps(change(number)).encode() for number in range(times))
        report(what, [answered(f"{address}works/{state['work']}/changes", each)[1] for each in changes])


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=64)
    parser.add_argument("--longer", type=int, default=104)
    parser.add_argument("--pause", type=float, default=30)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--checkpoint", default="trio_16bar_small")
    flags = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        path, longer = (pathlib.Path(folder) / name for name in ("song.mid", "longer.mid"))
        melody(path, flags.bars, 0)
        melody(longer, flags.longer, 0)
        command = [sys.executable, "-m", "scripts.studio", "--no-browser", f"--checkpoint={flags.checkpoint}"]
        environment = os.environ | {"XDG_CACHE_HOME": folder}
        began = time.perf_counter()
        studio = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            [address] = re.findall(r"http\S+", studio.stdout.readline())
            print(f"the address: {time.perf_counter() - began:.1f} s", flush=True)
            measure(address, path.read_bytes(), longer.read_bytes(), flags.pause, flags.times)
        finally:
            studio.kill()


if __name__ == "__main__":
    main()
