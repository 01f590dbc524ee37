"""The whole job of encode_corpus: scan a collection, settle which row holds what, encode, merge."""

import importlib.metadata
import os
import pathlib
import sys
import time

import numpy as np
from tqdm import tqdm

from musicvae_jax import checkpoint, trio
from surrogate.corpus import collection, dataset, destination, job, manifest, scan, shards, song_pack, song_tokens
from surrogate.corpus.copies import copies_per_window
from surrogate.corpus.device_encoder import DeviceEncoder
from surrogate.corpus.encoding import WaitingTime, encode_shards
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.hashing import hash_of_file, hash_of_names
from surrogate.corpus.plan import Plan, plan_of_pack, plan_of_songs
from surrogate.corpus.song_reader import SongReader
from surrogate.corpus.tunes import TuneTable
from surrogate.corpus.whole_song_reader import WholeSongReader
from surrogate.corpus.window_reader import WindowReader
from surrogate.model import compatibility

# Settings that change how the work is done, or where, but not what comes out.
_FREE = ("input", "output", "checkpoint", "tunes", "workers")
_NOTHING = {
    "window": "no song has a window of 16 bars with all parts",
    "song": "no song has a melody in bars of 4/4",
}
"""What to say of a collection without a row, by its unit."""


def run(config, process: int = 0, processes: int = 1) -> str:
    """Does the job, or what is left of it, or this process's share.

    Args:
        config: of configs/encode_corpus.py.
        process, processes: the number of this process, and how many share the job.

    Returns:
        The closing line.

    Raises:
        DatasetError, CheckpointError: a setting, the input, the checkpoint or the folder is not fit for it.
        FileError, OSError: the output cannot be written.
    """
    _check(config, processes)
    began = time.perf_counter()
    model = None if config.output.endswith(".npz") else checkpoint.load(config.checkpoint, dtype=config.dtype)
    source = _Pack(config) if config.input.endswith(".npz") else _Collection(config)
    identity = {
        "input": source.hash,
        "tunes": hash_of_file(config.tunes) if config.tunes else "",
        "model": checkpoint.fingerprint(model) if model else "",
        "config": _settings(config) | {"in_c": source.in_c},
        "versions": {name: importlib.metadata.version(name) for name in ("jax", "flax", "numpy")},
    }
    if not model and destination.is_complete(config.output, identity):
        return f"{config.output}: complete already, nothing to do"
    folder = config.output if model else _beside(config.output)
    with job.Job(folder, identity, process=process, processes=processes) as the_job:
        if the_job.done:
            return f"{config.output}: complete already, nothing to do; {dataset.open(config.output).describe()}"
        plan, rows_of = source.plan(the_job)
        scanned = time.perf_counter()
        if not plan.total:
            the_job.remove()
            raise DatasetError(f"{config.input}: {_NOTHING[config.unit]}; {_rejected(plan)}")
        speed = ""
        if model:
            written, speed = _windows(plan), _encode(plan, rows_of, model, the_job, config)
            the_job.finish(plan, source.mismatch, config.shard_windows)
        else:
            written = _write_pack(plan, rows_of, source.mismatch, identity, config)
            the_job.remove()
    seconds = time.perf_counter() - began
    parts = [
        written,
        _rejected(plan),
        source.mismatch_in_words,
        f"{len(plan.names) / max(scanned - began, 1e-9):.0f} files/s scanned, {speed}{seconds:.0f} s in all",
    ]
    return f"{config.output}: " + "; ".join(filter(None, parts))


class _Collection:
    """Songs to be scanned: what the job needs to know of them."""

    def __init__(self, config):
        self._config, self.in_c = config, compatibility.encoding_in_c(config)
        self._songs, self._table = collection.songs(config.input), TuneTable.read(config.tunes)
        names = [song.name for song in self._songs]
        self.hash = hash_of_names(names)
        self.mismatch, self.mismatch_in_words = self._table.mismatch(names), self._table.describe_mismatch(names)

    def plan(self, the_job):
        """The plan of all rows, and the reader of what is in them."""
        reader = _song_reader(self._config, self.in_c)
        _scan(self._songs, reader, the_job, self._config.unit)
        lines = scan.ScanFiles(the_job.folder)
        records = job.wait_for(lambda: lines.complete(len(self._songs)))
        plan = plan_of_songs(self._songs, records, self._table, self._config)
        return plan, song_tokens.collection_reader(self._songs, plan, reader, self._config)


class _Pack:
    """The same of a pack, whose songs have their tunes already."""

    mismatch, mismatch_in_words = {}, ""

    def __init__(self, config):
        self._config, self._pack = config, dataset.open(config.input)
        self.hash = hash_of_file(config.input)
        self.in_c = compatibility.encoding_in_c(config, self._pack)

    def plan(self, _):
        plan = plan_of_pack(self._pack, self._config)
        return plan, song_tokens.pack_reader(self._pack, plan, self._config)


