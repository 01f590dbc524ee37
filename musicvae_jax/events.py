"""The trio vocabulary: what the tokens of melody, bass and drums mean, and tokens <-> notes.

A trio window is uint16 [WINDOW_STEPS, 3]. Melody and bass hold one token a step: NO_EVENT (a note or a rest goes on),
NOTE_OFF, or FIRST_PITCH + pitch - MIN_PITCH. Drums hold a mask: bit i says that a drum of group i is struck.
"""

import numpy as np

TRACKS = ("melody", "bass", "drums")
MELODY, BASS, DRUMS = range(3)

STEPS_PER_BEAT = 4
BEATS_PER_BAR = 4
STEPS_PER_BAR = STEPS_PER_BEAT * BEATS_PER_BAR
BARS_PER_WINDOW = 16
WINDOW_STEPS = STEPS_PER_BAR * BARS_PER_WINDOW

NO_EVENT = 0
NOTE_OFF = 1
FIRST_PITCH = 2
MIN_PITCH = 21
MAX_PITCH = 108
LINE_CLASSES = FIRST_PITCH + MAX_PITCH - MIN_PITCH + 1

# The General MIDI drum pitches that share a bit; the first of each group is the one written back.
DRUM_GROUPS = (
    (36, 35),  # kick
    (38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85),  # snare, and other short mid sounds
    (42, 22, 44, 54, 68, 69, 70, 71, 73, 78, 80),  # closed hi-hat
    (46, 26, 67, 72, 74, 79, 81),  # open hi-hat
    (45, 29, 41, 43, 61, 64, 84),  # low tom
    (48, 47, 60, 63, 77, 86, 87),  # mid tom
    (50, 30, 62, 76, 83),  # high tom
    (49, 52, 55, 57, 58),  # crash
    (51, 53, 59, 82),  # ride
)
DRUM_PITCHES = tuple(group[0] for group in DRUM_GROUPS)
DRUM_CLASSES = 1 << len(DRUM_PITCHES)
KICK, SNARE, CLOSED_HAT, OPEN_HAT, CRASH, RIDE = (1 << bit for bit in (0, 1, 2, 3, 7, 8))
TOMS = 1 << 4 | 1 << 5 | 1 << 6
"""Masks of single groups."""
LOWEST_BASS = 28
"""MIDI pitch of a bass guitar's open E."""

DEPTHS = (LINE_CLASSES, LINE_CLASSES, DRUM_CLASSES)

NO_DRUM = -1
DRUM_BIT_OF_PITCH = np.full(128, NO_DRUM, np.int8)
"""int8 [128]: MIDI pitch -> bit of the drum mask, NO_DRUM where the pitch belongs to no group."""
for _bit, _group in enumerate(DRUM_GROUPS):
    DRUM_BIT_OF_PITCH[list(_group)] = _bit
_MASK_OF_BIT = 1 << np.arange(len(DRUM_PITCHES), dtype=np.uint16)


def line_tokens(start, end, pitch, total_steps: int) -> np.ndarray:
    """Reduces the notes of one instrument to a monophonic line of melody or bass tokens.

    Of the notes that start together the highest wins; of those with the same pitch, the first given. A new note cuts
    the sounding one short; a note that ends in silence leaves NOTE_OFF at its end step. Pitches outside
    MIN_PITCH..MAX_PITCH and notes that start at total_steps or later are dropped.

    Args:
        start, end: int [N], in steps, end > start >= 0.
        pitch: int [N], MIDI pitches.
        total_steps: length of the line.

    Returns:
        uint16 [total_steps].

    Source: note-seq melodies_lib.py (Melody.from_quantized_sequence), as Magenta's OneHotMelodyConverter uses it.
    """
    start, end, pitch = (np.asarray(values, np.int64) for values in (start, end, pitch))
    kept = (pitch >= MIN_PITCH) & (pitch <= MAX_PITCH) & (start < total_steps)
    start, end, pitch = start[kept], end[kept], pitch[kept]
    order = np.argsort(start << 7 | 127 - pitch, kind="stable")
    start, end, pitch = start[order], end[order], pitch[order]
    first = np.ones(len(start), bool)
    first[1:] = start[1:] != start[:-1]
    start, end, pitch = start[first], end[first], pitch[first]

    tokens = np.zeros(total_steps, np.uint16)
    tokens[start] = pitch - MIN_PITCH + FIRST_PITCH
    next_start = np.append(start[1:], total_steps)
    tokens[end[end < next_start]] = NOTE_OFF
    return tokens


def token_of_pitch(pitch):
    """The token with which a note of a MIDI pitch, or of each of an array of them, begins."""
    return pitch - MIN_PITCH + FIRST_PITCH


