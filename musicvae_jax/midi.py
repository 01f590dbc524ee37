"""MIDI files in and out."""

import os

import symusic


class MidiError(ValueError):
    """A MIDI file that cannot be read or written; str() is one line, "path: reason"."""

    def __init__(self, path, reason: str):
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def read(path) -> symusic.Score:
    """Reads a MIDI file."""
    try:
        return symusic.Score.from_file(os.fspath(path), format="midi")
    except RuntimeError as error:
        raise MidiError(path, str(error)) from None
