"""A collection of MIDI files -> a pack of windows, or an encoded corpus with the latents of every window."""

import collections
import concurrent.futures
import csv
import json
import multiprocessing
import os
import pathlib
import shutil

import numpy as np
from tqdm import tqdm

from musicvae_jax import events
from musicvae_jax.midi import MidiError
from musicvae_jax.trio import trio_windows
from surrogate import dataset

SUFFIXES = (".mid", ".midi", ".kar")


def midi_files(folder):
    """Every MIDI file under a folder, sorted, or DatasetError."""
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise dataset.DatasetError(f"{folder}: no such folder")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not files:
        raise dataset.DatasetError(f"{folder}: holds no MIDI file ({' '.join(SUFFIXES)})")
    return files


def _read(path, options):
    try:
        return trio_windows(path, **options), None
    except MidiError as error:
        return None, error.reason


def read_songs(files, *, workers, **options):
    """(file number, windows or None, reason or None) of each file in order, read by worker processes."""
    context = multiprocessing.get_context("spawn")  # a fork of a process that runs JAX's threads can hang
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        window = collections.deque()
        for number, path in enumerate(files):
            window.append((number, pool.submit(_read, path, options)))
            if len(window) >= 64 * workers:
                number, future = window.popleft()
                yield number, *future.result()
        for number, future in window:
            yield number, *future.result()


def collect(config):
    """Read config.input into one dict of arrays (tokens, tune, source, split) and the manifest's counts.

    Tunes come from config.tunes, a CSV with the columns file and tune_group, or else from the file's content: windows
    of one tune never sit in two splits.
    """
    files = midi_files(config.input)
    groups = {}
    if config.tunes:
        with open(config.tunes, newline="") as stream:
            groups = {row["file"]: row["tune_group"] for row in csv.DictReader(stream)}
    tokens, tunes, sources, rejected, count = [], [], [], {}, 0
    options = dict(max_windows=config.max_windows or None, hop_bars=config.hop_bars, seed=config.seed)
    options["grid"] = config.grid
    progress = tqdm(read_songs(files, workers=config.workers, **options), total=len(files), unit="file")
    for number, windows, reason in progress:
        name = files[number].relative_to(config.input).as_posix()
        if windows is None or len(windows) == 0:
            rejected[name] = reason or "no window of 16 bars with melody, bass and drums"
            continue
        tune = dataset.tune_id(groups.get(name) or files[number].read_bytes())
        tokens.append(windows)
        tunes.append(np.full(len(windows), tune, np.int64))
        sources.append(np.full(len(windows), number, np.int32))
        count += len(windows)
        progress.set_postfix_str(f"{count} windows, {len(rejected)} rejected")
    if not tokens:
        raise dataset.DatasetError(f"{config.input}: none of {len(files)} files has a window of 16 bars with all parts")
    arrays = {"tokens": np.concatenate(tokens), "tune": np.concatenate(tunes), "source": np.concatenate(sources)}
    arrays["split"] = np.array([dataset.split_of(t, config.validation_fraction) for t in arrays["tune"]], np.uint8)
    return arrays, {"files": len(files), "rejected": rejected}


def transpose_training(arrays, semitones, seed):
    """Tokens, each window of the training split moved by one of semitones, drawn by seed; the others as they are."""
    shifts = np.random.default_rng(seed).choice(np.asarray(semitones), len(arrays["tokens"]))
    return events.transpose(arrays["tokens"], np.where(arrays["split"] == dataset.SPLITS.index("train"), shifts, 0))


def write_pack(path, arrays):
    """Write the windows as one compressed file, whole or not at all."""
    path = pathlib.Path(path)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with temporary.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def encode_windows(model, tokens, batch_size):
    """mu and sigma of windows, float32 [n, z], by all local devices at once; the last batch is padded."""
    import jax
    from flax import nnx

    graphdef, state = nnx.split(model)
    devices = jax.local_device_count()
    encode = jax.pmap(lambda state, tokens: nnx.merge(graphdef, state).encoder(tokens), in_axes=(None, 0))
    rows = devices * batch_size
    outputs = []
    for start in tqdm(range(0, len(tokens), rows), unit="batch", desc="encode"):
        batch = np.asarray(tokens[start : start + rows])
        count = len(batch)
        batch = np.pad(batch, ((0, rows - count), (0, 0), (0, 0)))
        outputs.append((encode(state, batch.reshape(devices, batch_size, *batch.shape[1:])), count))
    pairs = [[np.asarray(x).reshape(rows, -1)[:count] for x in pair] for pair, count in outputs]
    return tuple(np.concatenate(column) for column in zip(*pairs, strict=True))


def write_corpus(folder, arrays, manifest, *, shard_windows):
    """Write an encoded corpus: shards under a temporary name, renamed when whole, the manifest last."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shards = []
    for start in range(0, len(arrays["tokens"]), shard_windows):
        name = f"shard-{len(shards):05d}"
        temporary = folder / f".{name}.part"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        for field, values in arrays.items():
            np.save(temporary / f"{field}.npy", values[start : start + shard_windows])
        shutil.rmtree(folder / name, ignore_errors=True)
        os.replace(temporary, folder / name)
        shards.append({"name": name, "windows": len(arrays["tokens"][start : start + shard_windows])})
    text = json.dumps(manifest | {"windows": len(arrays["tokens"]), "shards": shards}, indent=1)
    temporary = folder / ".manifest.json.part"
    temporary.write_text(text + "\n")
    os.replace(temporary, folder / "manifest.json")
