"""Sheets of chords: bars, beats, repeats, words of songs; what is wrong is told with its place."""

import pytest

from musicvae_jax.files import FileError
from surrogate.reading import chord_sheet
from surrogate.reading.chord_sheet import SheetError


def bars(text):
    """The bars of a sheet as text: a chord held is ".", a bar left open "-"."""
    shown = [" ".join("." if chord is None else chord.symbol for chord in bar) for bar in chord_sheet.parse(text)]
    return " | ".join(bar or "-" for bar in shown)


SHEETS = {
    "C | Am F | G7/B": "C | Am F | G7/B",
    "| C | Am F | G7/B |": "C | Am F | G7/B",
    "C Am F G": "C | Am | F | G",
    "C Am\nF - %": "C | Am | F | - | -",
    "C / / G7 | F . C .": "C . . G7 | F . C .",
    "C | % | - | ? | N.C.": "C | C | - | - | N.C.",
    "|: C | F :| G": "C | F | C | F | G",
    "|: C | F :| x3 | G": "C | F | C | F | C | F | G",
    "|: C :|: F :| G": "C | C | F | F | G",
    "C | F :| G": "C | F | C | F | G",
    "C | F | x3": "C | F | C | F | C | F",
    "G\nC | F x2\nAm": "G | C | F | C | F | Am",
    "C Am x2": "C | Am | C | Am",
    "|: C\nF :|": "C | F | C | F",
    "C | F || G |]": "C | F | G",
    "Verse: C | F\nB: G": "C | F | G",
    "# a tune\n\nC | C:min7 | F\n": "C | C:min7 | F",
    "{title: Tune}\n[Verse 1]\n[C]Oh what a [Am]tune\nla la\n[F]la [*softly] [G]la": "C | Am | F | G",
    "[C]one [G7]two | [F]three |\n| [G] | % |": "C G7 | F | G | G",
    "{sog}\n| C . . . | F . G . |\n{eog}": "C . . . | F . G .",
}


@pytest.mark.parametrize("text", SHEETS)
def test_what_is_written(text):
    assert bars(text) == SHEETS[text]


MISTAKES = {
    "C | Am Fx | G": 'bar 2: "Fx" is no chord; write chords as C, Am7, F#m7b5, Bbmaj7 or G7/B, and N.C. for none',
    "C | | G": "bar 2: is empty; write % for the bar before once more, - for one that is left open",
    "% | C": "bar 1: % has no bar before it",
    "C | / C": 'bar 2: "/" holds a chord, but the bar begins with it',
    "": 'holds no chord; write bars as "C | Am F | G7/B"',
    "- | -": 'holds no chord; write bars as "C | Am F | G7/B"',
    "C | F x999 x999\n" * 9: "bar 3: makes more than 4096 bars; write fewer",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_mistakes_are_told_with_their_place(text):
    with pytest.raises(SheetError) as told:
        chord_sheet.parse(text)
    assert str(told.value) == MISTAKES[text]


def test_files(tmp_path):
    song = tmp_path / "song.txt"
    song.write_text("﻿C | F\nG\n", encoding="utf-8")
    assert chord_sheet.read(song) == chord_sheet.parse("C | F | G")
    song.write_text("C | F\nG | Am7x\n")
    with pytest.raises(FileError, match=r'song\.txt: line 2, bar 2: "Am7x" is no chord'):
        chord_sheet.read(song)
    with pytest.raises(FileError, match=r"none\.txt: cannot be read \(No such file or directory\)"):
        chord_sheet.read(tmp_path / "none.txt")
    assert [chord_sheet.is_file(chords) for chords in (song, "song.TXT", "a/b.cho", "C | F", "C/E", "G7sus4")] == (
        [True] * 3 + [False] * 3
    )
