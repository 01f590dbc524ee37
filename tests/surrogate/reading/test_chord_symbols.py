"""Chord symbols are read as they are written on lead sheets, and what is none is told."""

import pytest

from surrogate.reading import chord_symbols
from surrogate.reading.chord_symbols import NO_CHORD, ChordError
from surrogate.reading.chords import QUALITIES

SPELLINGS = {
    "maj": "C CM Cmaj Cma Cmajor C6 C69 C6/9 Cadd9 C(add9) C2 C5 C(no3) Cb5",
    "min": "Cm Cmin Cmi C- Cminor Cm6 Cm69 Cmadd9 CmM7 Cm(maj7) C-Δ7 Cmin",
    "dim": "Cdim C° Co Cm(b5) Cmb5",
    "aug": "C+ Caug C(#5) C7#5 C7+ C+7 Cmaj7#5",
    "sus4": "Csus Csus4 Csus2 C7sus4 C9sus4 C7sus C4 C13sus4",
    "7": "C7 C9 C11 C13 C7b9 C7(b9) C7#9 C7(b9,#11) C7alt C7b5 C13b9 C9/13 C:7",
    "maj7": "Cmaj7 CM7 CMa7 Cma7 CΔ CΔ7 C△7 C^7 C^ Cmaj9 Cmaj13 Cmaj7#11 CMAJ7 C:maj7",
    "min7": "Cm7 Cmin7 Cmi7 C-7 Cm9 Cm11 Cm13 Cm7add11 Cm7(11) C:min7",
    "hdim7": "Cø Cø7 Cm7b5 C-7b5 Cm7(b5) Cm7-5 C:hdim7",
    "dim7": "Cdim7 C°7 Co7 Cº7",
}


@pytest.mark.parametrize("quality", SPELLINGS)
def test_spellings_of_qualities(quality):
    found = {text: chord_symbols.parse(text)[:3] for text in SPELLINGS[quality].split()}
    flat_five = {"Cb5": (11, "maj", 11)}  # a chord on C flat
    assert found == {text: flat_five.get(text, (0, quality, 0)) for text in found}


def test_roots_and_basses():
    expected = {
        "F#m7b5": (6, "hdim7", 6),
        "B♭m7": (10, "min7", 10),
        "F♯": (6, "maj", 6),
        "Ebb": (2, "maj", 2),
        "H7": (11, "7", 11),
        "G7/B": (7, "7", 11),
        "C6/9/E": (0, "maj", 4),
        "Am/G#": (9, "min", 8),
        "D/F♯": (2, "maj", 6),
        "A:min/b3": (9, "min", 0),
        "C:maj/5": (0, "maj", 7),
    }
    assert {text: chord_symbols.parse(text)[:3] for text in expected} == expected
    assert all(chord_symbols.parse(text) == NO_CHORD for text in ("N.C.", "NC", "n.c.", "N"))
    assert chord_symbols.parse(" Cmaj9 ").symbol == "Cmaj9"


@pytest.mark.parametrize(
    "text", ["", "c", "X", "Verse", "Cmajj7", "Cmx", "C/", "C/X", "C##b", "Amen", "Dad", "C7b", "12"]
)
def test_what_is_no_chord(text):
    with pytest.raises(ChordError, match=f'^"{text}" is no chord; write chords as C, Am7'):
        chord_symbols.parse(text)


def test_names_are_read_back():
    for sharps in (False, True):
        for root in range(12):
            for quality in QUALITIES:
                chord = chord_symbols.named(root, quality, sharps=sharps)
                assert chord_symbols.parse(chord.symbol) == chord
    assert chord_symbols.named(1, "min", sharps=True).symbol == "C#m"
    assert chord_symbols.named(-1, "maj") == NO_CHORD
