"""Where songs come from: MIDI files in folders, behind globs and in archives, and NoteSequence records.

Everything is listed first, in an order that depends on names alone; contents are then read in that order, archives from
front to back and without unpacking.
"""

import functools
import glob
import importlib.util
import itertools
import os
import pathlib
import posixpath
import tarfile
import typing
import zipfile
import zlib
from lzma import LZMAError

from musicvae_jax import midi, note_sequence
from musicvae_jax.midi import MidiError
from surrogate.corpus.dataset import DatasetError

TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
MOST_BYTES = 32 << 20
"""Of one song; a larger file is none."""
TOO_LARGE, BROKEN_ARCHIVE, UNREADABLE = "too large", "broken archive", "unreadable"
REASONS = (TOO_LARGE, BROKEN_ARCHIVE)

# RuntimeError is how zipfile says that a password is missing.
_BROKEN = (OSError, EOFError, RuntimeError, MidiError, zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError)


class CollectionSong(typing.NamedTuple):
    """A song of a collection, not read yet.

    name: path below the input, with that inside an archive or the number of a record after the file's.
    file: path of the file it is or is in.
    member: its place among the members or records of that file; None for a file of its own; -1 stands for what could
        not be listed because the file is broken.
    """

    name: str
    file: str
    member: int | None = None


class Content(typing.NamedTuple):
    """What a song holds: the path or the bytes of a MIDI file or record; or the reason why there are none."""

    song: CollectionSong
    data: str | bytes | None
    is_record: bool = False
    reason: str | None = None


def songs(source: str) -> list[CollectionSong]:
    """Every song of a folder (with all folders in it), a file, an archive or a glob, in order of the names of files.

    Raises:
        DatasetError: there is no such file or folder, it holds no MIDI, or reading it takes a package that is missing.
    """
    if os.path.isdir(source):
        base, paths = source, _walk(source)
    else:
        base = _fixed_part(source)
        matches = [source] if os.path.isfile(source) else glob.glob(source, recursive=True)
        paths = [path for match in matches for path in (_walk(match) if os.path.isdir(match) else [match])]
    named = sorted({(pathlib.Path(path).relative_to(base).as_posix(), path) for path in paths if _kind(path)})
    if os.path.isfile(source) and named and _kind(source) != "midi":
        named = [("", source)]  # what is in the one archive goes by its own name
    found = [song for name, path in named for song in _songs_of(name, path)]
    if found:
        return found
    if named or os.path.exists(source) or glob.has_magic(source):
        raise DatasetError(
            f"{source}: holds no MIDI file ({' '.join(midi.SUFFIXES)}), nor an archive or TFRecord of them"
        )
    raise DatasetError(f"{source}: no such file or folder")


def contents(wanted: typing.Iterable[CollectionSong]) -> typing.Iterator[Content]:
    """The contents of songs, in their order, which must be that of `songs`; an archive is opened once."""
    for file, group in itertools.groupby(wanted, key=lambda song: song.file):
        group = list(group)
        if group[0].member is None:
            yield from (Content(song, song.file) for song in group)
        else:
            yield from _members(file, group)


def too_large(path: str) -> bool:
    """Whether a file is larger than a song can be; False where that cannot be told."""
    return os.path.isfile(path) and os.path.getsize(path) > MOST_BYTES


def _songs_of(name: str, path: str) -> list[CollectionSong]:
    kind = _kind(path)
    if kind == "midi":
        return [CollectionSong(name, path)]
    found = []
    try:
        for number, member, _ in _ARCHIVES[kind](path):
            if kind == "tfrecord" or member.lower().endswith(midi.SUFFIXES):
                found.append(CollectionSong(posixpath.join(name, member), path, number))
    except _BROKEN:
        found.append(CollectionSong(name or os.path.basename(path), path, -1))
    return found


def _members(file: str, group: list[CollectionSong]) -> typing.Iterator[Content]:
    kind = _kind(file)
    left = iter(group)
    song = next(left)
    try:
        for number, _, read in _ARCHIVES[kind](file):
            if number != song.member:
                continue
            data = read()
            if data is None or len(data) > MOST_BYTES:
                yield Content(song, None, reason=UNREADABLE if data is None else TOO_LARGE)
            else:
                yield Content(song, data, is_record=kind == "tfrecord")
            song = next(left, None)
            if song is None:
                return
    except _BROKEN:
        pass
    for lost in itertools.chain([song], left):
        yield Content(lost, None, reason=BROKEN_ARCHIVE)


def _kind(path: str) -> str | None:
    name = os.path.basename(path).lower()
    if name.endswith(midi.SUFFIXES):
        return "midi"
    if name.endswith(".zip"):
        return "zip"
    if name.endswith(TAR_SUFFIXES):
        return "tar"
    return "tfrecord" if ".tfrecord" in name else None


def _walk(folder: str) -> list[str]:
    return [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]


def _fixed_part(pattern: str) -> str:
    """The folder below which the files of a pattern are named: that before its first wildcard."""
    parts = pathlib.Path(pattern).parts[:-1]
    return str(pathlib.Path(*itertools.takewhile(lambda part: not glob.has_magic(part), parts)))


# Of each kind of archive a generator of a member's place, name, and a function that reads it before the next is taken.


def _zip(path: str):
    with zipfile.ZipFile(path) as archive:
        for number, member in enumerate(archive.infolist()):
            yield number, member.filename, functools.partial(_unzip, archive, member)


def _unzip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | None:
    """The bytes of one member, or None where it alone is damaged or locked by a password."""
    try:
        with archive.open(member) as stream:
            return stream.read(MOST_BYTES + 1)
    except _BROKEN:
        return None


def _tar(path: str):
    with tarfile.open(path) as archive:
        for number, member in enumerate(archive):
            if member.isfile():
                yield number, member.name, lambda member=member: archive.extractfile(member).read(MOST_BYTES + 1)
            archive.members = []  # which it would keep for ever
        if path.lower().endswith(".tar"):  # cut off between two members, it looks complete; compressed, it does not
            archive.fileobj.seek(archive.offset)
            if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("has no end")


def _tfrecord(path: str):
    for module in ("tensorflow", "note_seq"):
        if importlib.util.find_spec(module) is None:
            raise DatasetError(f"{path}: TFRecord files need {module}: pip install 'musicvae-jax[magenta]'")
    for number, record in enumerate(note_sequence.records(path)):
        yield number, str(number), lambda record=record: record


_ARCHIVES = {"zip": _zip, "tar": _tar, "tfrecord": _tfrecord}
