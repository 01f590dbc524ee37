"""Chords as Yamaha's XF writes them in MIDI files: meta events "sequencer specific", which MuseScore shows, too.

XF Format Specifications 2.01 (Yamaha 1999): 43 7B 01, then a byte each for root, type, and root and type of the bass.
"""

from surrogate.reading import chord_symbols
from surrogate.reading.chord_symbols import NO_CHORD, Chord

_HEAD = b"\x43\x7b\x01"
_NOTHING = 0x7F
_TYPES = (
    "", "6", "maj7", "maj7#11", "add9", "maj9", "69", "aug", "m", "m6", "m7", "m7b5", "madd9", "m9", "m11", "mmaj7",
    "mmaj9", "dim", "dim7", "7", "7sus4", "7b5", "9", "7#11", "13", "7b9", "7b13", "7#9", "maj7#5", "7#5", "5", "5",
    "sus4", "sus2",
)  # fmt: skip
"""What the types of chords are, by their numbers; one more than these is no chord."""
_ACCIDENTALS = ("bbb", "bb", "b", "", "#", "##", "###")
_LETTERS = "CDEFGAB"


def decode(content: bytes) -> Chord | None:
    """The chord of a meta event, None where it is of something else or damaged."""
    if len(content) < len(_HEAD) + 2 or not content.startswith(_HEAD):
        return None
    root, kind, bass = (*content[len(_HEAD) :], _NOTHING)[:3]
    if kind == len(_TYPES):
        return NO_CHORD
    name, under = _name(root), _name(bass)
    if kind > len(_TYPES) or not name:
        return None
    return chord_symbols.parse(name + _TYPES[kind] + (f"/{under}" if under and under != name else ""))


def encode(chord: Chord) -> bytes:
    """The content of the meta event of a chord, of its quality only what the models know."""
    if chord == NO_CHORD:
        return _HEAD + bytes((_note("C"), len(_TYPES), _NOTHING, _NOTHING))
    names = chord_symbols.SHARP_NAMES if "#" in chord.symbol else chord_symbols.FLAT_NAMES
    kind = _TYPES.index(chord_symbols.SUFFIXES[chord.quality])
    under = _NOTHING if chord.bass == chord.root else _note(names[chord.bass])
    return _HEAD + bytes((_note(names[chord.root]), kind, under, _NOTHING))


def _name(byte):
    accidental, letter = byte >> 4, (byte & 15) - 1
    is_note = 1 <= accidental <= 5 and 0 <= letter < len(_LETTERS)  # triple ones no symbol has
    return _LETTERS[letter] + _ACCIDENTALS[accidental] if is_note else ""


def _note(name):
    return _ACCIDENTALS.index(name[1:]) << 4 | _LETTERS.index(name[0]) + 1
