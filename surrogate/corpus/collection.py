"""Where songs come from: MIDI files in folders, behind globs and in archives, and NoteSequence records.

Everything is listed first, in an order that depends on names alone; contents are then read in that order.
"""

import glob
import itertools
import os
import pathlib
import posixpath
import typing

from musicvae_jax import midi
from musicvae_jax.midi_messages import MOST_BYTES
from surrogate.corpus import archives
from surrogate.corpus.archives import BROKEN_ARCHIVE, TOO_LARGE
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.stream_worker import StreamWorker

REASONS = (TOO_LARGE, BROKEN_ARCHIVE)
ARCHIVE_SECONDS, ARCHIVE_MEGABYTES = 60.0, 1024
"""The limits of archives: the time from one member to the next, and the memory."""


class CollectionSong(typing.NamedTuple):
    """A song of a collection, not read yet.

    name: path below the input, with that inside an archive or the number of a record after the file's.
    file: path of the file it is or is in.
    member: its place among the members or records of that file; None for a file of its own.
    reason: stands for the songs of an archive that could not be listed, and tells why.
    """

    name: str
    file: str
    member: int | None = None
    reason: str | None = None


class Content(typing.NamedTuple):
    """What a song holds: the path or the bytes of a MIDI file or record; or the reason why there are none."""

    song: CollectionSong
    data: str | bytes | None
    is_record: bool = False
    reason: str | None = None


def songs(source: str) -> list[CollectionSong]:
    """Lists every song of a collection.

    Args:
        source: a folder (with all folders in it), a file, an archive or a glob.

    Returns:
        The songs in order of the names of files, within an archive in its own.

    Raises:
        DatasetError: there is no such file or folder, it holds no MIDI, or reading it takes a package that is missing.
    """
    if os.path.isdir(source):
        base, paths = source, _walk(source)
    else:
        base = _fixed_part(source)
        matches = [source] if os.path.isfile(source) else glob.glob(source, recursive=True)
        paths = [path for match in matches for path in (_walk(match) if os.path.isdir(match) else [match])]
    named = sorted({(pathlib.Path(path).relative_to(base).as_posix(), path) for path in paths if _may_hold_songs(path)})
    if os.path.isfile(source) and named and archives.kind_of(source):
        named = [("", source)]  # what is in the one archive goes by its own name
    with _archive_worker() as worker:
        found = [song for name, path in named for song in _songs_of(name, path, worker)]
    if found:
        return found
    if named or os.path.exists(source) or glob.has_magic(source):
        raise DatasetError(
            f"{source}: holds no MIDI file ({' '.join(midi.SUFFIXES)}), nor an archive or TFRecord of them"
        )
    raise DatasetError(f"{source}: no such file or folder")


def contents(wanted: typing.Iterable[CollectionSong]) -> typing.Iterator[Content]:
    """Reads songs of archives, and passes on the paths of others.

    Args:
        wanted: songs in the order of `songs`.

    Yields:
        The content of each, in the same order; an archive is opened once.
    """
    with _archive_worker() as worker:
        for (file, is_lost), group in itertools.groupby(wanted, lambda song: (song.file, song.reason is not None)):
            group = list(group)
            if is_lost:
                yield from (Content(song, None, reason=song.reason) for song in group)
            elif group[0].member is None:
                yield from (Content(song, file) for song in group)
            else:
                yield from _members(file, group, worker)


def too_large(path: str) -> bool:
    """Whether a file is larger than a song can be; False where that cannot be told."""
    return os.path.isfile(path) and os.path.getsize(path) > MOST_BYTES


def _archive_worker() -> StreamWorker:
    return StreamWorker(seconds=ARCHIVE_SECONDS, megabytes=ARCHIVE_MEGABYTES)


def _songs_of(name: str, path: str, worker: StreamWorker) -> list[CollectionSong]:
    if not archives.kind_of(path):
        return [CollectionSong(name, path)]
    archives.check_packages(path)
    found = []
    for item in worker.stream(archives.list_songs, path):
        if isinstance(item, str):
            found.append(CollectionSong(name or os.path.basename(path), path, reason=str(item)))
        elif item is not None:
            place, member = item
            found.append(CollectionSong(posixpath.join(name, member), path, place))
    return found


def _members(file: str, group: list[CollectionSong], worker: StreamWorker) -> typing.Iterator[Content]:
    is_record = archives.kind_of(file) == "tfrecord"
    left, lost = iter(group), BROKEN_ARCHIVE
    for item in worker.stream(archives.read_members, file, [song.member for song in group]):
        if isinstance(item, str):
            lost = str(item)
        elif item is not None:
            yield Content(next(left), item.data, is_record, item.reason)
    yield from (Content(song, None, reason=lost) for song in left)


def _may_hold_songs(path: str) -> bool:
    return path.lower().endswith(midi.SUFFIXES) or archives.kind_of(path) is not None


def _walk(folder: str) -> list[str]:
    return [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]


def _fixed_part(pattern: str) -> str:
    """The folder below which the files of a pattern are named: that before its first wildcard."""
    parts = pathlib.Path(pattern).parts[:-1]
    return str(pathlib.Path(*itertools.takewhile(lambda part: not glob.has_magic(part), parts)))
