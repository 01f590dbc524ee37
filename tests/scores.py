"""Scores written note by note, in 16th-note steps."""

import symusic

STEP = 120
"""Ticks."""


def make(*parts, meters=(), tempos=()):
    """A symusic.Score.

    parts: (name, program or "drums", notes), notes (first step, last step, MIDI pitch); meters: (step, numerator,
    denominator); tempos: (step, quarter notes a minute).
    """
    score = symusic.Score(4 * STEP)
    for name, program, notes in parts:
        is_drum = program == "drums"
        track = symusic.Track(name, 0 if is_drum else program, is_drum)
        for first, last, pitch in notes:
            track.notes.append(symusic.Note(round(first * STEP), round((last - first) * STEP), pitch, 90))
        score.tracks.append(track)
    for step, numerator, denominator in meters:
        score.time_signatures.append(symusic.TimeSignature(step * STEP, numerator, denominator))
    for step, tempo in tempos:
        score.tempos.append(symusic.Tempo(step * STEP, tempo))
    return score


def line(bars, pitch=60, since=0):
    """Notes of a scale up and down in quarters, of so many bars from a bar on; (first step, last step, pitch)."""
    steps = range(16 * since, 16 * (since + bars), 4)
    return [(step, step + 4, pitch + (0, 2, 4, 5, 7, 5, 4, 2)[place % 8]) for place, step in enumerate(steps)]
