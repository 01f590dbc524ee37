"""Accompany melodies: read them, have bass and drums composed, write these beside the untouched melodies."""

import dataclasses
import os
import tempfile

import numpy as np
import symusic

from musicvae_jax import midi
from musicvae_jax.files import FileError
from musicvae_jax.notes import DEFAULT_QPM
from surrogate.accompaniment import options
from surrogate.reading import melody
from surrogate.rendering import arrange


@dataclasses.dataclass(frozen=True)
class Take:
    """One accompaniment of a melody.

    score: the song's kept tracks and the written ones, under its own tempo map, meter, keys and markers.
    tokens: uint16 [bars * 16, 3], the same music as trio tokens, on the models' 4/4 bars, the columns in the order of
        events.TRACKS; what is on a step that is not in the song (surrogate.reading.grid) is not in the score.
    rating: what takes are ranked by (surrogate.model.takes.ratings): 0 to 1 for what its drums have in common with all
        that were drawn, and up to 0.5 for kicks that go with the bass.
    roles: what each track of the score is: "melody", "bass", "drums" or "other".
    """

    score: symusic.Score
    tokens: np.ndarray
    rating: float
    roles: tuple[str, ...]

    def notes(self, role) -> int:
        """How many notes the tracks of a role have."""
        return sum(len(track.notes) for track, own in zip(self.score.tracks, self.roles, strict=True) if own == role)


@dataclasses.dataclass(frozen=True)
class Accompaniment:
    """A melody with bass and drums, in one or several takes, the best first."""

    melody: melody.Melody
    takes: tuple[Take, ...]
    title: str

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
        return self.takes[0].roles

    @property
    def bars(self) -> int:
        """The song's own, a pickup counted."""
        return len(self.melody.grid.bar_ticks) - 1

    @property
    def tempos(self) -> tuple[float, float]:
        """The slowest and the fastest tempo of these bars, quarter notes per minute."""
        end = self.melody.grid.ticks[-1]
        marks = sorted((tempo.time, tempo.qpm) for tempo in self.score.tempos if tempo.time < end)
        qpms = [qpm for _, qpm in marks]
        if not marks or marks[0][0] > 0:
            qpms.append(DEFAULT_QPM)
        return min(qpms), max(qpms)

    def save(self, path, *, take=0) -> None:
        """Write a take as a MIDI file, whole or not at all; raises musicvae_jax.FileError where that cannot be."""
        midi.write(self.takes[take].score, path)

    def plot(self, path, *, take=0) -> None:
        """Draw a take's piano roll, a PNG or what else the suffix says; needs the extra media."""
        from surrogate.rendering import plot

        plot.song(self.takes[take].score, self.roles, self.melody.grid.bar_ticks, path, title=self.title)

    def html(self, path) -> None:
        """Write one page that shows and plays all takes, without a network."""
        from surrogate.studio import page

        labels = [f"take {number}: {take.rating:.2f}" for number, take in enumerate(self.takes, 1)]
        scores = [take.score for take in self.takes]
        page.write(
            path, title=self.title, scores=scores, labels=labels, roles=self.roles, bar_ticks=self.melody.grid.bar_ticks
        )

    def wav(self, path, *, take=0, soundfont=None) -> None:
        """Write a take's sound through a soundfont; needs the extra media."""
        from surrogate.rendering import sound

        sound.render(self.takes[take].score, path, soundfont=soundfont)


def accompany(path, *, output=None, checkpoint=None, temperature=None, **choices) -> Accompaniment:
    """Write a bass and a drum part for the melody of a MIDI file; the melody itself stays as it is, note for note.

    Args:
        path: a MIDI file.
        output: the MIDI file to write; None leaves it to Accompaniment.save.
        checkpoint: a pretrained name or a model folder, the embedded default model when None.
        temperature: of both parts, where choices do not say otherwise.
        choices: see surrogate.accompaniment.options.Options.

    Raises: musicvae_jax.FileError for a file that cannot be read, accompanied or written, musicvae_jax.CheckpointError
    for a model that cannot be loaded, ValueError for a choice out of range.
    """
    if temperature is not None:
        choices = {"bass_temperature": temperature, "drum_temperature": temperature} | choices
    wanted = options.Options(**choices)
    if output is not None:
        check_output(output, path)
    read = read_melody(path, wanted)
    from surrogate.accompaniment import (
        compose,  # brings JAX, a second of import that a wrong file name need not wait for
    )

    models = compose.load(checkpoint, encoder=wanted.like is not None)
    [song] = accompany_melodies([read], [path], models, wanted)
    if output is not None:
        song.save(output)
    return song


def read_melody(path, wanted) -> melody.Melody:
    """The melody of a MIDI file as the options say; raises midi.MidiError, also where there is nothing to write."""
    read = melody.read_melody(path, track=wanted.track, pickup=wanted.pickup, swung=wanted.swing)
    asked = {part for part, is_asked in (("bass", wanted.bass), ("drums", wanted.drums)) if is_asked}
    if asked <= arrange.present(read, wanted):
        has = " and ".join(sorted(asked))
        raise midi.MidiError(
            path, f"has {has} of its own, which stay; ask to replace them, or to keep the melody alone"
        )
    return read


def accompany_melodies(melodies, paths, models, wanted) -> list[Accompaniment]:
    """The same for several melodies that were read, through the models together."""
    from surrogate.accompaniment import compose

    songs = []
    for read, path, parts in zip(melodies, paths, compose.compose(melodies, models, wanted), strict=True):
        takes = []
        for tokens_Tx2, rating in parts:
            ended_Tx2 = arrange.end(read.tokens, tokens_Tx2) if wanted.ending else tokens_Tx2
            score, roles = arrange.arrange(read, ended_Tx2, wanted)
            takes.append(Take(score, np.column_stack([read.tokens, ended_Tx2]), rating, roles))
        songs.append(Accompaniment(read, tuple(takes), os.path.splitext(os.path.basename(path))[0]))
    return songs


def check_output(output, *inputs) -> None:
    """Refuse, before any work is done, an output that cannot be written or that is one of the inputs."""
    if os.path.exists(output) and not os.path.isfile(output):
        raise FileError(output, "is not a file; give another output")
    for path in inputs:
        if os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
            raise FileError(output, "is the melody itself; give another output")
    try:
        tempfile.TemporaryFile(dir=os.path.dirname(os.path.realpath(output))).close()
    except OSError as error:
        raise FileError(output, f"cannot be written ({error.strerror}); give another output") from None
