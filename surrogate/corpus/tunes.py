"""Tunes: which songs are one, and on which side of the split each is."""

import csv
import dataclasses
import hashlib
import os

from surrogate.corpus.errors import DatasetError

SPLITS = ("train", "validation", "test")
COLUMNS = ("file", "tune_group")


def tune_id(name) -> int:
    """A tune's number.

    Args:
        name: of its group, or the content of its song, bytes or str.

    Returns:
        The first 63 bits of the BLAKE2 hash.
    """
    data = name if isinstance(name, bytes) else str(name).encode()
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 1


def split_of(tune: int, validation_fraction: float, test_fraction: float = 0.0, *, seed: int = 0) -> int:
    """The side of the split that a tune is on, the same on every machine.

    Args:
        tune: its number, as tune_id gives it.
        validation_fraction, test_fraction: of all tunes, 0 to 1.
        seed: another one splits otherwise.

    Returns:
        The index into SPLITS.
    """
    place = ((tune + seed * 0x9E3779B97F4A7C15) % 100_000) / 100_000
    if place < validation_fraction:
        return SPLITS.index("validation")
    return SPLITS.index("test" if place < validation_fraction + test_fraction else "train")


@dataclasses.dataclass(frozen=True)
class TuneTable:
    """The tune group of files, by their names below the folder of songs; without a path, a table without rows."""

    path: str = ""
    groups: dict[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, path) -> "TuneTable":
        """Reads a CSV with the columns file and tune_group.

        Args:
            path: of the table, in UTF-8; empty or None gives a table without rows.

        Raises:
            DatasetError: it is no such table.
            OSError: it cannot be read.
        """
        if not path:
            return cls()
        try:
            with open(path, newline="", encoding="utf-8-sig") as stream:
                return cls(str(path), _groups(path, csv.DictReader(stream)))
        except UnicodeDecodeError:
            raise DatasetError(f"{path}: is not in UTF-8; save it as CSV in UTF-8") from None
        except csv.Error as error:
            raise DatasetError(f"{path}: not a table of files and their tunes ({error})") from None

    def tune_id(self, name: str, content) -> int:
        """The number of a file's tune: by its group, or where no row names it, by its content, bytes or str."""
        return tune_id(self.groups.get(name, content))

    def mismatch(self, names) -> dict[str, int]:
        """How many rows match no file of those named, and how many files no row names; empty without a path."""
        if not self.path:
            return {}
        names = set(names)
        return {
            "rows_without_file": len(self.groups.keys() - names),
            "files_without_row": len(names - self.groups.keys()),
        }

    def describe_mismatch(self, names) -> str:
        """The same in words; empty where table and files match."""
        counts = self.mismatch(names)
        if not any(counts.values()):
            return ""
        rows, files = counts["rows_without_file"], counts["files_without_row"]
        return (
            f"{os.path.basename(self.path)}: {rows} rows match no file, {files} files have no row and are tunes by "
            "their own notes"
        )


def _groups(path, rows: csv.DictReader) -> dict[str, str]:
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise DatasetError(f"{path}: has no column {missing[0]}")
    groups = {}
    for row in rows:
        file, group = (row[column] for column in COLUMNS)
        if not file or not group:
            raise DatasetError(f"{path}: line {rows.line_num} lacks its file or tune_group; fill it in or take it out")
        groups[file] = group
    return groups
