"""Many melodies' files, a number of songs going through the models at once; a bad one does not stop the rest."""

import collections
import functools
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from musicvae_jax.checkpoint import CheckpointError
from musicvae_jax.files import FileError
from surrogate.accompaniment.accompanist import Accompanist, read_melody
from surrogate.accompaniment.options import Options
from surrogate.accompaniment.outputs import OutputFiles
from surrogate.accompaniment.result import Accompaniment
from surrogate.reading.melody import Melody

SONGS_AT_ONCE = 16


class ReadSong(typing.NamedTuple):
    """A melody, and the files that will be written for it."""

    melody: Melody
    files: OutputFiles


def read_songs(files: Iterable[OutputFiles], options: Options) -> tuple[list[ReadSong], list[FileError]]:
    """Reads all melodies; returns those that can be accompanied, and what is wrong with the others."""
    songs, mistakes = [], []
    for of_song in files:
        try:
            songs.append(ReadSong(read_melody(of_song.melody, options), of_song))
        except FileError as mistake:
            mistakes.append(mistake)
    return songs, mistakes


def accompany_songs(
    songs: list[ReadSong], accompanist: Accompanist, options: Options, *, soundfont: str | None = None
) -> Iterator[tuple[OutputFiles, Accompaniment | FileError]]:
    """Accompanies melodies and writes their files.

    Args:
        songs: as read_songs gives them.
        accompanist: the models.
        options: for all songs.
        soundfont: for the sound; None looks for one in the usual places.

    Yields:
        Each song's files, and the accompaniment that is in them or what kept it from being written.

    Raises:
        musicvae_jax.MidiError, musicvae_jax.CheckpointError: as for Accompanist.accompany_melodies.
    """
    if not accompanist.band.knows_chords and any(song.files.chords is not None for song in songs):
        raise CheckpointError("a model of 16-bar windows writes no chords; the default model does")

    def accompanied(part):
        melodies, paths = [song.melody for song in part], [song.files.melody for song in part]
        return accompanist.accompany_melodies(melodies, paths, options)

    parts = [songs[first : first + SONGS_AT_ONCE] for first in range(0, len(songs), SONGS_AT_ONCE)]
    for part, of_part in zip(parts, _one_ahead(accompanied, parts), strict=True):
        for song, (_, files) in zip(of_part, part, strict=True):
            try:
                write_files(song, files, soundfont=soundfont)
            except FileError as mistake:
                yield files, mistake
            else:
                yield files, song


def _one_ahead(function: Callable, items: Sequence) -> Iterator:
    """What a function makes of items, in order: while the models draw one part, what they wrote before is laid out."""
    pool, begun = ThreadPoolExecutor(2), collections.deque()
    try:
        for item in items:
            begun.append(pool.submit(function, item))
            if len(begun) > 1:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def write_files(song: Accompaniment, files: OutputFiles, *, soundfont: str | None = None) -> None:
    """Writes all files of a song, folders that are missing included.

    Args:
        song: the accompaniment.
        files: where to.
        soundfont: as accompany_songs takes it.

    Raises:
        musicvae_jax.FileError: one cannot be written; it names those that were before.
    """
    files.make_folders()
    writers = [(path, functools.partial(song.save, take=take)) for take, path in enumerate(files.takes)]
    writers += (files.picture, song.plot), (files.page, song.html), (files.chords, song.save_chords)
    writers.append((files.notation, song.score_file))
    writers.append((files.sound, functools.partial(song.wav, soundfont=soundfont)))
    written = []
    for path, write in writers:
        if path is None:
            continue
        try:
            write(path)
        except FileError as mistake:
            before = f"; written before it: {', '.join(written)}" if written else ""
            raise FileError(mistake.path, f"{mistake.reason}{before}") from mistake
        written.append(str(path))
