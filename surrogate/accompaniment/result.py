"""What an accompaniment is when it is done: takes of a song, to look into, to save, to see and to hear."""

import dataclasses
import pathlib

import numpy as np
import symusic

from musicvae_jax import files
from musicvae_jax.events import STEPS_PER_BAR
from musicvae_jax.notes import DEFAULT_QPM
from surrogate.accompaniment import given_chords, take_chords, take_words
from surrogate.accompaniment.assumptions import Assumptions, count
from surrogate.accompaniment.options import Options
from surrogate.accompaniment.outputs import FilePath, OutputFiles, OutputPlan
from surrogate.accompaniment.take_chords import SongChord
from surrogate.reading import sections, song_chords
from surrogate.reading.chord_symbols import Chord
from surrogate.reading.key_finder import FoundKeys
from surrogate.reading.melody import Melody
from surrogate.reading.song_time import PlayedTime
from surrogate.reading.tempos import in_words
from surrogate.rendering import chord_track


@dataclasses.dataclass(frozen=True, repr=False)
class Take:
    """One accompaniment of a melody.

    score: the song's kept tracks and the written ones, under its own tempo map, meter, keys and markers.
    tokens: uint16 [bars * 16, 3], the same music as trio tokens, on the models' 4/4 bars, the columns in the order of
        events.TRACKS; what is on a step that is not in the song (surrogate.reading.grid) is not in the score.
    rating: what takes are ranked by: how like it is to all that were drawn, and to people's (surrogate.model.choice).
    roles: what each track of the score is: "melody", "bass", "drums" or "other".
    content: the bytes of its MIDI file, in which the song's own messages are as they were.
    chord_changes: tick and Chord of each, rising.
    """

    score: symusic.Score
    tokens: np.ndarray
    rating: float
    roles: tuple[str, ...]
    content: bytes
    chord_changes: tuple[tuple[int, Chord], ...] = ()

    def __repr__(self) -> str:
        return f"<Take: {self.summary}, rating {self.rating:.2f}>"

    @property
    def chords(self) -> tuple[SongChord, ...]:
        """The chords that were given or, where none were, written; none where the models know no chords."""
        return take_chords.in_beats(self.chord_changes, self.score.ticks_per_quarter)

    @property
    def summary(self) -> str:
        """Notes of bass and drums, in words."""
        return f"{count(self.notes('bass'), 'bass note')}, {count(self.notes('drums'), 'drum hit')}"

    def notes(self, role: str) -> int:
        """How many notes the tracks of a role have."""
        return sum(len(track.notes) for track, own in zip(self.score.tracks, self.roles, strict=True) if own == role)