def line_notes(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reads the notes back from one line of melody or bass tokens.

    A note lasts until the next event of any kind or the end of the line; a NOTE_OFF that ends nothing is ignored.

    Args:
        tokens: int [T].

    Returns:
        start, end (steps) and MIDI pitch, each int64 [N], in order of start.

    Source: note-seq melodies_lib.py (Melody.to_sequence).
    """
    tokens = np.asarray(tokens, np.int64)
    event = np.flatnonzero(tokens != NO_EVENT)
    until = np.append(event[1:], len(tokens))
    sounds = tokens[event] >= FIRST_PITCH
    start = event[sounds]
    return start, until[sounds], tokens[start] - FIRST_PITCH + MIN_PITCH


def held_tokens(line_xT) -> np.ndarray:
    """Tells which note sounds at each step of lines of melody or bass tokens.

    Args:
        line_xT: int [..., T].

    Returns:
        int64 [..., T], the token with which the sounding note began; NO_EVENT where none sounds.
    """
    line_xT = np.asarray(line_xT).astype(np.int64)
    steps = np.arange(line_xT.shape[-1])
    latest = np.maximum.accumulate(np.where(line_xT != NO_EVENT, steps, 0), axis=-1)
    token_xT = np.take_along_axis(line_xT, latest, axis=-1)
    return np.where(token_xT >= FIRST_PITCH, token_xT, NO_EVENT)


def held_pitches(line_xT) -> np.ndarray:
    """Tells which MIDI pitch sounds at each step of lines of melody or bass tokens.

    Args:
        line_xT: int [..., T].

    Returns:
        int64 [..., T], MIDI pitches; -1 where none sounds.
    """
    token_xT = held_tokens(line_xT)
    return np.where(token_xT >= FIRST_PITCH, token_xT - FIRST_PITCH + MIN_PITCH, -1)


def drum_tokens(step, pitch, total_steps: int) -> np.ndarray:
    """Gathers drum hits into one mask a step.

    Hits of pitches that belong to no drum group, and hits at total_steps or later, are dropped.

    Args:
        step: int [N], onsets in steps.
        pitch: int [N], General MIDI drum pitches.
        total_steps: length of the track.

    Returns:
        uint16 [total_steps].

    Source: note-seq drums_encoder_decoder.py (DEFAULT_DRUM_TYPE_PITCHES), Magenta's DrumsConverter.
    """
    step = np.asarray(step, np.int64)
    bit = DRUM_BIT_OF_PITCH[np.asarray(pitch, np.int64)]
    kept = (bit != NO_DRUM) & (step < total_steps)
    tokens = np.zeros(total_steps, np.uint16)
    np.bitwise_or.at(tokens, step[kept], _MASK_OF_BIT[bit[kept]])
    return tokens


def drum_bits(mask_x):
    """Which drums masks strike: int [...] -> int [..., 9] of 0 and 1; arrays of NumPy or JAX."""
    return mask_x[..., None] >> np.arange(len(DRUM_PITCHES)).reshape((1,) * mask_x.ndim + (-1,)) & 1


def drum_hits(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reads the hits back from one track of drum masks.

    Args:
        tokens: int [T].

    Returns:
        step and MIDI pitch (the first of each drum group), each int64 [N], in order of step, then bit.

    Source: note-seq drums_lib.py (DrumTrack.to_sequence).
    """
    step, bit = np.nonzero(drum_bits(np.asarray(tokens, np.int64)))
    return step, np.asarray(DRUM_PITCHES)[bit]


def transpose(tokens: np.ndarray, semitones: int | np.ndarray) -> np.ndarray:
    """Transposes melody and bass, and leaves drums, rests and note-offs as they are.

    A pitch that would leave MIN_PITCH..MAX_PITCH comes back in by the fewest octaves.

    Args:
        tokens: int [..., 3], columns in the order of TRACKS.
        semitones: one int, or int [B] with one value for each entry of the leading axis of tokens.

    Returns:
        A new array of the shape and dtype of tokens.
    """
    tokens = np.asarray(tokens)
    semitones = np.asarray(semitones, np.int64)
    # One table of 90 entries for each shift turns the arithmetic on every step into a single gather.
    pitch = np.arange(MIN_PITCH, MAX_PITCH + 1) + semitones.reshape(-1, 1)
    pitch += 12 * (np.maximum(-((pitch - MIN_PITCH) // 12), 0) - np.maximum(-((MAX_PITCH - pitch) // 12), 0))
    table_SxV = np.empty((semitones.size, LINE_CLASSES), tokens.dtype)
    table_SxV[:, :FIRST_PITCH] = np.arange(FIRST_PITCH)
    table_SxV[:, FIRST_PITCH:] = pitch - MIN_PITCH + FIRST_PITCH

    lines = tokens[..., :2].astype(np.intp)
    if semitones.ndim:
        lines += (LINE_CLASSES * np.arange(semitones.size)).reshape((-1,) + (1,) * (tokens.ndim - 1))
    shifted = tokens.copy()
    shifted[..., :2] = table_SxV.ravel().take(lines)
    return shifted
