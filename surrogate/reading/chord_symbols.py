"""Chord symbols as musicians write them -> root, quality and bass, and back.

What can be written is more than the models know: of each symbol the nearest of surrogate.reading.chords.QUALITIES is
taken, which shares most notes with it. The spellings of lead sheets, of jazz (C-7, CΔ, Cø) and of Harte (C:min7/b3) are
read. Of the libraries, pychord, the lightest, lacks half of them (C+, Cø, C-7, Cma7, N.C.).
"""

import re
import typing

from surrogate.reading.chords import NONE, QUALITIES
from surrogate.reading.keys import NATURALS

_LETTERS = NATURALS | {"H": 11}
FLAT_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SUFFIXES = dict(zip(QUALITIES, ("", "m", "dim", "aug", "sus4", "7", "maj7", "m7", "m7b5", "dim7"), strict=True))
"""A name of QUALITIES -> what follows the root in a symbol."""
_DEGREES = {"2": 2, "3": 4, "4": 5, "5": 7, "6": 9, "7": 11}
_PLAIN = str.maketrans({"♯": "#", "♭": "b", "△": "Δ", "−": "-", "–": "-", "Ø": "ø", "º": "°"})

_NO_CHORD = re.compile(r"n\.?\s?c\.?|n", re.IGNORECASE)
_CHORD = re.compile(r"([A-H])(#{1,2}|b{1,2}|)(.*?)(?:/(?:([A-G])(#{1,2}|b{1,2}|)|(#|b|)([2-7])))?", re.DOTALL)
_QUALITY = re.compile(
    r"(?:(?P<maj>(?i:major|maj|ma)|M|Δ|\^)|(?P<min>(?i:minor|min|mi)|m|-)|(?P<hdim>ø|hdim|h)|(?P<dim>(?i:dim)|°|o)|"
    r"(?P<aug>(?i:aug)|\+)|dom|)"
    r"(?P<number>6/?9|13|11|[2-79]|)"
    r"(?P<more>(?:(?i:sus)(?:24|2|4|)|(?i:add|omit|no)[#b]?\d{1,2}|[#b+-](?:4|5|6|7|9|11|13)|"
    r"(?:(?i:maj|ma)|M|Δ)(?:7|9|11|13|)|alt|\+|/?(?:7|9|11|13))*)"
)


class ChordError(ValueError):
    """A text that is no chord symbol; str() says so, and how one is written."""


class Chord(typing.NamedTuple):
    """A chord: pitch classes of root and bass, a name of QUALITIES, and its symbol. NO_CHORD is where there is none."""

    root: int
    quality: str
    bass: int
    symbol: str


NO_CHORD = Chord(NONE, "", NONE, "N.C.")


def parse(text: str) -> Chord:
    """Reads a chord symbol.

    Args:
        text: as "F#m7b5", "G7/B", "Bb△7" or "N.C.".

    Raises:
        ChordError: it is none.
    """
    text = text.strip()
    if _NO_CHORD.fullmatch(text):
        return NO_CHORD
    chord = _CHORD.fullmatch(text.translate(_PLAIN))
    quality = chord and _QUALITY.fullmatch(re.sub(r"[(), :]", "", chord[3]))
    if not quality:
        raise ChordError(f'"{text}" is no chord; write chords as C, Am7, F#m7b5, Bbmaj7 or G7/B, and N.C. for none')
    root = _pitch_class(chord[1], chord[2])
    bass = root
    if chord[4]:
        bass = _pitch_class(chord[4], chord[5])
    elif chord[7]:
        bass = (root + _DEGREES[chord[7]] + chord[6].count("#") - chord[6].count("b")) % 12
    notes = _notes(quality)
    return Chord(root, min(QUALITIES, key=lambda name: len(notes ^ set(QUALITIES[name]))), bass, text)


def named(root: int, quality: str, *, sharps: bool = False) -> Chord:
    """The chord of a root and a quality, with a symbol.

    Args:
        root: a pitch class, or NONE.
        quality: a name of QUALITIES.
        sharps: whether black keys are sharps, not flats.
    """
    if root == NONE:
        return NO_CHORD
    return Chord(root, quality, root, (SHARP_NAMES if sharps else FLAT_NAMES)[root] + SUFFIXES[quality])


def _pitch_class(letter, accidentals):
    return (_LETTERS[letter] + accidentals.count("#") - accidentals.count("b")) % 12


def _notes(quality) -> set[int]:
    """Semitones above the root of what counts of a chord: third, fifth and seventh."""
    number, more = quality["number"], quality["more"]
    lowered, raised = re.search(r"[b-]5", more), re.search(r"[#+]5|\+(?!\d)", more)
    fifth = 6 if quality["dim"] or quality["hdim"] or lowered else 8 if quality["aug"] or raised else 7
    third = 3 if quality["min"] or quality["dim"] or quality["hdim"] else 4
    if re.search("sus", more, re.IGNORECASE) or number == "4":
        third = 5
    notes = {0, fifth} if number == "5" else {0, third, fifth}
    has_seventh = number in ("7", "9", "11", "13") or re.search(r"alt|^/?7", more) or quality["hdim"]
    if re.search(r"maj|ma|M|Δ", re.sub("(?i:omit)", "", more)) or quality["maj"] in ("Δ", "^"):
        notes.add(11)
    elif has_seventh:
        notes.add(11 if quality["maj"] else 9 if quality["dim"] else 10)
    return notes