@dataclasses.dataclass(frozen=True, repr=False)
class Accompaniment:
    """A melody with bass and drums, in one or several takes, the best first.

    melody: the line as it was read. takes: at least one. source: the absolute path of the song's own file, which is
    never written over. options: what was asked for. assumptions: what was taken for granted. keys: those found, None
    where the models read any key as it is. checkpoint: the model's name or folder, None the default.
    """

    melody: Melody
    takes: tuple[Take, ...]
    source: pathlib.Path
    options: Options
    assumptions: Assumptions
    keys: FoundKeys | None = None
    checkpoint: FilePath | None = None

    def __repr__(self) -> str:
        return f"<Accompaniment of {self.source.name}: {count(len(self.takes), 'take')}, {self.summary}>"

    @property
    def title(self) -> str:
        """The song's, which a written score tells, or else the name of its file."""
        return self.melody.title or self.source.stem

    @property
    def score(self) -> symusic.Score:
        """The best take's."""
        return self.takes[0].score

    @property
    def tokens(self) -> np.ndarray:
        """The best take's."""
        return self.takes[0].tokens

    @property
    def roles(self) -> tuple[str, ...]:
        """The best take's."""
        return self.takes[0].roles

    @property
    def chords(self) -> tuple[SongChord, ...]:
        """The best take's."""
        return self.takes[0].chords

    @property
    def bars(self) -> int:
        """The song's own, a pickup counted."""
        return len(self.melody.grid.bar_ticks) - 1

    @property
    def tempos(self) -> tuple[float, float]:
        """The slowest and the fastest tempo of these bars, quarter notes per minute."""
        if isinstance(self.melody.time, PlayedTime):
            return self.melody.time.tempos
        end = self.melody.grid.ticks[-1]
        marks = sorted((tempo.time, tempo.qpm) for tempo in self.score.tempos if tempo.time < end)
        qpms = [qpm for _, qpm in marks]
        if not marks or marks[0][0] > 0:
            qpms.append(DEFAULT_QPM)
        return min(qpms), max(qpms)

    @property
    def summary(self) -> str:
        """Bars, tempo and notes of the best take, in words."""
        return f"{count(self.bars, 'bar')} at {in_words(*self.tempos)} bpm, {self.takes[0].summary}"

    def save(self, path: FilePath, *, take: int = 0) -> None:
        """Writes a take as a MIDI file, whole or not at all.

        Args:
            path: where to; the folder must exist.
            take: which, from 0, the best.

        Raises:
            musicvae_jax.FileError: it cannot be written there, the suffix is none of such a file, or what is there is
                read: the song's own file, the one to be like, or the model's.
            ValueError: there is no such take.
        """
        chosen = self._take(take)
        self._check(OutputFiles(self.source, takes=(path,)))
        files.write_whole(path, chord_track.added(chosen.content, chosen.chord_changes))

    def save_chords(self, path: FilePath, *, take: int = 0) -> None:
        """Writes a take's chords as a text that accompany reads (surrogate.reading.chord_sheet).

        Args:
            path: where to, a .txt or another of its suffixes.
            take: which, from 0, the best.

        Raises:
            musicvae_jax.FileError: as for save; or the models know no chords.
            ValueError: as for save.
        """
        chosen = self._take(take)
        self._check(OutputFiles(self.source, chords=path))
        if not chosen.chord_changes:
            raise files.FileError(
                path, "cannot be written: a model of 16-bar windows writes no chords; the default model does"
            )
        files.write_whole(path, song_chords.as_sheet(chosen.chord_changes, self.melody.grid))

    def score_file(self, path: FilePath, *, take: int = 0) -> None:
        """Writes a take as a score in MusicXML: melody, chord symbols, bass and drums, as notation programs open it.

        Args:
            path: where to, a .musicxml or .xml.
            take: which, from 0, the best.

        Raises:
            musicvae_jax.FileError, ValueError: as for save.
        """
        from surrogate.rendering import musicxml

        chosen = self._take(take)
        self._check(OutputFiles(self.source, notation=path))
        ticks = self.melody.grid.ticks
        keys = [(int(ticks[STEPS_PER_BAR * bar]), key) for bar, key in self.keys.sections] if self.keys else []
        files.write_whole(path, musicxml.content(chosen, self.melody, keys, title=self.title))

    def plot(self, path: FilePath, *, take: int = 0) -> None:
        """Draws a take's piano roll; needs the extra media.

        Args:
            path: where to, a PNG or what else the suffix says.
            take: which, from 0, the best.

        Raises:
            musicvae_jax.FileError, ValueError: as for save.
        """
        from surrogate.rendering import plot

        chosen = self._take(take)
        self._check(OutputFiles(self.source, picture=path))
        chords = [(tick, chord.symbol) for tick, chord in chosen.chord_changes]
        plot.song(chosen.score, self.roles, self.melody.grid.bar_ticks, path, title=self.title, chords=chords)

    def html(self, path: FilePath) -> None:
        """Writes one page that shows and plays all takes, without a network.

        Raises:
            musicvae_jax.FileError: as for save.
        """
        from surrogate.rendering import page

        self._check(OutputFiles(self.source, page=path))
        labels = take_words.labels([(take.notes("bass"), take.notes("drums")) for take in self.takes])
        scores = [take.score for take in self.takes]
        page.write(
            path,
            title=self.title,
            scores=scores,
            labels=labels,
            roles=self.roles,
            bar_ticks=self.melody.grid.bar_ticks,
            key=self.assumptions.key,
            chords=[take.chord_changes for take in self.takes],
            sections=sections.find(self.melody),
            tempos=self.tempos,
        )

    def wav(self, path: FilePath, *, take: int = 0, soundfont: FilePath | None = None) -> None:
        """Writes a take's sound; needs the extra media.

        Args:
            path: where to, a WAV file.
            take: which, from 0, the best.
            soundfont: an .sf2 or .sf3 file; None looks for one in the usual places.

        Raises:
            musicvae_jax.FileError: as for save; or a soundfont or synthesiser is missing, or the soundfont is at path.
            ValueError: as for save.
        """
        from surrogate.rendering import sound

        chosen = self._take(take)
        soundfont = sound.find_soundfont(path, soundfont)
        self._check(OutputFiles(self.source, sound=path), soundfont)
        sound.render(chosen.score, path, soundfont=soundfont)

    def _take(self, number):
        last = len(self.takes) - 1
        if number not in range(last + 1):
            raise ValueError(f"take must be {f'0 to {last}' if last else 0}, not {number!r}")
        return self.takes[number]

    def _check(self, files, soundfont=None):
        plan = OutputPlan((files,))
        chords = given_chords.sheet_file(self.options)
        plan.check(like=self.options.like, chords=chords, soundfont=soundfont, checkpoint=self.checkpoint)
