"""Trio tokens as a symusic Score, and as a MIDI file."""

import numpy as np
import symusic

from musicvae_jax import events, midi
from musicvae_jax.files import FilePath

VELOCITY = 80
BASS_PROGRAM = 33


def tokens_to_score(
    tokens_Tx3: np.ndarray, qpm: float = 120.0, *, ticks_per_beat: int = 480, velocity: int = VELOCITY
) -> symusic.Score:
    """Turns trio tokens into a Score: tracks melody (program 0), bass (program 33) and drums (channel 10).

    Args:
        tokens_Tx3: int [T, 3], any number of steps, columns in the order of events.TRACKS.
        qpm: tempo in beats a minute, written with a 4/4 meter at tick 0.
        ticks_per_beat: resolution, a multiple of events.STEPS_PER_BEAT.
        velocity: of every note, 1..127.

    Raises:
        ValueError: ticks_per_beat is no such multiple.

    Source: Magenta's TrioConverter.from_tensors (velocity 80, bass program 33, drum hits one step long).
    """
    tokens_Tx3 = np.asarray(tokens_Tx3)
    if ticks_per_beat < events.STEPS_PER_BEAT or ticks_per_beat % events.STEPS_PER_BEAT:
        raise ValueError(f"ticks_per_beat must be a multiple of {events.STEPS_PER_BEAT}, not {ticks_per_beat}")
    step_ticks = ticks_per_beat // events.STEPS_PER_BEAT
    score = symusic.Score(ticks_per_beat)
    score.tempos.append(symusic.Tempo(0, qpm, ttype="tick"))
    score.time_signatures.append(symusic.TimeSignature(0, events.BEATS_PER_BAR, 4, ttype="tick"))
    step, hit = events.drum_hits(tokens_Tx3[:, 2])
    notes = (events.line_notes(tokens_Tx3[:, 0]), events.line_notes(tokens_Tx3[:, 1]), (step, step + 1, hit))
    parts = ((0, False), (BASS_PROGRAM, False), (0, True))
    for name, (program, is_drum), (start, end, pitch) in zip(events.TRACKS, parts, notes, strict=True):
        track = symusic.Track(name=name, program=program, is_drum=is_drum, ttype="tick")
        track.notes = symusic.Note.from_numpy(
            (start * step_ticks).astype(np.int32),
            ((end - start) * step_ticks).astype(np.int32),
            pitch.astype(np.int8),
            np.full(len(pitch), velocity, np.int8),
            "tick",
        )
        score.tracks.append(track)
    return score


def tokens_to_midi(tokens: np.ndarray, path: FilePath, *, qpm: float = 120.0) -> None:
    """Writes trio tokens as a MIDI file.

    Args:
        tokens: int [T, 3], a song of any number of steps, or [n, T, 3], which are laid end to end; the columns melody,
            bass and drums.
        path: where to; the folder must exist.
        qpm: tempo in beats a minute.

    Raises:
        FileError: it cannot be written there.
        ValueError: the tokens have another shape, or the tempo is not more than 0.
    """
    tokens = np.asarray(tokens)
    if tokens.ndim not in (2, 3) or tokens.shape[-1] != len(events.TRACKS):
        raise ValueError(f"tokens must have the shape [T, 3] or [n, T, 3], not {list(tokens.shape)}")
    if not (np.isfinite(qpm) and qpm > 0):
        raise ValueError(f"qpm must be more than 0, not {qpm}")
    midi.write(tokens_to_score(tokens.reshape(-1, len(events.TRACKS)), qpm), path)
