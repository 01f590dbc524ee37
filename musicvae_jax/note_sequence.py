"""Magenta's NoteSequence records, which hold songs in seconds instead of ticks -> trio windows.

note-seq, of the extra `magenta`, parses the records; TensorFlow reads the files they are in.
"""

from collections.abc import Iterator

import numpy as np

from musicvae_jax import events, pieces, trio
from musicvae_jax.files import FilePath
from musicvae_jax.midi_messages import MAX_TICK, MidiError
from musicvae_jax.notes import DEFAULT_QPM, MAX_INSTRUMENTS, Notes

_TICKS_PER_BEAT = 220  # where a record does not tell: note-seq's own resolution
_NAME = "NoteSequence"


def records(path: FilePath) -> Iterator[bytes]:
    """The records of a TFRecord file, one after the other.

    Raises:
        MidiError: the file cannot be read on from there.
        ImportError: TensorFlow is not installed.
    """
    import tensorflow as tf  # seconds that only these files need

    try:
        yield from tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    except tf.errors.OpError as error:
        raise MidiError(path, f"cannot be read on as a TFRecord file: {error.message}", "truncated") from None


def survey(
    record: bytes, *, hop_bars: int = 1, grid: str = "magenta", melody_programs=trio.MELODY_PROGRAMS
) -> trio.Survey:
    """Finds the windows of a NoteSequence.

    Args:
        record: the NoteSequence, serialised.
        hop_bars, grid, melody_programs: as trio.survey takes them.

    Raises:
        MidiError: the record is no NoteSequence, or its notes lie at impossible times.
    """
    from google.protobuf.message import DecodeError
    from note_seq.protobuf import music_pb2

    trio.check_grid(grid, hop_bars)
    try:
        song = music_pb2.NoteSequence.FromString(record)
    except DecodeError:
        raise MidiError(_NAME, "is not one", "not MIDI") from None
    part, start, end, pitch, instrument = _notes(song, melody_programs)
    tempo = np.array([(0.0, DEFAULT_QPM), *((each.time, each.qpm) for each in song.tempos)])
    tempo = tempo[np.argsort(tempo[:, 0], kind="stable")]
    meter = np.array([(0, each.time, each.numerator, each.denominator) for each in song.time_signatures], float)
    meter = meter.reshape(-1, 4)[np.argsort(meter.reshape(-1, 4)[:, 1], kind="stable")]
    finite = all(np.isfinite(values).all() for values in (start, end, tempo, meter))
    if not (finite and (start >= 0).all() and (tempo[:, 1] > 0).all() and (meter[:, 2:] > 0).all()):
        raise MidiError(_NAME, "is corrupt: its times, tempos or meters are impossible", "corrupt")
    beats = _beats(tempo)
    ticks_per_beat = song.ticks_per_quarter or _TICKS_PER_BEAT

    def ticks(second):
        tick = beats(second) * ticks_per_beat
        if (tick > MAX_TICK).any():
            raise MidiError(_NAME, f"is corrupt: it lasts more than {MAX_TICK} ticks", "corrupt")
        return np.rint(tick).astype(np.int64)

    notes = Notes(ticks(start), ticks(end), pitch, instrument)
    if grid == "magenta":
        meter_time, steps_per_bar, changed = pieces.meters(meter)
        cuts = np.append(meter_time[changed], tempo[1:, 0][tempo[1:, 1] != tempo[:-1, 1]])
        rates = tempo[:, 0], events.STEPS_PER_BEAT * tempo[:, 1] / 60.0
        found = pieces.quantise(notes, part, (start, end), cuts, (meter_time, steps_per_bar), rates)
    else:
        meter[:, 1] = ticks(meter[:, 1])
        qpm = tempo[tempo[:, 0] <= 0, 1][-1]
        found = pieces.tick_pieces(notes, part, meter, 60.0 / (qpm * ticks_per_beat), ticks_per_beat)
    return trio.Survey(part, found, hop_bars)


def _notes(song, melody_programs):
    """The part of each instrument (int64 [I]); start, end (seconds), pitch and instrument of each note, int64 [N]."""
    rows = [(n.start_time, n.end_time, n.pitch, n.instrument, n.program, n.is_drum) for n in song.notes if n.velocity]
    rows = np.array(rows, float).reshape(-1, 6)
    _, instrument = np.unique(rows[:, 3], return_inverse=True)
    order = np.argsort(instrument, kind="stable")
    rows, instrument = rows[order], instrument[order]
    rows, instrument = rows[instrument < MAX_INSTRUMENTS], instrument[instrument < MAX_INSTRUMENTS]
    pitch, program = (np.clip(rows[:, column], 0, 127).astype(np.int64) for column in (2, 4))
    part_of_note = trio.parts(program, rows[:, 5] > 0, melody_programs)
    instruments = instrument.max(initial=-1) + 1
    low, high = np.full(instruments, pieces.UNUSED), np.full(instruments, events.MELODY)
    np.minimum.at(low, instrument, part_of_note)
    np.maximum.at(high, instrument, part_of_note)
    part = np.where(low == high, low, pieces.UNUSED)  # one with programs of several parts plays none
    return part, rows[:, 0], np.maximum(rows[:, 1], rows[:, 0]), pitch, instrument


def _beats(tempo):
    """seconds -> beats, both float64 [N], by a tempo map float64 [K, 2] of seconds and beats a minute."""
    beat = np.append(0.0, np.cumsum(np.diff(tempo[:, 0]) * tempo[:-1, 1] / 60.0))

    def beats(second):
        stretch = np.searchsorted(tempo[:, 0], second, side="right") - 1
        return beat[stretch] + (second - tempo[stretch, 0]) * tempo[stretch, 1] / 60.0

    return beats
