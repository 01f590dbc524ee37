"""A melody's file read in a process of its own, so that one that hangs, crashes or eats memory costs only itself."""

import pathlib
import tempfile
import threading
import typing

from musicvae_jax.files import FileError
from surrogate.accompaniment.accompanist import read_melody
from surrogate.accompaniment.options import Options
from surrogate.corpus import workers
from surrogate.corpus.stream_worker import StreamWorker
from surrogate.reading import parts, tracks
from surrogate.reading.melody import Melody
from surrogate.reading.tracks import Candidate

SECONDS, MEGABYTES = 20, 1024
"""What reading one file may take."""
_REASONS = {
    workers.TOO_SLOW: f"takes more than {SECONDS} s to read; cut it shorter",
    workers.TOO_MUCH_MEMORY: "takes too much memory to read; cut it shorter",
    workers.CRASHED: "is damaged; save it again in another program",
}


class MelodyFile(typing.NamedTuple):
    """A file that a player gave: its name, and its bytes."""

    name: str
    content: bytes


class FoundMelody(typing.NamedTuple):
    """A melody, and the tracks that it could be, the guess's number first."""

    melody: Melody
    guess: int
    tracks: tuple[Candidate, ...]


class MelodyReader:
    """Reads melodies one after another; use as a context. Threads may share one."""

    def __init__(self):
        self._worker = StreamWorker(seconds=SECONDS, megabytes=MEGABYTES)
        self._turn = threading.Lock()

    def __enter__(self) -> "MelodyReader":
        return self

    def __exit__(self, *_):
        if self._turn.acquire(timeout=1):  # a process that is busy goes with this one
            self._worker.__exit__()

    def start(self) -> None:
        """Lets the process import what it needs."""
        with self._turn:
            list(self._worker.stream(_nothing))

    def read(self, file: MelodyFile, options: Options) -> FoundMelody:
        """Reads a melody as the options say.

        Raises:
            FileError: it cannot be read, or not so; names the file as the player does.
        """
        with self._turn:
            [found] = self._worker.stream(_read, file, options)
        if isinstance(found, workers.Failure):
            raise FileError(file.name, _REASONS[found])
        if isinstance(found, FileError):
            raise found
        return found


def _nothing():
    return iter(())


def _read(file, options):
    """Yields the FoundMelody of a file, or the FileError that says why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"melody{pathlib.Path(file.name).suffix.lower()}"
        path.write_bytes(file.content)
        try:
            melody = read_melody(path, options)
            score = parts.read(path).score
            sounding = [index for index, track in enumerate(score.tracks) if len(track.notes)]
            guess = sounding.index(tracks.choose(score, path=path).index) + 1
        except FileError as mistake:
            yield FileError(file.name, mistake.reason)
            return
    yield FoundMelody(melody, guess, tuple(tracks.candidates(score)))
