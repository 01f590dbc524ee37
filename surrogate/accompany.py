"""Accompany a melody: read it, predict z from it, decode bass and drums, write them beside the untouched melody."""

import dataclasses
import math
import os
import tempfile

import numpy as np
import symusic

from musicvae_jax import cache, events, midi
from surrogate import keys
from surrogate.melody import Melody, held, read_melody

DEFAULT_TEMPERATURE = 0.3
DEFAULT_QPM = 120.0


@dataclasses.dataclass(frozen=True)
class Accompaniment:
    """A melody with its bass and drums.

    score: melody, bass and drums, in this order, under the song's own tempo map, meter, keys and markers.
    tokens: uint16 [bars * 16, 3], the same music as trio tokens, the columns in the order of events.TRACKS.
    """

    score: symusic.Score
    tokens: np.ndarray

    @property
    def bars(self) -> int:
        return len(self.tokens) // events.STEPS_PER_BAR

    @property
    def bass_notes(self) -> int:
        return len(self.score.tracks[1].notes)

    @property
    def drum_hits(self) -> int:
        return len(self.score.tracks[2].notes)

    @property
    def tempos(self) -> tuple[float, float]:
        """The slowest and the fastest tempo of these bars, quarter notes per minute."""
        end = self.bars * events.BEATS_PER_BAR * self.score.ticks_per_quarter
        marks = sorted((tempo.time, tempo.qpm) for tempo in self.score.tempos if tempo.time < end)
        qpms = [qpm for _, qpm in marks]
        if not marks or marks[0][0] > 0:
            qpms.append(DEFAULT_QPM)
        return min(qpms), max(qpms)

    def save(self, path) -> None:
        """Write a MIDI file, whole or not at all; raises musicvae_jax.MidiError where that is not possible."""
        midi.write(self.score, path)


