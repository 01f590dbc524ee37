"""What a player takes away from the studio: the current take as MIDI, whole and in parts, as sound and as a page."""

import pathlib
import tempfile

import musicvae_jax
from musicvae_jax.events import STEPS_PER_BAR
from musicvae_jax.files import FileError
from surrogate.reading import sections
from surrogate.reading.song_time import PlayedTime
from surrogate.rendering import chord_track, musicxml, page, song_file, sound
from surrogate.studio import work_file
from surrogate.studio.changes import ChangeError
from surrogate.studio.work import Work

TYPES = {
    "take.mid": "audio/midi",
    "melody.mid": "audio/midi",
    "bass.mid": "audio/midi",
    "drums.mid": "audio/midi",
    "take.wav": "audio/wav",
    "take.musicxml": "application/vnd.recordare.musicxml+xml",
    "page.html": "text/html",
}
"""The files of a take, and what they are."""


def content(work: Work, name: str, *, soundfont: str | None = None, with_sections: bool = False) -> tuple[bytes, str]:
    """The bytes of a file, and their type.

    Args:
        work: of its current take.
        name: one of TYPES, or what ends in .work.
        soundfont: to play take.wav with.
        with_sections: whether take.mid has a marker for each section, beside those of chords.

    Raises:
        ChangeError: there is no such file.
        musicvae_jax.FileError: it cannot be made.
    """
    if work_file.is_named(name):
        return work_file.content(work), "application/json"
    if name not in TYPES:
        raise ChangeError(f"there is no file {name}; there are {', '.join(TYPES)} and {pathlib.Path(name).stem}.work")
    take, melody = work.state.rendered(), work.state.melody
    match name:
        case "take.mid":
            found = sections.find(melody) if with_sections else ()
            markers = [(max(int(melody.grid.bar_ticks[each.first]), 0), f"Section {each.letter}") for each in found]
            made = chord_track.added(take.content, take.chord_changes, markers=markers)
        case "melody.mid":
            made = song_file.content(melody.song, melody.song.voices[melody.index], ())
        case "bass.mid" | "drums.mid":
            made = _part(take, pathlib.Path(name).stem)
        case "take.wav":
            made = _written(name, lambda path: sound.render(take.score, path, soundfont=soundfont))
        case "take.musicxml":
            keys = [(int(melody.grid.ticks[STEPS_PER_BAR * bar]), key) for bar, key in work.state.keys.sections]
            made = musicxml.content(take, melody, keys, title=work.title)
        case "page.html":
            made = _written(name, lambda path: _write_page(work, take, path))
    return made, TYPES[name]


def _part(take, role):
    """A part alone, under the song's tempo map and meters."""
    score = take.score.copy()
    score.tracks = [track for track, own in zip(take.score.tracks, take.roles, strict=True) if own == role]
    return score.dumps_midi()


def _written(name, write):
    """What a function writes to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        try:
            write(path)
        except musicvae_jax.FileError as mistake:
            raise FileError(pathlib.Path(mistake.path).name, mistake.reason) from None
        return path.read_bytes()


def _write_page(work, take, path):
    state, time = work.state, work.state.melody.time
    page.write(
        path,
        title=work.title,
        scores=[take.score],
        labels=[f"take {state.current + 1}, {state.take.words}"],
        roles=take.roles,
        bar_ticks=state.melody.grid.bar_ticks,
        key=state.keys.main.name,
        chords=[take.chord_changes],
        sections=sections.find(state.melody),
        tempos=time.tempos if isinstance(time, PlayedTime) else None,
    )
