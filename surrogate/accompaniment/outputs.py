"""The files that will be written, and what is checked of them before any is: nothing that is read is written over."""

import dataclasses
import itertools
import os
import pathlib
import re
import tempfile

import musicvae_jax
from musicvae_jax import files, midi
from musicvae_jax.files import FileError, FilePath
from surrogate.reading import chord_sheet, notation_file

_PACKAGES = pathlib.Path(musicvae_jax.__file__).parent, pathlib.Path(__file__).parents[1]
_OWN_OUTPUT = re.compile(r".*_accompanied(_\d+)?", re.DOTALL)
"""Stems of what plan_outputs names, which in a folder are no melodies."""
_PAGE_SUFFIXES, _SOUND_SUFFIXES, _NOTATION_SUFFIXES = (".html", ".htm"), (".wav",), (".musicxml", ".xml")


@dataclasses.dataclass(frozen=True)
class Destination:
    """Where the player wants things written: files for one melody, folders for several; None where not said."""

    midi: pathlib.Path | None = None
    picture: pathlib.Path | None = None
    page: pathlib.Path | None = None
    sound: pathlib.Path | None = None
    chords: pathlib.Path | None = None
    notation: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class OutputFiles:
    """What is written for one melody.

    melody: the file that is read. takes: a MIDI file for each take, the best first. picture, page, sound, chords,
    notation: None where none is wanted. is_renamed: whether names are numbered, as another melody has the same.

    Raises:
        FileError: a suffix promises another kind of file; what pictures may be is for rendering.plot to say.
    """

    melody: FilePath
    takes: tuple[FilePath, ...] = ()
    picture: FilePath | None = None
    page: FilePath | None = None
    sound: FilePath | None = None
    chords: FilePath | None = None
    notation: FilePath | None = None
    is_renamed: bool = False

    @property
    def paths(self) -> list[FilePath]:
        """Every file that is written."""
        looks = self.picture, self.page, self.sound, self.chords, self.notation
        return [*self.takes, *(file for file in looks if file is not None)]

    def __post_init__(self):
        for paths, suffixes in (
            (self.takes, midi.SUFFIXES),
            ((self.page,), _PAGE_SUFFIXES),
            ((self.sound,), _SOUND_SUFFIXES),
            ((self.chords,), chord_sheet.SUFFIXES),
            ((self.notation,), _NOTATION_SUFFIXES),
        ):
            for path in paths:
                if path is not None and pathlib.Path(path).suffix.lower() not in suffixes:
                    raise FileError(path, f"must end in {' or '.join(suffixes)}")

    def make_folders(self) -> None:
        """Makes the folders in which the files will lie; raises FileError where one cannot be made."""
        for folder in {pathlib.Path(path).parent for path in self.paths}:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FileError(folder, f"cannot be made ({error.strerror}); give another output") from None


@dataclasses.dataclass(frozen=True)
class OutputPlan:
    """Everything that will be written; makes_folders tells whether folders that are missing will be made."""

    songs: tuple[OutputFiles, ...]
    makes_folders: bool = False

    def check(
        self,
        *,
        like: FilePath | None = None,
        chords: FilePath | None = None,
        soundfont: FilePath | None = None,
        checkpoint: FilePath | None = None,
    ) -> None:
        """Refuses a plan with a file that cannot be written, that is read, or that is another of its files.

        Names that differ in case or in how accents are composed are one file on many disks, so they are here.

        Args:
            like: the song whose groove is wanted, if any.
            chords: the file of chords, if any.
            soundfont: what sound is made with, if any.
            checkpoint: the model's name, or its folder, whose files are read; None the default.

        Raises:
            FileError: the first file that must not or cannot be written.
        """
        read = _read_names([song.melody for song in self.songs], like, chords, soundfont, checkpoint)
        packages = [files.names(package)[0] for package in _PACKAGES]
        melody_of = {}
        for song in self.songs:
            for path in song.paths:
                names = files.names(path)
                if any(pathlib.Path(names[0]).is_relative_to(package) for package in packages):
                    raise FileError(path, "lies among the program's own files; give another output")
                for name in names:
                    if name in read:
                        raise FileError(path, f"is {read[name]}; give another output")
                    if name in melody_of:
                        melodies = " and ".join(dict.fromkeys((str(melody_of[name]), str(song.melody))))
                        raise FileError(path, f"would be written twice, for {melodies}; give each file its own name")
                melody_of |= dict.fromkeys(names, song.melody)
        self._check_places(melody_of)

    def _check_places(self, names_written):
        path_in = {}
        for path in (path for song in self.songs for path in song.paths):
            if os.path.exists(path) and not os.path.isfile(path):
                raise FileError(path, "is not a file; give another output")
            path_in.setdefault(pathlib.Path(path).parent, path)
        for folder, path in path_in.items():
            for above in (folder, *folder.parents):
                if not names_written.keys().isdisjoint(files.names(above)):
                    raise FileError(path, f"cannot be written: {above} is to be a file; give another output")
            if not (self.makes_folders or os.path.exists(folder)):
                raise FileError(path, f"cannot be written: there is no folder {folder}")
            try:
                tempfile.TemporaryFile(dir=_nearest(folder) if self.makes_folders else folder).close()
            except OSError as error:
                raise FileError(path, f"cannot be written ({error.strerror}); give another output") from None


