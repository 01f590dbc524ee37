"""The whole job of scripts.encode_corpus: scan a collection, settle which row holds what, encode, merge."""

import collections
import importlib.metadata
import os
import pathlib
import sys
import time

from tqdm import tqdm

from musicvae_jax import checkpoint, trio
from surrogate.corpus import collection, dataset, encode, job, scan, shards
from surrogate.model import compatibility

# Settings that change how the work is done, or where, but not what comes out.
_FREE = ("input", "output", "checkpoint", "tunes", "workers")


def run(config, process: int = 0, processes: int = 1) -> str:
    """Does the job, or what is left of it, or this process's share; returns the closing line.

    Raises:
        DatasetError, CheckpointError: a setting, the input, the checkpoint or the folder is not fit for it.
        OSError: the output cannot be written.
    """
    _check(config, processes)
    began = time.perf_counter()
    model = None if config.output.endswith(".npz") else checkpoint.load(config.checkpoint, dtype=config.dtype)
    from_pack = config.input.endswith(".npz")
    if from_pack:
        pack = dataset.open(config.input)
        identity = dataset.hash_of_file(config.input)
    else:
        songs = collection.songs(config.input)
        identity = scan.listing_hash(songs)
    in_c = compatibility.encoding_in_c(config, pack if from_pack else None)
    settings = {name: value for name, value in config.to_dict().items() if name not in _FREE} | {"in_c": in_c}
    identity = {
        "input": identity,
        "tunes": dataset.hash_of_file(config.tunes) if config.tunes else "",
        "model": checkpoint.fingerprint(model) if model else "",
        "config": settings | {"transpose": list(config.transpose)},
        "versions": {name: importlib.metadata.version(name) for name in ("jax", "flax", "numpy")},
    }
    folder = _beside(config.output) if model is None else config.output
    with job.Job(folder, identity, process=process, processes=processes) as the_job:
        if the_job.done:
            return f"{config.output}: complete already, nothing to do; {dataset.open(config.output).describe()}"
        if from_pack:
            plan = scan.plan_of_pack(pack, config)
            tokens_of = encode.pack_reader(pack, plan, config)
        else:
            reader = _song_reader(config, in_c)
            plan = _scanned(songs, reader, the_job, config)
            tokens_of = encode.tokens_reader(songs, plan, reader, config)
        scanned = time.perf_counter()
        if not plan.total:
            the_job.remove()
            raise dataset.DatasetError(
                f"{config.input}: no song has a window of 16 bars with all parts; {_rejected(plan)}"
            )
        if model is None:
            tokens = _bar(iterable=tokens_of(encode.songs_within(plan, 0, plan.total)), unit="song", desc="cut")
            manifest = {"config": identity["config"], "model": identity["model"]}
            shards.write_pack(config.output, tokens, plan.fields(0, plan.total), manifest)
            the_job.remove()
            speed = ""
        else:
            speed = _encoded(plan, tokens_of, model, the_job, config)
            the_job.finish(plan, config.shard_windows)
    seconds = time.perf_counter() - began
    return (
        f"{config.output}: {plan.total} windows of {len(plan.names) - plan.rejected.total()} songs; {_rejected(plan)}; "
        f"{len(plan.names) / max(scanned - began, 1e-9):.0f} files/s scanned, {speed}{seconds:.0f} s in all"
    )


def _check(config, processes: int) -> None:
    if not config.input or not config.output:
        raise dataset.DatasetError("give --config.input=SONGS and --config.output=DIR or NAME.npz")
    for name in ("batch_size", "shard_windows", "seconds_a_file", "megabytes_a_file"):
        if config[name] <= 0:
            raise dataset.DatasetError(f"{name} must be more than 0, not {config[name]}")
    for name in ("max_windows", "workers", "copies", "validation_fraction", "test_fraction"):
        if config[name] < 0:
            raise dataset.DatasetError(f"{name} must not be negative, not {config[name]}")
    if config.validation_fraction + config.test_fraction > 1:
        raise dataset.DatasetError("validation_fraction and test_fraction must not exceed 1 together")
    try:
        trio.check_grid(config.grid, config.hop_bars)
    except ValueError as error:
        raise dataset.DatasetError(str(error)) from None
    scan.copies(config)
    if config.output.endswith(".npz") and processes > 1:
        raise dataset.DatasetError("a pack is made by one process; give a folder as --config.output")


def _song_reader(config, in_c) -> scan.SongReader:
    return scan.SongReader(
        grid=config.grid,
        hop_bars=config.hop_bars,
        max_windows=config.max_windows or None,
        seed=config.seed if config.draw else None,
        melody_programs=tuple(trio.ALL_MELODY_PROGRAMS if config.leads else trio.MELODY_PROGRAMS),
        in_c=in_c,
        workers=config.workers or _cores(),
        seconds=config.seconds_a_file,
        megabytes=config.megabytes_a_file,
    )


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _scanned(songs, reader, the_job, config) -> scan.Plan:
    share = range(the_job.process, len(songs), the_job.processes)
    windows = rejected = 0
    with _bar(total=len(share), unit="file", desc="scan") as bar:
        who = dict(process=the_job.process, processes=the_job.processes)
        for count, _, reason in scan.scan(songs, reader, the_job.folder, **who):
            windows, rejected = windows + count, rejected + bool(reason)
            bar.set_postfix_str(f"{windows} windows, {rejected} rejected", refresh=False)
            bar.update()
    records = scan.Records(the_job.folder)
    return scan.plan(songs, job.wait(lambda: records.complete(len(songs))), config)


def _encoded(plan, tokens_of, model, the_job, config) -> str:
    """Writes what is missing of this process's shards; returns how fast."""
    folders = the_job.shards(plan.total, config.shard_windows)
    own = range(the_job.process, len(folders), the_job.processes)
    left = [number for number in own if not folders[number].exists()]
    sizes = {number: min(config.shard_windows, plan.total - number * config.shard_windows) for number in own}
    to_do = sum(sizes[number] for number in left)
    shards.check_room(the_job.folder, to_do, model.config.z_size)
    seconds, began = collections.Counter(), time.perf_counter()
    rejected = plan.rejected.total()
    encoder = encode.Encoder(model, config.batch_size)
    with _bar(total=sum(sizes.values()), initial=sum(sizes.values()) - to_do, unit="window", desc="encode") as bar:
        progress = encode.encode(plan, tokens_of, encoder, the_job.folder, left, config.shard_windows, seconds)
        for windows, row in progress:
            files = int(plan.ends.searchsorted(row, side="right"))
            bar.set_postfix_str(f"{files}/{len(plan.names)} files, {rejected} rejected", refresh=False)
            bar.update(windows)
    total = time.perf_counter() - began
    shares = ", ".join(f"{name} {100 * seconds[name] / total:.0f} %" for name in ("reading", "encoding", "writing"))
    return f"{to_do / total:.0f} windows/s encoded ({shares} of the time), "


def _bar(**settings):
    return tqdm(mininterval=0.2 if sys.stderr.isatty() else 10, **settings)


def _rejected(plan) -> str:
    reasons = ", ".join(f"{reason}: {count}" for reason, count in plan.rejected.most_common())
    return f"{plan.rejected.total()} files rejected" + (f" ({reasons})" if reasons else "")


def _beside(pack: str) -> pathlib.Path:
    """The folder of the job that makes a pack."""
    path = pathlib.Path(pack)
    if not path.parent.is_dir():
        raise dataset.DatasetError(f"{pack}: there is no folder {path.parent}")
    return path.with_name(f".{path.name}.job")
