"""A tune for the right hand and chords for the left, as a keyboard records them on one track."""

import numpy as np

from surrogate.reading.chord_symbols import parse

BEAT = 480
BAR = 4 * BEAT
TUNE = (76, 74, 72, 74, 76, 79, 81, 79, 77, 76, 74, 71, 72, 74, 76, 72)
CHORDS = ("C", "F", "G", "Am")


def right_hand(bars=16):
    """Quarters and a half note a bar, with a bar's rest in every eighth."""
    lengths = (BEAT, BEAT, 2 * BEAT)
    return [
        (bar * BAR + place * BEAT, bar * BAR + place * BEAT + length - 20, TUNE[(3 * bar + place) % len(TUNE)], 90)
        for bar in range(bars)
        for place, length in enumerate(lengths)
        if bar % 8 != 6
    ]


def left_hand(kind, bars=16):
    """Block chords, broken chords in eighths, or a root and a chord in turn, an octave and more below."""
    found = []
    for bar in range(bars):
        chord = parse(CHORDS[bar % 4])
        root = 48 + chord.root - 12 * (chord.root > 6)
        third = 3 if chord.quality == "min" else 4
        notes = root, root + third, root + 7
        for eighth in range(8):
            start = bar * BAR + eighth * BEAT // 2
            if kind == "block" and eighth % 4 == 0:
                found += [(start, start + 2 * BEAT - 10, pitch, 60) for pitch in notes]
            elif kind == "broken":
                found.append((start, start + BEAT // 2 - 10, notes[(0, 1, 2, 1)[eighth % 4]], 60))
            elif kind == "stride" and eighth % 2 == 0:
                own = notes[1:] if eighth % 4 else (root - 12,)
                found += [(start, start + BEAT - 10, pitch, 60) for pitch in own]
    return found


def columns(notes):
    start, end, pitch = np.array([note[:3] for note in notes]).T
    return start, end, pitch
