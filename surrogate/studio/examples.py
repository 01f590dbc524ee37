"""Melodies to begin with: those in examples/ of a clone, which are installed beside this file."""

import pathlib
import typing

import symusic

from surrogate.studio.melody_reader import MelodyFile

_HERE = pathlib.Path(__file__).parent
_FOLDERS = _HERE / "examples", _HERE.parents[1] / "examples"


class Example(typing.NamedTuple):
    """A melody's file, and its title."""

    path: pathlib.Path
    title: str

    def file(self) -> MelodyFile:
        """As if the player had sent it, called by its title."""
        return MelodyFile(f"{self.title}{self.path.suffix}", self.path.read_bytes())


def found() -> dict[str, Example]:
    """The examples by the stems of their files."""
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), _HERE)
    return {path.stem: Example(path, symusic.Score(path).tracks[0].name) for path in sorted(folder.glob("*.mid"))}
