"""Melodies in known keys, minor, modal, pentatonic, chromatic and modulating, in the notation of the examples."""

import symusic

from examples.write_examples import TICKS_PER_QUARTER, parse

MELODIES = {  # name: key, meter, notes
    "God Rest Ye Merry, Gentlemen": ("E minor", (4, 4), """
        Rh. E4q | E4q B4q B4q A4q | G4q F#4q E4q D4q | E4q F#4q G4q A4q | B4h. E4q | E4q B4q B4q A4q |
        G4q F#4q E4q D4q | E4q F#4q G4q A4q | B4h. B4q | C5q A4q B4q C5q | D5q E5q B4q A4q | G4q E4q F#4q G4q |
        A4h G4q A4q | B4h C5q B4q | B4q A4q G4q F#4q | E4h G4e F#4e E4q | A4h G4q A4q | B4q C5q D5q E5q |
        B4q A4q G4q F#4q | E4w |"""),
    "Joshua Fit the Battle of Jericho": ("D minor", (4, 4), """
        D4e C#4e D4e E4e F4e F4e Re G4e | A4e A4q. A4h | G4e G4q. G4h | A4e A4q. A4h |
        D4e C#4e D4e E4e F4e F4e Re G4e | A4q A4q Rq D5q | A4q A4e A4e G4e F4e E4q | D4w |"""),
    "Scarborough Fair, Dorian": ("D minor", (3, 4), """
        D4h D4q | A4h A4q | E4q. F4e E4q | D4h. | Rq A4q C5q | D5h C5q | A4q B4q G4q | A4h. | Rq Rq D5q | D5h D5q |
        C5h A4q | A4q G4q F4q | E4q C4h | D4h A4q | G4h F4q | E4q D4q C4q | D4h. |"""),
    "Auld Lang Syne, pentatonic": ("F major", (4, 4), """
        Rh. C4q | F4q. F4e F4q A4q | G4q. F4e G4q A4q | F4q. F4e A4q C5q | D5h. D5q | C5q. A4e A4q F4q |
        G4q. F4e G4q A4q | F4q. D4e D4q C4q | F4h. D5q | C5q. A4e A4q F4q | G4q. F4e G4q D5q | C5q. A4e A4q C5q |
        D5h. D5q | C5q. A4e A4q F4q | G4q. F4e G4q A4q | F4q. D4e D4q C4q | F4h. Rq |"""),
    "Wayfaring Stranger, pentatonic": ("A minor", (4, 4), """
        Rh. E4q | A4q A4e C5e D5q C5e A4e | A4h. E4q | A4q A4q C5q A4e G4e | E4h. E4q | A4q A4e C5e D5q C5e A4e |
        A4h G4q E4q | A4q C5q A4e G4e E4q | A4w |"""),
    "Habanera, chromatic": ("D minor", (4, 4), """
        D5q C#5q C5e C5e B4q | Bb4q A4e A4e G#4q G4q | F4e G4e F4e E4e F4q G4q | F4q E4q D4h |
        D5q C#5q C5e C5e B4q | Bb4q A4e A4e G#4q G4q | F4e G4e F4e E4e F4q A4q | G4q E4q D4h |"""),
    "The Entertainer, chromatic": ("C major", (4, 4), """
        Rh. D4e D#4e | E4e C5q E4e C5q E4e C5e~ | C5h~ C5e C5e D5e D#5e | E5e C5e D5e E5q B4e D5q | C5h. D4e D#4e |
        E4e C5q E4e C5q E4e C5e~ | C5h. A4e G4e | F#4e A4e C5e E5q D5e C5e A4e | D5h. D4e D#4e |
        E4e C5q E4e C5q E4e C5e~ | C5h~ C5e C5e D5e D#5e | E5e C5e D5e E5q B4e D5q | C5h~ C5e C5e D5q |
        E5e C5e D5e E5q C5e D5e C5e | E5e C5e D5e E5q C5e D5e C5e | E5e C5e D5e E5q B4e D5q | C5h. Rq |"""),
    "Silent Night": ("Bb major", (3, 4), """
        F4q. G4e F4q | D4h. | F4q. G4e F4q | D4h. | C5h C5q | A4h. | Bb4h Bb4q | F4h. | G4h G4q | Bb4q. A4e G4q |
        F4q. G4e F4q | D4h. | G4h G4q | Bb4q. A4e G4q | F4q. G4e F4q | D4h. | C5h C5q | Eb5q. C5e A4q | Bb4h. | D5h. |
        Bb4q F4q D4q | F4q. Eb4e C4q | Bb3h. | Rh. |"""),
}  # fmt: skip
TWINKLE = """
    C4q C4q G4q G4q | A4q A4q G4h | F4q F4q E4q E4q | D4q D4q C4h | G4q G4q F4q F4q | E4q E4q D4h | G4q G4q F4q F4q |
    E4q E4q D4h | C4q C4q G4q G4q | A4q A4q G4h | F4q F4q E4q E4q | D4q D4q C4h |"""


def score(text, meter=(4, 4), shifts=(0,), signatures=()):
    """A one-track symusic.Score of a melody, played once for each of shifts; signatures: (tick, sharps, 1 if minor)."""
    song, track, start = symusic.Score(TICKS_PER_QUARTER), symusic.Track("Melody"), 0
    bar_ticks = 4 * TICKS_PER_QUARTER * meter[0] // meter[1]
    for shift in shifts:
        for time, ticks, pitch in parse(text, bar_ticks, shift):
            track.notes.append(symusic.Note(start + time, ticks, pitch, 90))
        start += bar_ticks * text.count("|")
    song.time_signatures = [symusic.TimeSignature(0, *meter)]
    song.key_signatures = [symusic.KeySignature(*signature) for signature in signatures]
    song.tracks = [track]
    return song
