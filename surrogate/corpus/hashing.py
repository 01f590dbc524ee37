"""Hashes by which a job knows its inputs and a manifest its files."""

import hashlib
import pathlib


def hash_of(stream) -> str:
    """The hash of a binary stream's whole content, in hexadecimal."""
    return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def hash_of_file(path) -> str:
    """The hash of a file's content, in hexadecimal; OSError if it cannot be read."""
    with pathlib.Path(path).open("rb") as stream:
        return hash_of(stream)


def hash_of_names(names) -> str:
    """A hash of file names and of their order, in hexadecimal; names that are no text keep their bytes."""
    digest = hashlib.blake2b(digest_size=8)
    for name in names:
        digest.update(name.encode("utf-8", "surrogateescape") + b"\n")
    return digest.hexdigest()
