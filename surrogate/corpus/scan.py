"""What a collection will give: each song's windows counted, the reasons of rejected ones, the row of every window.

The scan is a file of one line a song, added to as it goes, so that one that was killed goes on from there.
"""

import collections
import csv
import dataclasses
import functools
import hashlib
import json
import os
import pathlib

import numpy as np

from musicvae_jax import events, midi_messages, note_sequence, trio
from surrogate.corpus import collection, dataset, workers
from surrogate.reading import keys

DUPLICATE = "duplicate"
REASONS = (*midi_messages.KINDS, *collection.REASONS, *workers.FAILURES, *trio.LACKS, DUPLICATE)
"""Why a song can be rejected."""

MOST_WINDOWS = 50_000
"""Of one song; more is a file made to be absurd."""


@dataclasses.dataclass(frozen=True)
class SongReader:
    """How songs are read: the arguments of trio_windows, and what a reader may use up on one song."""

    grid: str
    hop_bars: int
    max_windows: int | None
    seed: int | None
    melody_programs: tuple[int, ...] = tuple(trio.MELODY_PROGRAMS)
    in_c: bool = False
    workers: int = 1
    seconds: float = 10.0
    megabytes: int = 1024

    def map(self, function, songs):
        """function(reader, content) of each song, in order, by worker processes; a str is the reason for none."""
        limits = dict(workers=self.workers, seconds=self.seconds, megabytes=self.megabytes)
        return workers.guarded_map(functools.partial(function, self), collection.contents(songs), **limits)


def count(reader: SongReader, content: collection.Content):
    """(windows, content hash) of a song; or the reason, one of REASONS, why it has none."""
    survey = _survey(reader, content)
    if isinstance(survey, str):
        return survey
    windows = len(survey) if reader.max_windows is None else min(len(survey), reader.max_windows)
    if windows > MOST_WINDOWS:
        return workers.TOO_MUCH_MEMORY
    return survey.lacks() or (windows, survey.content().hex())


def cut(reader: SongReader, content: collection.Content):
    """(content hash, tokens uint16 [n, 256, 3]) of a song; or the reason why it has none."""
    survey = _survey(reader, content)
    if isinstance(survey, str):
        return survey
    tokens = survey.tokens(reader.max_windows, reader.seed)
    return survey.content().hex(), keys.to_c(tokens) if reader.in_c else tokens


def _survey(reader: SongReader, content: collection.Content) -> trio.Survey | str:
    if content.reason:
        return content.reason
    settings = dict(hop_bars=reader.hop_bars, grid=reader.grid, melody_programs=reader.melody_programs)
    try:
        if content.is_record:
            return note_sequence.survey(content.data, **settings)
        if isinstance(content.data, str) and collection.too_large(content.data):
            return collection.TOO_LARGE
        return trio.survey(content.data, **settings)
    except midi_messages.MidiError as error:
        return error.kind


