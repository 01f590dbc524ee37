"""MIDI files in and out, as symusic Scores."""

import io
import pathlib

import symusic

from musicvae_jax import midi_messages
from musicvae_jax.files import FilePath, write_whole
from musicvae_jax.midi_messages import MidiError

SUFFIXES = (".mid", ".midi", ".kar", ".rmi")

__all__ = ["SUFFIXES", "MidiError", "files", "read", "write"]


def files(folder: FilePath, suffixes: tuple[str, ...] = SUFFIXES) -> list[pathlib.Path]:
    """The MIDI files of a folder and of all folders in it, by their suffix, sorted; none that is hidden, as ._a.mid."""
    found = pathlib.Path(folder).rglob("*")
    shown = (path for path in found if not any(name.startswith(".") for name in path.relative_to(folder).parts))
    return sorted(path for path in shown if path.suffix.lower() in suffixes and path.is_file())


def read(path: FilePath | bytes, *, name: FilePath | None = None) -> symusic.Score:
    """Reads a MIDI file into a symusic Score, times in ticks.

    Data bytes above 127 are clipped. A file that symusic refuses all the same is read by mido, which minds less.

    Args:
        path: a MIDI file, or its content.
        name: what to call content in a message.

    Raises:
        MidiError: there is no such file, or it is empty, not MIDI, truncated, without a beat, or unreadable.
    """
    name = midi_messages.name_of(path) if name is None else name
    try:
        raw = midi_messages.checked_bytes(path)
    except MidiError as error:
        raise MidiError(name, error.reason, error.kind) from None
    try:
        return symusic.Score.from_midi(raw, sanitize_data=True)
    except Exception as strict:
        import mido  # a third of a second that hardly any file needs

        try:
            clean = io.BytesIO()
            mido.MidiFile(file=io.BytesIO(raw), clip=True).save(file=clean)
            return symusic.Score.from_midi(clean.getvalue(), sanitize_data=True)
        # mido has no common base for what it raises on broken files: OSError, EOFError, KeyError, ValueError...
        except Exception:
            raise MidiError(name, f"cannot be read as MIDI: {strict}", "corrupt") from None


def write(score: symusic.Score, path: FilePath) -> None:
    """Writes a Score as a General MIDI file: one track a part, drums on channel 10, tempos and meters in the first.

    Args:
        score: the music, times in ticks.
        path: where to; the folder must exist.

    Raises:
        FileError: the folder does not exist, or the file cannot be written there.
    """
    write_whole(path, score.dumps_midi())
