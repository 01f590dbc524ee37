"""Large downloads that go on after a break, and are not made twice."""

import contextlib
import hashlib
import os
import pathlib
import time
import urllib.error
import urllib.parse
import urllib.request

from tqdm import tqdm

from musicvae_jax.files import FilePath

_BLOCK = 1 << 20
_TIMEOUT = 60  # seconds of silence after which a connection counts as broken


class DownloadError(OSError):
    """A download that cannot be made or finished; the message is one line that names the address and what to do."""


def fetch(url: str, folder: FilePath, *, attempts: int = 5, pause: float = 1.0) -> tuple[pathlib.Path, str]:
    """Downloads a file into a folder, with a progress bar.

    What an earlier call left unfinished is gone on with; a file already there whole is only hashed, and must have the
    hash that was recorded beside it (NAME.sha256).

    Args:
        url: the file's address; the last part of its path is the file's name.
        folder: where to; made if need be.
        attempts: how often a broken connection is tried again without a byte in between.
        pause: seconds before the first such attempt; they double from one to the next.

    Returns:
        The file's path and its SHA-256, hexadecimal.

    Raises:
        DownloadError: the server refuses, the connection stays broken, or the file there is another one.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / pathlib.PurePosixPath(urllib.parse.urlsplit(url).path).name
    record = folder / f"{path.name}.sha256"
    if path.is_file():
        digest = sha256(path)
        if record.is_file() and record.read_text().split()[:1] != [digest]:
            raise DownloadError(f"{path}: not the file that was downloaded (its SHA-256 has changed); delete it")
    else:
        part = folder / f"{path.name}.part"
        _fetch_part(url, part, attempts, pause)
        digest = sha256(part)
        os.replace(part, path)
    record.write_text(f"{digest}  {path.name}\n")
    return path, digest


def sha256(path: FilePath) -> str:
    """The SHA-256 of a file's content, hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _fetch_part(url, part, attempts, pause):
    failures = 0
    while True:
        had = _size(part)
        try:
            _continue(url, part)
            return
        except (OSError, EOFError) as error:  # urllib's errors are OSErrors
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                raise DownloadError(f"{url}: the server answers {error.code} {error.reason}") from None
            failures = 1 if _size(part) > had else failures + 1
            if failures >= attempts:
                reason = getattr(error, "reason", None) or error or type(error).__name__
                raise DownloadError(
                    f"{url}: cannot be downloaded ({reason}; {_size(part) / 1e6:.0f} MB are here): run the same "
                    "command again to go on, or download it elsewhere and name it with --input"
                ) from None
        time.sleep(pause * 2 ** (failures - 1))


def _continue(url, part):
    """Bring what is missing of a part; EOFError if the connection ends before that."""
    tag = part.with_name(f"{part.name}.etag")  # of the file that the part is a part of
    start = _size(part)
    with contextlib.ExitStack() as stack:
        request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
        try:
            response = stack.enter_context(urllib.request.urlopen(request, timeout=_TIMEOUT))
        except urllib.error.HTTPError as error:
            if error.code != 416 or not start:
                raise
            # Nothing follows the part: it is whole, or it is not a part of this file.
            if error.headers.get("Content-Range", "").endswith(f"/{start}"):
                return
            part.unlink()
            raise EOFError("the file has changed") from None
        etag = response.headers.get("ETag", "")
        if response.status == 206 and tag.is_file() and tag.read_text() != etag:
            part.unlink()
            raise EOFError("the file has changed")
        if response.status != 206:
            start = 0
        tag.write_text(etag)
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        stream = stack.enter_context(part.open("ab" if start else "wb"))
        bar = stack.enter_context(
            tqdm(desc=part.stem, total=total, initial=start, unit="B", unit_scale=True, unit_divisor=1000)
        )
        while block := response.read(_BLOCK):
            stream.write(block)
            bar.update(len(block))
    if total is not None and _size(part) != total:
        raise EOFError("the connection broke")
    tag.unlink()


def _size(path):
    return path.stat().st_size if path.is_file() else 0
