"""What is in archives of songs: the members of zip and tar files, the records of TFRecord files.

All of it is the work of a worker process with limits: an archive's headers alone can hang a reader or fill its memory.
"""

import functools
import importlib.util
import os
import tarfile
import typing
import zipfile
import zlib
from lzma import LZMAError

from musicvae_jax import midi, note_sequence
from musicvae_jax.midi import MidiError
from musicvae_jax.midi_messages import MOST_BYTES
from surrogate.corpus.errors import DatasetError

TOO_LARGE, BROKEN_ARCHIVE, UNREADABLE = "too large", "broken archive", "unreadable"

_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz")
# RuntimeError is how zipfile says that a password is missing.
_BROKEN = (OSError, EOFError, RuntimeError, MidiError, zipfile.BadZipFile, tarfile.TarError, zlib.error, LZMAError)


class MemberContent(typing.NamedTuple):
    """What was read of one member: its bytes, or the reason why there are none."""

    data: bytes | None
    reason: str | None = None


def kind_of(path: str) -> str | None:
    """What a file is by its name: "zip", "tar" or "tfrecord"; None if it is no archive."""
    name = os.path.basename(path).lower()
    if name.endswith(midi.SUFFIXES):
        return None
    if name.endswith(".zip"):
        return "zip"
    if name.endswith(_TAR_SUFFIXES):
        return "tar"
    return "tfrecord" if ".tfrecord" in name else None


def check_packages(path: str) -> None:
    """Raises DatasetError if reading an archive takes a package that is missing."""
    if kind_of(path) == "tfrecord":
        for module in ("tensorflow", "note_seq"):
            if importlib.util.find_spec(module) is None:
                raise DatasetError(f"{path}: TFRecord files need {module}: pip install '.[magenta]'")


def list_songs(path: str):
    """Lists an archive's songs.

    Returns:
        A generator, of an item for every member: None, or of a song (its place among the members, its name); at last
        BROKEN_ARCHIVE where the archive breaks off.
    """
    return _list_songs(path, *_reader_of(path))


def read_members(path: str, places):
    """Reads members of an archive, from front to back and without unpacking.

    Args:
        path: of the archive.
        places: of the members, rising, as list_songs tells them.

    Returns:
        A generator, of an item for every member: None, or of one that is wanted its MemberContent; at last
        BROKEN_ARCHIVE where the archive breaks off.
    """
    return _read_members(path, set(places), *_reader_of(path)[:1])


def _reader_of(path):
    kind = kind_of(path)
    if kind == "tfrecord":
        importlib.import_module("tensorflow")  # here, where memory is not limited yet
    return {"zip": _zip, "tar": _tar, "tfrecord": _tfrecord}[kind], kind


def _list_songs(path, members, kind):
    try:
        for place, name, _ in members(path):
            is_song = kind == "tfrecord" or name.lower().endswith(midi.SUFFIXES)
            yield (place, name) if is_song else None
    except _BROKEN:
        yield BROKEN_ARCHIVE


def _read_members(path, places, members):
    left = len(places)
    try:
        for place, _, read in members(path):
            yield _content(read()) if place in places else None
            left -= place in places
            if not left:
                return
    except _BROKEN:
        yield BROKEN_ARCHIVE


def _content(data) -> MemberContent:
    if data is None:
        return MemberContent(None, UNREADABLE)
    return MemberContent(None, TOO_LARGE) if len(data) > MOST_BYTES else MemberContent(data)


# Of each kind of archive a generator of a member's place, name, and a function that reads it before the next is taken.


def _zip(path: str):
    with zipfile.ZipFile(path) as archive:
        for place, member in enumerate(archive.infolist()):
            yield place, member.filename, functools.partial(_unzip, archive, member)


def _unzip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | None:
    """The bytes of one member, or None where it alone is damaged or locked by a password."""
    try:
        with archive.open(member) as stream:
            return stream.read(MOST_BYTES + 1)
    except (*_BROKEN, MemoryError):
        return None


def _tar(path: str):
    with tarfile.open(path) as archive:
        for place, member in enumerate(archive):
            if member.isfile():
                yield place, member.name, lambda member=member: archive.extractfile(member).read(MOST_BYTES + 1)
            archive.members = []  # which it would keep for ever
        if path.lower().endswith(".tar"):  # cut off between two members, it looks complete; compressed, it does not
            archive.fileobj.seek(archive.offset)
            if archive.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
                raise tarfile.ReadError("has no end")


def _tfrecord(path: str):
    for place, record in enumerate(note_sequence.records(path)):
        yield place, str(place), lambda record=record: record
