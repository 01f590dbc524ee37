"""Songs as they are played: the notes of melody, bass and drums in ticks, with their velocities."""

import typing

import numpy as np

from musicvae_jax import midi
from musicvae_jax.trio import BASS_PROGRAMS
from surrogate.corpus import collection
from surrogate.reading import melody, tempos

METERS = ((4, 4), (2, 2))


class PerformedNotes(typing.NamedTuple):
    """start, end: int64 [N], ticks. pitch, velocity: int64 [N], as in MIDI. In order of start."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray


class Performance(typing.NamedTuple):
    """A song in 4/4 or 2/2; bass and drums have no notes where the song lacks them.

    ticks_per_ms: at the tempo that lasts longest.
    """

    ticks_per_beat: int
    ticks_per_ms: float
    melody: PerformedNotes
    bass: PerformedNotes
    drums: PerformedNotes


def read(content: collection.Content) -> Performance | str:
    """Read a MIDI file of a collection, its melody as accompany chooses it.

    Returns:
        The song, or the reason why it is none.
    """
    if not isinstance(content.data, str):
        return content.reason or "in an archive"
    if collection.too_large(content.data):
        return collection.TOO_LARGE
    try:
        found = melody.read_melody(content.data, pickup=0, swung=0.5, beats="file")  # as it stands in the file
    except midi.MidiError as error:
        return error.reason
    if any((meter.numerator, meter.denominator) not in METERS for meter in found.score.time_signatures):
        return "not in 4/4"
    drums = [track for track in found.score.tracks if track.is_drum]
    basses = [track for track in found.score.tracks if not track.is_drum and track.program in BASS_PROGRAMS]
    bass = [max(basses, key=lambda track: len(track.notes))] if basses else []
    parts = [_performed_notes(tracks) for tracks in ([found.track], bass, drums)]
    beat = found.score.ticks_per_quarter
    qpm = tempos.longest(found.score.tempos, int(found.grid.ticks[-1]))
    return Performance(beat, beat * qpm / 60_000, *parts)


def _performed_notes(tracks) -> PerformedNotes:
    columns = [track.notes.numpy() for track in tracks]

    def gathered(name):
        return np.concatenate([np.zeros(0, np.int64), *(column[name].astype(np.int64) for column in columns)])

    start, duration, pitch, velocity = map(gathered, ("time", "duration", "pitch", "velocity"))
    order = np.argsort(start, kind="stable")
    return PerformedNotes(*(values[order] for values in (start, start + np.maximum(duration, 1), pitch, velocity)))