class Records:
    """The lines of a scan, in a folder that several processes may add to, each to a file of its own."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def read(self) -> dict[int, tuple]:
        """(windows, content hash, reason) by number of the song; a line that was cut off does not count."""
        found = {}
        for path in sorted(self.folder.glob("scan-*.jsonl")):
            for line in path.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):
                    number, *record = json.loads(line)
                    found[number] = tuple(record)
        return found

    def complete(self, songs: int) -> dict[int, tuple] | None:
        """The lines of all songs, or None while some are missing."""
        found = self.read()
        return found if len(found) == songs else None

    def writer(self, process: int):
        """A stream to add lines to, after the last whole one."""
        path = self.folder / f"scan-{process:05d}.jsonl"
        if path.exists():
            whole = path.read_bytes().rpartition(b"\n")
            os.truncate(path, len(whole[0]) + len(whole[1]))
        return path.open("ab", buffering=0)


def scan(songs, reader: SongReader, folder: pathlib.Path, *, process: int = 0, processes: int = 1):
    """Counts the windows of this process's share of the songs that no line tells of yet.

    Yields (windows, content hash, reason) of each song as it is known, also of those known before.
    """
    records = Records(folder)
    known = records.read()
    mine = [number for number in range(process, len(songs), processes) if number not in known]
    yield from known.values()
    with records.writer(process) as stream:
        for number, result in zip(mine, reader.map(count, [songs[number] for number in mine]), strict=True):
            record = (0, "", str(result)) if isinstance(result, str) else (*result, None)
            stream.write(json.dumps([number, *record], separators=(",", ":")).encode() + b"\n")
            yield record


@dataclasses.dataclass(frozen=True)
class Plan:
    """Which rows of an encoded corpus hold the windows of which song.

    names: of the S songs. reasons: of each, why it was rejected, or None. contents: hash of each song's notes.
    windows: int64 [S], without copies. source: int32 [S], the song's number in the rows. tune: int64 [S].
    split: uint8 [S].
    copies: how many transposed copies the windows of training songs come in.
    """

    names: list[str]
    reasons: list[str | None]
    contents: list[str]
    windows: np.ndarray
    source: np.ndarray
    tune: np.ndarray
    split: np.ndarray
    copies: int = 1

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """Of every song, int64 [S]."""
        return self.windows * np.where(self.split == dataset.SPLITS.index("train"), self.copies, 1)

    @functools.cached_property
    def ends(self) -> np.ndarray:
        """The row after the last of every song, int64 [S]."""
        return np.cumsum(self.rows)

    @property
    def total(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    @functools.cached_property
    def rejected(self) -> collections.Counter:
        """How many songs were rejected for each reason."""
        return collections.Counter(filter(None, self.reasons))

    def fields(self, first: int, last: int) -> dict[str, np.ndarray]:
        """tune, source (number of the song) and split of the rows first..last."""
        song = np.searchsorted(self.ends, np.arange(first, last), side="right")
        return {"tune": self.tune[song], "source": self.source[song], "split": self.split[song]}


def plan(songs, records: dict[int, tuple], config) -> Plan:
    """Settles duplicates, tunes, splits and copies.

    Args:
        songs: of the collection, list of collection.CollectionSong.
        records: of all of them, as Records.read gives them.
        config: of encode_corpus: deduplicate, tunes, validation_fraction, test_fraction, split_seed, copies, transpose.
    """
    groups = tune_groups(config.tunes) if config.tunes else {}
    windows, contents, reasons = map(list, zip(*(records[number] for number in range(len(songs))), strict=True))
    seen = set()
    for number, content in enumerate(contents):
        if content and config.deduplicate:
            if content in seen:
                windows[number], reasons[number] = 0, DUPLICATE
            seen.add(content)
    names = [song.name for song in songs]
    tune = [dataset.tune_id(groups.get(name, content)) for name, content in zip(names, contents, strict=True)]
    return Plan(
        names=names,
        reasons=reasons,
        contents=contents,
        windows=np.array(windows, np.int64),
        source=np.arange(len(names), dtype=np.int32),
        tune=np.array(tune, np.int64),
        split=splits(tune, config),
        copies=copies(config),
    )


def plan_of_pack(pack: dataset.Dataset, config) -> Plan:
    """The plan of a pack, whose songs are its sources and keep their tunes and splits."""
    arrays = pack.shards[0]
    first = np.flatnonzero(np.diff(arrays["source"], prepend=-1))
    return Plan(
        names=[f"source {number}" for number in arrays["source"][first]],
        reasons=[None] * len(first),
        contents=[""] * len(first),
        windows=np.diff(first, append=len(pack)),
        source=arrays["source"][first],
        tune=arrays["tune"][first],
        split=arrays["split"][first],
        copies=copies(config),
    )


def splits(tune, config) -> np.ndarray:
    """uint8, the index into dataset.SPLITS of each tune."""
    fractions = config.validation_fraction, config.test_fraction
    return np.array([dataset.split_of(int(each), *fractions, seed=config.split_seed) for each in tune], np.uint8)


def copies(config) -> int:
    """How many copies of a training window the config asks for, or DatasetError."""
    wanted = config.copies or len(config.transpose)
    if not len(config.transpose):
        return 1
    if not 1 <= wanted <= len(config.transpose):
        raise dataset.DatasetError(f"copies must be 0 to {len(config.transpose)}, as many as transpose, not {wanted}")
    return wanted


def transposed(tokens, number: int, config) -> np.ndarray:
    """The copies of a training song's windows, uint16 [copies * n, 256, 3]: each window in keys drawn for it alone."""
    keys = np.tile(np.asarray(config.transpose, np.int64), (len(tokens), 1))
    if config.copies:
        rng = np.random.default_rng([config.seed, number])
        keys = rng.permuted(keys, axis=1)[:, : config.copies]
    return np.concatenate([events.transpose(tokens, key) for key in keys.T])


def listing_hash(songs) -> str:
    """A hash of the names of the songs and of their order."""
    digest = hashlib.blake2b(digest_size=8)
    for song in songs:
        digest.update(song.name.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()


def tune_groups(path: str) -> dict[str, str]:
    """The tune of each file, by a table with the columns file and tune_group; DatasetError or OSError if it is none."""
    try:
        with open(path, newline="") as stream:
            return {row["file"]: row["tune_group"] for row in csv.DictReader(stream)}
    except KeyError as error:
        raise dataset.DatasetError(f"{path}: has no column {error}") from None
    except (ValueError, csv.Error) as error:
        raise dataset.DatasetError(f"{path}: not a table of files and their tunes ({error})") from None
