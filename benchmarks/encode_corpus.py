"""How fast encode_corpus reads and encodes, and how long the whole Lakh MIDI Dataset would take.

    python -m benchmarks.encode_corpus --input=MIDI_DIR [--files=1000] [--checkpoints=trio_16bar_small,full]

Reading is MIDI -> windows on one core, with the settings of configs/encode_corpus.py. Encoding goes through the job's
own DeviceEncoder, batches in flight included, on every local device; "full" stands for random weights of the size of
Magenta's hierdec-trio_16bar. Each encoder's figure comes with its share of what the matrix products allow here.
"""

import argparse
import contextlib
import itertools
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy as np

import musicvae_jax
from benchmarks import full_size
from musicvae_jax import checkpoint
from surrogate.corpus import collection, workers
from surrogate.corpus.batches import Batch
from surrogate.corpus.device_encoder import DeviceEncoder
from surrogate.corpus.encoding import WaitingTime, encoded

LAKH_FILES = 178_561
_SETTINGS = dict(grid="beats", hop_bars=4, max_windows=24, seed=0)


def reading(folder, files):
    """(files/s of one core, windows a file) of a random part of a folder, after a first look at some."""
    paths = [song.file for song in collection.songs(folder)]
    random.Random(0).shuffle(paths)
    workers.keep_memory()
    cut(paths[:64])
    began = time.process_time()
    windows = cut(paths[:files])
    return min(files, len(paths)) / (time.process_time() - began), windows / min(files, len(paths))


def cut(paths):
    """The number of windows in files."""
    windows = 0
    for path in paths:
        with contextlib.suppress(musicvae_jax.MidiError):
            windows += len(musicvae_jax.trio_windows(path, **_SETTINGS))
    return windows


def encoding(name, batch_size, seconds):
    """Print windows/s of a model's encoder on all local devices."""
    encoder = DeviceEncoder(musicvae_jax.load(name), batch_size)
    tokens = np.random.default_rng(0).integers(0, 90, (encoder.rows, 256, 3)).astype(np.uint16)
    encoder.fetch(encoder.send(tokens))
    began = time.perf_counter()
    batches = itertools.takewhile(
        lambda _: time.perf_counter() - began < seconds, itertools.repeat(Batch(0, tokens, 0, False))
    )
    count = sum(len(batch.tokens) for batch, _, _ in encoded(batches, encoder, WaitingTime()))
    print(count / (time.perf_counter() - began))


def process(*flags):
    """What a process of its own prints, in words."""
    command = [sys.executable, "-m", "benchmarks.encode_corpus", *flags]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--checkpoints", default="trio_16bar_small,full")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--work", choices=("random", "limits", "encode"), help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.work == "random":
        return full_size.make_random(pathlib.Path(flags.checkpoints))
    if flags.work == "limits":
        return full_size.limits("float32")
    if flags.work == "encode":
        return encoding(flags.checkpoints, flags.batch_size, flags.seconds)
    if not flags.input:
        parser.error("give --input=MIDI_DIR")
    files, windows = reading(flags.input, flags.files)
    cores = os.cpu_count()
    print(
        f"reading: {files:.0f} files/s a core, {windows:.1f} windows a file; Lakh: {LAKH_FILES / files / cores:.0f} s"
    )
    rate, _, *device = process("--work=limits")
    print(f"{' '.join(device)}, float32: {float(rate) / 1e9:.0f} GFLOP/s in large products")
    for name in flags.checkpoints.split(","):
        with tempfile.TemporaryDirectory() as temporary:
            folder = name
            if name == "full":
                process("--work=random", f"--checkpoints={temporary}")
                folder = f"{temporary}/float32"
            options = (f"--batch_size={flags.batch_size}", f"--seconds={flags.seconds}")
            per_second = float(process("--work=encode", f"--checkpoints={folder}", *options)[0])
            operations = full_size.costs(checkpoint.read_config(checkpoint.resolve(folder), kind="musicvae"))[1]
        share = per_second * operations / float(rate)
        # As if every file of it had as many windows as those of the input: an upper bound.
        days = LAKH_FILES * windows / per_second / 86400
        print(
            f"{name}: {per_second:.2f} windows/s, {share:.0%} of the limit; Lakh: at most {days:.2f} days", flush=True
        )
    return None


if __name__ == "__main__":
    main()