def plan_outputs(melodies: list[pathlib.Path], destination: Destination, *, takes: int) -> OutputPlan:
    """Names every file that will be written, of melodies whose names are alike each its own; touches none.

    Args:
        melodies: MIDI files and scores, or folders of them, where hidden files and what this function names are left
            out.
        destination: where to; MIDI files go beside their melodies where it does not say.
        takes: how many MIDI files each melody gets.

    Raises:
        FileError: a folder holds no MIDI file or score, or its files have no place to go to.
    """
    if len(melodies) == 1 and not os.path.isdir(melodies[0]):
        [melody] = melodies
        output = destination.midi or melody.with_name(f"{melody.stem}_accompanied.mid")
        if os.path.isdir(output):
            raise FileError(output, "is not a file; give another output")
        looks = destination.picture, destination.page, destination.sound, destination.chords, destination.notation
        return OutputPlan((OutputFiles(melody, _take_files(output, takes), *looks),))
    songs, taken, places = [], set(), {}
    for melody, below in _found(melodies, destination.midi):
        places.setdefault(pathlib.Path(os.path.realpath(melody.parent), melody.name), (melody, below))
    for melody, below in places.values():
        stems = itertools.chain([melody.stem], (f"{melody.stem}_{number}" for number in itertools.count(2)))
        named = (_named(melody, below, f"{stem}_accompanied", destination, takes) for stem in stems)
        song, names = next((song, names) for song in named if taken.isdisjoint(names := _names(song)))
        taken |= names
        songs.append(song)
    return OutputPlan(tuple(songs), makes_folders=True)


def _named(melody, below, stem, destination, takes) -> OutputFiles:
    """The files of a melody, of a stem, in their places below the folders of the destination."""
    folder = melody.parent if destination.midi is None else destination.midi / below
    looks = (
        (destination.picture, ".png"),
        (destination.page, ".html"),
        (destination.sound, ".wav"),
        (destination.chords, ".txt"),
        (destination.notation, ".musicxml"),
    )
    looks = (place and place / below / f"{stem}{suffix}" for place, suffix in looks)
    is_renamed = stem != f"{melody.stem}_accompanied"
    return OutputFiles(melody, _take_files(folder / f"{stem}.mid", takes), *looks, is_renamed=is_renamed)


def _names(song):
    """By what the files of a song are known."""
    return {name for path in song.paths for name in files.names(path)}


def _take_files(output, takes):
    if takes == 1:
        return (output,)
    return tuple(output.with_stem(f"{output.stem}_{number}") for number in range(1, takes + 1))


def _found(melodies, output):
    """Yields the MIDI files and scores, and where below an output folder each has its place."""
    for path in melodies:
        if not os.path.isdir(path):
            yield path, pathlib.Path()
            continue
        songs = midi.files(path, (*midi.SUFFIXES, *notation_file.SUFFIXES))
        inside = [file for file in songs if not _OWN_OUTPUT.fullmatch(file.stem) and notation_file.may_be_song(file)]
        if not inside:
            raise FileError(path, "holds no MIDI file or score to accompany")
        if output is None:
            raise FileError(path, "is a folder; give --output, a folder for what is written")
        for file in inside:
            yield file, file.relative_to(path).parent


def _read_names(melodies, like, chords, soundfont, checkpoint):
    """By what all that is read is known, and what it is."""
    is_folder = checkpoint is not None and os.path.isfile(os.path.join(checkpoint, "config.json"))
    parts = pathlib.Path(checkpoint).rglob("*") if is_folder else ()
    what = dict.fromkeys(parts, "part of a model")
    if soundfont is not None:
        what[soundfont] = "the soundfont"
    if like is not None:
        what[like] = "the song that is to be like"
    if chords is not None:
        what[chords] = "the chords that are given"
    what |= dict.fromkeys(melodies, "the melody itself" if len(melodies) == 1 else "one of the melodies")
    return {name: kind for path, kind in what.items() for name in files.names(path)}


def _nearest(folder):
    """The folder itself, or else the nearest above it that is there."""
    return next((above for above in (folder, *folder.parents) if os.path.exists(above)), folder)
