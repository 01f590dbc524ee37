"""Accompany a melody: read it, have bass and drums composed, and lay these beside the untouched melody."""

import dataclasses
import os
import pathlib
import typing
from collections.abc import Sequence

import numpy as np

from musicvae_jax import midi
from surrogate.accompaniment import given_chords, take_chords
from surrogate.accompaniment.assumptions import assumptions
from surrogate.accompaniment.options import Options
from surrogate.accompaniment.outputs import FilePath, OutputFiles, OutputPlan
from surrogate.accompaniment.result import Accompaniment, Take
from surrogate.reading import melody as melody_reading
from surrogate.reading import meters, song_evidence
from surrogate.reading.chords import NONE
from surrogate.reading.key_finder import FoundKeys
from surrogate.reading.melody import Melody
from surrogate.rendering import arrange

if typing.TYPE_CHECKING:
    from surrogate.model.band import Band, WrittenParts


class Accompanist:
    """Models in memory that accompany one song after another; threads may share one.

    band = surrogate.Accompanist.load()
    song = band.accompany("melody.mid", takes=3)
    """

    def __init__(self, band: "Band", checkpoint: FilePath | None = None):
        """Takes a band that is loaded, and where from, whose files will not be written over."""
        self.band = band
        if checkpoint is not None and os.path.isdir(checkpoint):
            checkpoint = os.path.abspath(checkpoint)  # for programs that change their folder
        self._checkpoint = checkpoint

    @classmethod
    def load(cls, checkpoint: FilePath | None = None) -> "Accompanist":
        """Loads the models of a checkpoint.

        Args:
            checkpoint: a pretrained name or a model folder; None is the built-in default.

        Raises:
            musicvae_jax.CheckpointError: there is no such model, or its parts do not fit together.
        """
        from surrogate.model import bands

        return cls(bands.load(checkpoint), checkpoint)

    def accompany(
        self, path: FilePath, *, output: FilePath | None = None, temperature: float | None = None, **choices: typing.Any
    ) -> Accompaniment:
        """Writes a bass and a drum part for the melody of a file; arguments and errors as for accompany."""
        options = _options(temperature, choices)
        melody = _checked_melody(path, output, options, self._checkpoint)
        return self._accompanied(melody, path, output, options)

    def accompany_melodies(
        self, melodies: Sequence[Melody], paths: Sequence[FilePath], options: Options
    ) -> list[Accompaniment]:
        """Accompanies melodies that were read, through the models together.

        Args:
            melodies: the lines.
            paths: the files they were read from.
            options: the choices for all of them.

        Raises:
            musicvae_jax.MidiError: Options.like cannot be read or used.
            musicvae_jax.CheckpointError: the models cannot do what is asked for.
        """
        from surrogate.accompaniment.composition import compose_parts

        keys = [song_keys(melody, options) for melody in melodies]
        composed = compose_parts(melodies, [found.main for found in keys], self.band, options)
        return [
            Accompaniment(
                melody,
                tuple(rendered_take(melody, parts, options) for parts in of_melody),
                pathlib.Path(os.path.abspath(path)),
                options,
                assumptions(melody, found if self.band.in_c else None, options, knows_chords=self.band.knows_chords),
                found if self.band.in_c else None,
                self._checkpoint,
            )
            for melody, found, path, of_melody in zip(melodies, keys, paths, composed, strict=True)
        ]

    def _accompanied(self, melody, path, output, options):
        [song] = self.accompany_melodies([melody], [path], options)
        if output is not None:
            song.save(output)
        return song


def accompany(
    path: FilePath,
    *,
    output: FilePath | None = None,
    checkpoint: FilePath | None = None,
    temperature: float | None = None,
    **choices: typing.Any,
) -> Accompaniment:
    """Writes a bass and a drum part for the melody of a file; the melody itself stays as it is, note for note.

    The models stay in memory for the next call. musicvae_jax.cache.keep_compiled_programs, called before, lets JAX
    keep what it compiles for other processes, too.

    Args:
        path: a MIDI file, or a score in MusicXML or ABC, which needs the extra scores.
        output: the MIDI file to write the best take to; None leaves it to Accompaniment.save.
        checkpoint: a pretrained name or a model folder, the embedded default model when None.
        temperature: of both parts, where choices do not say otherwise.
        choices: see surrogate.Options.

    Raises:
        musicvae_jax.FileError: a file that cannot be read, accompanied or written, or that would be written over
            though it is read.
        musicvae_jax.CheckpointError: a model that cannot be loaded.
        ValueError: a choice out of range.
    """
    options = _options(temperature, choices)
    melody = _checked_melody(path, output, options, checkpoint)
    from surrogate.accompaniment.models import kept_band  # brings JAX, which a wrong file name need not wait for

    return Accompanist(kept_band(checkpoint), checkpoint)._accompanied(melody, path, output, options)


def read_melody(path: FilePath, options: Options) -> Melody:
    """Reads the melody of a file as the options say.

    Raises:
        musicvae_jax.FileError: it, or the chords given for it, cannot be read, or there is nothing to write.
    """
    meter = options.meter and meters.parse(options.meter)
    melody = melody_reading.read_melody(
        path,
        track=options.track,
        hands=options.hands,
        pickup=options.pickup,
        swung=options.swing,
        meter=meter,
        beats=options.beats,
        tempo=options.tempo,
    )
    asked = {part for part, is_asked in (("bass", options.bass), ("drums", options.drums)) if is_asked}
    present = arrange.present(melody, options)
    if asked <= present:
        has = " and ".join(sorted(asked))
        raise midi.MidiError(
            path, f"has {has} of its own, which stay; ask to replace them, or to keep the melody alone"
        )
    if "bass" in asked - present and arrange.bass_channel(melody, options) is None:
        raise midi.MidiError(
            path, "plays on all channels, which leaves none for a bass; keep the melody alone, or ask for drums alone"
        )
    return dataclasses.replace(melody, chords=given_chords.of_song(melody, options))


def song_keys(melody: Melody, options: Options) -> FoundKeys:
    """The keys of a song, told by its chords where they are given."""
    chords = None if melody.chords is None else np.maximum(melody.chords.half_bars(melody.grid), NONE)
    return song_evidence.find_keys(melody, chords, asked=options.key)


def _options(temperature, choices):
    if temperature is not None:
        choices = {"bass_temperature": temperature, "drum_temperature": temperature} | choices
    return Options(**choices)


def _checked_melody(path, output, options, checkpoint):
    if output is not None:
        chords = given_chords.sheet_file(options)
        plan = OutputPlan((OutputFiles(path, takes=(output,)),))
        plan.check(like=options.like, chords=chords, checkpoint=checkpoint)
    return read_melody(path, options)


def rendered_take(melody: Melody, parts: "WrittenParts", options: Options) -> Take:
    """A take of a melody from the parts that were written for it."""
    ended_Tx2 = arrange.end(melody.tokens, parts.tokens) if options.ending else parts.tokens
    arranged = arrange.arrange(melody, ended_Tx2, options)
    tokens = np.column_stack([melody.tokens, ended_Tx2])
    chords = take_chords.of_take(melody, parts)
    return Take(arranged.score, tokens, parts.rating, arranged.roles, arranged.content, chords)
