"""The chords that a player gives for a song, or that its file holds."""

from musicvae_jax.files import FilePath
from surrogate.accompaniment.options import Options
from surrogate.reading import chord_sheet, midi_chords, song_chords
from surrogate.reading.melody import Melody
from surrogate.reading.song_chords import SongChords


def are_asked_for(options: Options) -> bool:
    """Whether the player gives chords."""
    return not (options.chords is None or isinstance(options.chords, bool))


def sheet(options: Options) -> tuple[chord_sheet.Bar, ...]:
    """The sheet of chords that the player gives.

    Raises:
        musicvae_jax.FileError: its file cannot be read, or is no sheet.
    """
    return (chord_sheet.read if chord_sheet.is_file(options.chords) else chord_sheet.parse)(options.chords)


def sheet_file(options: Options) -> FilePath | None:
    """The file that the sheet is read from, if any."""
    return options.chords if are_asked_for(options) and chord_sheet.is_file(options.chords) else None


def of_song(melody: Melody, options: Options) -> SongChords | None:
    """The chords of a song on its own bars, or None where none are given.

    Args:
        melody: the song's line.
        options: what the player wants.

    Raises:
        musicvae_jax.FileError: as sheet raises it.
    """
    if are_asked_for(options):
        return song_chords.of_sheet(sheet(options), melody.grid)
    return None if options.chords is False else midi_chords.find(melody)