def accompany(path, *, output=None, seed=0, temperature=None, checkpoint=None) -> Accompaniment:
    """Write a bass and a drum part for the melody of a MIDI file; the melody itself stays as it is, note for note.

    Args:
        path: a MIDI file in 4/4 or 2/2; surrogate.melody says which of its tracks is the melody.
        output: the MIDI file to write; None leaves it to Accompaniment.save.
        seed: int, 0 or more; the same seed gives the same parts.
        temperature: divides the decoder's logits, 0 takes the likeliest token; DEFAULT_TEMPERATURE when None.
        checkpoint: a pretrained name or a model folder, the embedded default model when None.

    Raises: musicvae_jax.MidiError for a file that cannot be read, accompanied or written, musicvae_jax.CheckpointError
    for a model that cannot be loaded, ValueError for a seed or a temperature out of range.
    """
    temperature = DEFAULT_TEMPERATURE if temperature is None else temperature
    if not (math.isfinite(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be 0 or more, not {temperature}")
    if not 0 <= seed < 1 << 32:
        raise ValueError(f"seed must be a whole number from 0 to {(1 << 32) - 1}, not {seed}")
    if output is not None:
        _check_output(output, path)
    melody = read_melody(path)
    vae, encoder = load_models(checkpoint)
    tokens = decode_song(melody.tokens, vae, encoder, seed=seed, temperature=temperature)
    song = Accompaniment(arrange(melody, tokens), tokens)
    if output is not None:
        song.save(output)
    return song


def load_models(checkpoint=None):
    """The MusicVAE and its surrogate encoder, of a pretrained name or a folder; raises CheckpointError."""
    # The models bring JAX, a second of import that a wrong file name need not wait for.
    import musicvae_jax
    import surrogate

    cache.keep_compiled_programs()
    which = () if checkpoint is None else (checkpoint,)
    return musicvae_jax.load(*which, encoder=False), surrogate.load(*which)


def decode_song(melody_T, vae, encoder, *, seed, temperature):
    """Bass and drums for a melody line of any number of bars.

    The line is cut into windows of 16 bars from the bar of its first note on; a last window that would be short is
    moved back over bars already accompanied, so that the models see it full of music. Bars before the first note
    and windows without melody stay silent. Models that know songs in C only read and write them there.

    Args: melody_T uint16 [bars * 16]; vae and encoder as load_models gives them; seed and temperature as accompany.
    Returns uint16 [bars * 16, 3], the melody in its first column as given.
    """
    import jax

    from surrogate import takes

    song_Tx3 = np.zeros((len(melody_T), len(events.TRACKS)), np.uint16)
    song_Tx3[:, 0] = melody_T
    shift = keys.semitones_to_c(melody_T) if encoder.config.in_c else 0
    song_Tx3 = events.transpose(song_Tx3, shift)
    pieces = _pieces(melody_T)
    if not pieces:
        return song_Tx3
    lines_BxTx3 = np.zeros((len(pieces), events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)
    for line, (first, _, end) in zip(lines_BxTx3[..., 0], pieces, strict=True):
        line[: end - first] = song_Tx3[first:end, 0]
        if held(line)[-1] and end - first < len(line):  # the song's last note ends with the song, not with the window
            line[end - first] = events.NOTE_OFF
    prior = encoder.predict(lines_BxTx3[..., 0])
    windows_BxTx3 = takes.write(vae, prior, lines_BxTx3, key=jax.random.key(seed), temperature=temperature)

    for (first, begin, end), window in zip(pieces, np.asarray(windows_BxTx3), strict=True):
        bass, drums = window[:, 1], window[:, 2]
        song_Tx3[begin:end, 1] = bass[begin - first : end - first]
        song_Tx3[begin:end, 2] = drums[begin - first : end - first]
        if song_Tx3[begin, 1] == events.NO_EVENT:  # a note held over the cut is struck at the cut
            song_Tx3[begin, 1] = held(bass)[begin - first]
    # Windows know nothing of each other's notes: whatever sounds at the end of one stops there.
    for step in sorted({step for _, begin, end in pieces for step in (begin, end) if step < len(song_Tx3)}):
        if song_Tx3[step, 1] == events.NO_EVENT and held(song_Tx3[: step + 1, 1])[-1]:
            song_Tx3[step, 1] = events.NOTE_OFF
    song_Tx3 = events.transpose(song_Tx3, -shift)
    song_Tx3[:, 0] = melody_T  # not what may have changed octave on the way
    return song_Tx3


def arrange(melody: Melody, tokens_Tx3) -> symusic.Score:
    """The song with its melody track, a bass track and a drum track; everything but the tracks as the player had it."""
    ticks_per_beat = melody.score.ticks_per_quarter
    bass = symusic.Track(name="Bass", program=midi.BASS_PROGRAM, is_drum=False)
    start, end, pitch = events.line_notes(tokens_Tx3[:, 1])
    bass.notes = _note_list(_ticks(start, ticks_per_beat), _ticks(end, ticks_per_beat), pitch)
    drums = symusic.Track(name="Drums", program=0, is_drum=True)
    step, pitch = events.drum_hits(tokens_Tx3[:, 2])
    drums.notes = _note_list(_ticks(step, ticks_per_beat), _ticks(step + 1, ticks_per_beat), pitch)
    score = melody.score.copy()
    score.tracks = [melody.track, bass, drums]
    return score


def _check_output(output, melody) -> None:
    """Refuse, before any work is done, an output that cannot be written or that is the melody itself."""
    if os.path.exists(output) and not os.path.isfile(output):
        raise midi.MidiError(output, "is not a file; give another output")
    if os.path.exists(output) and os.path.exists(melody) and os.path.samefile(output, melody):
        raise midi.MidiError(output, "is the melody itself; give another output")
    try:
        tempfile.TemporaryFile(dir=os.path.dirname(os.path.realpath(output))).close()
    except OSError as error:
        raise midi.MidiError(output, f"cannot be written ({error.strerror}); give another output") from None


def _pieces(melody_T):
    """Steps (first of the window, first to keep, end) of each window that has melody in the steps it keeps."""
    sounding = held(melody_T) > 0
    if not sounding.any():
        return []
    start = int(sounding.argmax()) // events.STEPS_PER_BAR * events.STEPS_PER_BAR
    pieces = []
    for begin in range(start, len(melody_T), events.WINDOW_STEPS):
        end = min(begin + events.WINDOW_STEPS, len(melody_T))
        if sounding[begin:end].any():
            pieces.append((max(start, end - events.WINDOW_STEPS), begin, end))
    return pieces


def _ticks(steps, ticks_per_beat):
    """16th-note steps to the nearest tick, halves up."""
    return (2 * ticks_per_beat * steps + events.STEPS_PER_BEAT) // (2 * events.STEPS_PER_BEAT)


def _note_list(start, end, pitch):
    velocity = np.full(len(start), midi.VELOCITY, np.int8)
    return symusic.Note.from_numpy(
        start.astype(np.int32), (end - start).astype(np.int32), pitch.astype(np.int8), velocity
    )
