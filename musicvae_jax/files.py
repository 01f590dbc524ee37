"""Files of any kind, written whole or not at all."""

import contextlib
import os
import re
import threading
import typing
import unicodedata
from collections.abc import Iterator

FilePath = str | os.PathLike[str]


def escape_controls(text: str) -> str:
    """Shows line breaks and other control characters, which a file name may hold, as escapes: a line stays one line."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda match: repr(match[0])[1:-1], text)


class FileError(ValueError):
    """A file that cannot be read, used or written; str() is one line, "path: reason"."""

    def __init__(self, path: FilePath, reason: str):
        super().__init__(path, reason)
        self.path = path
        self.reason = " ".join(reason.split())

    def __str__(self) -> str:
        return escape_controls(f"{self.path}: {self.reason}")


def names(path: FilePath) -> list[str | tuple[int, int]]:
    """Tells by what a file is known: paths with a name in common are, or may be, one file.

    Args:
        path: of a file or folder that need not exist.

    Returns:
        Its path, without what many disks ignore: case and how accents are composed; and where it exists its place on
        the disk, which links share.
    """
    name = unicodedata.normalize("NFC", os.path.realpath(path).casefold())
    try:
        status = os.stat(path)
    except OSError:
        return [name]
    return [name, (status.st_dev, status.st_ino)]


def make_folder(path: FilePath) -> None:
    """Makes a folder, and those above it, where there is none; raises FileError where it cannot be made."""
    try:
        os.makedirs(path, exist_ok=True)
    except FileExistsError as error:
        raise FileError(path, "is a file; give a folder") from error
    except OSError as error:
        raise FileError(path, f"cannot be made: {error.strerror}") from error


def check_place(path: FilePath) -> None:
    """Raises FileError where a file cannot be at path: a folder is there, or there is no folder for it."""
    if os.path.isdir(path):
        raise FileError(path, "cannot be written: is a folder")
    folder = os.path.dirname(path)
    if not os.path.isdir(folder or os.curdir):
        raise FileError(path, f"cannot be written: there is no folder {folder}")


@contextlib.contextmanager
def whole_file(path: FilePath) -> Iterator[typing.BinaryIO]:
    """Opens a binary file that takes its place at the end, and vanishes where anything fails.

    It is written beside path under a name of its own, so that threads and processes that write one path do not meet.

    Args:
        path: where the file is to be; the folder must exist.

    Yields:
        The file to write to.

    Raises:
        FileError: there is no such folder, or the file cannot be written there.
    """
    check_place(path)
    folder, name = os.path.split(os.fspath(path))
    draft = os.path.join(folder, f".{name[:40]}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        with open(draft, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            os.remove(draft)


def write_whole(path: FilePath, content: bytes | str) -> None:
    """Writes a file so that it appears whole or not at all.

    Args:
        path: where to; the folder must exist.
        content: bytes, or text, which becomes UTF-8; file names in it that are no text keep their bytes.

    Raises:
        FileError: there is no such folder, or the file cannot be written there.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogateescape")
    with whole_file(path) as file:
        file.write(content)
