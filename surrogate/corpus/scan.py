"""What a collection will give: each song's rows counted, and the reasons of rejected ones.

The scan is a file of one line a song, added to as it goes, so that one that was killed goes on from there.
"""

import json
import os
import pathlib
import typing

from surrogate.corpus.song_reader import SongReader


class SongRecord(typing.NamedTuple):
    """What a scan tells of a song: how many rows it gives, the hash of its notes, why it was rejected, or None."""

    rows: int
    content: str
    reason: str | None


class ScanFiles:
    """The lines of a scan, in a folder that several processes may add to, each to a file of its own."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def read(self) -> dict[int, SongRecord]:
        """The records by number of the song; a line that was cut off does not count."""
        found = {}
        for path in sorted(self.folder.glob("scan-*.jsonl")):
            for line in path.read_bytes().splitlines(keepends=True):
                if line.endswith(b"\n"):
                    number, *record = json.loads(line)
                    found[number] = SongRecord(*record)
        return found

    def complete(self, songs: int) -> dict[int, SongRecord] | None:
        """The records of all songs, so many, or None while some are missing."""
        found = self.read()
        return found if len(found) == songs else None

    def writer(self, process: int):
        """A stream to add lines to, after the last whole one."""
        path = self.folder / f"scan-{process:05d}.jsonl"
        if path.exists():
            whole, newline, _ = path.read_bytes().rpartition(b"\n")
            os.truncate(path, len(whole) + len(newline))
        return path.open("ab", buffering=0)


def scan(songs, reader: SongReader, folder: pathlib.Path, *, process: int = 0, processes: int = 1):
    """Counts the rows of this process's share of the songs that no line tells of yet.

    Args:
        songs: of the collection, list of collection.CollectionSong.
        reader: how to read them.
        folder: of the lines.
        process, processes: the number of this process, and how many share the songs.

    Yields:
        The SongRecord of each song as it is known, also of those known before.
    """
    files = ScanFiles(folder)
    known = files.read()
    numbers = [number for number in range(process, len(songs), processes) if number not in known]
    yield from known.values()
    results = reader.map(reader.count, [songs[number] for number in numbers])
    with files.writer(process) as stream:
        for number, result in zip(numbers, results, strict=True):
            record = SongRecord(0, "", str(result)) if isinstance(result, str) else SongRecord(*result, None)
            stream.write(json.dumps([number, *record], separators=(",", ":")).encode() + b"\n")
            yield record