def _check(config, processes: int) -> None:
    if not config.input or not config.output:
        raise DatasetError("give --config.input=SONGS and --config.output=DIR or NAME.npz")
    destination.check(config)
    for name in ("batch_size", "shard_windows", "seconds_a_file", "megabytes_a_file"):
        if config[name] <= 0:
            raise DatasetError(f"{name} must be more than 0, not {config[name]}")
    for name in ("max_windows", "workers", "copies", "validation_fraction", "test_fraction"):
        if config[name] < 0:
            raise DatasetError(f"{name} must not be negative, not {config[name]}")
    if config.validation_fraction + config.test_fraction > 1:
        raise DatasetError("validation_fraction and test_fraction must not exceed 1 together")
    try:
        trio.check_grid(config.grid, config.hop_bars)
    except ValueError as error:
        raise DatasetError(str(error)) from None
    copies_per_window(config)
    if config.unit not in _NOTHING:
        raise DatasetError(f"unit must be one of {', '.join(_NOTHING)}, not {config.unit!r}")
    if config.unit == "song":
        _check_whole_songs(config)
    if config.output.endswith(".npz") and processes > 1:
        raise DatasetError("a pack is made by one process; give a folder as --config.output")


def _check_whole_songs(config) -> None:
    if not config.output.endswith(".npz"):
        raise DatasetError(f"{config.output}: encode songs into a pack (NAME.npz): no model reads whole songs yet")
    if config.input.endswith(".npz"):
        raise DatasetError(f"{config.input}: is a pack; whole songs are read from MIDI files")
    if config.in_c or len(config.transpose):
        raise DatasetError("whole songs stay in their keys, without copies: leave out in_c and transpose")


def _settings(config) -> dict:
    """The settings that settle what comes out, as JSON types."""
    settings = {name: value for name, value in config.to_dict().items() if name not in _FREE}
    return settings | {"transpose": list(config.transpose)}


def _song_reader(config, in_c) -> SongReader:
    limits = dict(workers=config.workers or _cores(), seconds=config.seconds_a_file, megabytes=config.megabytes_a_file)
    if config.unit == "song":
        return WholeSongReader(**limits)
    return WindowReader(
        grid=config.grid,
        hop_bars=config.hop_bars,
        max_windows=config.max_windows or None,
        seed=config.seed if config.draw else None,
        melody_programs=tuple(trio.ALL_MELODY_PROGRAMS if config.leads else trio.MELODY_PROGRAMS),
        in_c=in_c,
        **limits,
    )


def _cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _scan(listed, reader, the_job, unit) -> None:
    """Scans this process's share of the songs."""
    share = range(the_job.process, len(listed), the_job.processes)
    rows = rejected = 0
    with _bar(total=len(share), unit="file", desc="scan") as bar:
        who = dict(process=the_job.process, processes=the_job.processes)
        for record in scan.scan(listed, reader, the_job.folder, **who):
            rows, rejected = rows + record.rows, rejected + bool(record.reason)
            bar.set_postfix_str(f"{rows} {unit}s, {rejected} rejected", refresh=False)
            bar.update()


def _encode(plan, rows_of, model, the_job, config) -> str:
    """Writes what is missing of this process's shards; returns how fast."""
    folders = the_job.shards(plan.total, config.shard_windows)
    own = range(the_job.process, len(folders), the_job.processes)
    left = [number for number in own if not folders[number].exists()]
    sizes = {number: min(config.shard_windows, plan.total - number * config.shard_windows) for number in own}
    to_do = sum(sizes[number] for number in left)
    shards.check_room(the_job.folder, to_do, model.config.z_size)
    waiting, began = WaitingTime(), time.perf_counter()
    rejected = plan.rejected.total()
    encoder = DeviceEncoder(model, config.batch_size)
    with _bar(total=sum(sizes.values()), initial=sum(sizes.values()) - to_do, unit="window", desc="encode") as bar:
        for batch in encode_shards(plan, rows_of, encoder, the_job.folder, left, config.shard_windows, waiting):
            files = int(plan.ends.searchsorted(batch.end, side="right"))
            bar.set_postfix_str(f"{files}/{len(plan.names)} files, {rejected} rejected", refresh=False)
            bar.update(len(batch.tokens))
    total = time.perf_counter() - began
    shares = ", ".join(f"{name} {100 * waiting[name] / total:.0f} %" for name in ("reading", "encoding", "writing"))
    return f"{to_do / total:.0f} windows/s encoded ({shares} of the time), "


def _write_pack(plan, rows_of, mismatch, identity, config) -> str:
    """Returns what was written."""
    rows = _bar(iterable=rows_of(plan.songs_within(0, plan.total)), unit="song", desc="cut")
    told = manifest.summary(plan, config.unit) | {"tune_table": mismatch} | identity
    fields = plan.fields(0, plan.total)
    if config.unit == "song":
        bars = song_pack.write(config.output, rows, fields | {"name": np.array(plan.names)[plan.rows > 0]}, told)
        return f"{plan.total} songs of {bars} bars"
    shards.write_pack(config.output, rows, fields, told)
    return _windows(plan)


def _bar(**settings):
    return tqdm(mininterval=0.2 if sys.stderr.isatty() else 10, **settings)


def _windows(plan: Plan) -> str:
    return f"{plan.total} windows of {plan.accepted} songs"


def _rejected(plan: Plan) -> str:
    reasons = ", ".join(f"{reason}: {count}" for reason, count in plan.rejected.most_common())
    return f"{plan.rejected.total()} files rejected" + (f" ({reasons})" if reasons else "")


def _beside(pack: str) -> pathlib.Path:
    """The folder of the job that makes a pack."""
    path = pathlib.Path(pack)
    if not path.parent.is_dir():
        raise DatasetError(f"{pack}: there is no folder {path.parent}")
    return path.with_name(f".{path.name}.job")
