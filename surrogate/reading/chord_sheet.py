"""Sheets of chords: bars between | lines, the words of a song with [chords] in them (ChordPro), or a chord a bar.

In a bar the chords share its beats, the first ones more where they do not divide; `/` or `.` holds the one before for
another share. `%` is the bar before once more, `-` or `?` a bar that is left open; |: and :| enclose what is played
twice, x3 after it says how often, and after bars of a line without repeat signs how often these are.
"""

import pathlib
import re

from musicvae_jax.files import FileError, FilePath
from surrogate.reading import chord_symbols
from surrogate.reading.chord_symbols import Chord, ChordError

SUFFIXES = (".txt", ".cho", ".crd", ".chopro", ".chordpro", ".pro")
"""Of files of chords."""
MOST_BARS = 4096
_BAR_SIGN = re.compile(r"(\|:|:\|:?|\|[\]|]?)")
_KEPT_OF_WORDS = re.compile(rf"{_BAR_SIGN.pattern[1:-1]}|%|(?<!\w)[x×]\d{{1,3}}(?!\w)")
_TIMES = re.compile(r"\(?[x×](\d{1,3})\)?")
_OPEN, _HOLDS = ("-", "?"), ("/", ".")
_SAME = "%"
_LABEL = re.compile(r"\s*[^\W\d_][\w '-]*:\s")
_SECTION = re.compile(
    r"\s*\[\W*(pre-?\s?)?(verse|chorus|refrain|bridge|intro|outro|solo|interlude|instrumental|coda|ending|tag|hook)"
    r"[^|\]]*\]\s*",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\[([^\]]*)\]")

Bar = tuple[Chord | None, ...]
"""What each share of a bar begins with, None where the chord before goes on; () for a bar that is left open."""


class SheetError(ValueError):
    """A sheet that cannot be read; str() says where and why."""


def is_file(chords: str | FilePath) -> bool:
    """Whether what a player gives names a file of chords, not the chords themselves."""
    return not isinstance(chords, str) or pathlib.Path(chords.strip()).suffix.lower() in SUFFIXES


def read(path: FilePath) -> tuple[Bar, ...]:
    """Reads a file of chords.

    Raises:
        FileError: it cannot be read, or is no sheet of chords; it names the line.
    """
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise FileError(path, f"cannot be read ({error.strerror}); give a file of chords") from None
    try:
        return parse(text, "line {line}, bar {bar}")
    except SheetError as mistake:
        raise FileError(path, str(mistake)) from None


def parse(text: str, place: str = "bar {bar}") -> tuple[Bar, ...]:
    """Reads a sheet of chords.

    Args:
        text: one or more lines.
        place: how a mistake's place is told, with fields line and bar, which is counted from the line's first on.

    Raises:
        SheetError: a chord is none, or there is none at all.
    """
    lines = text.splitlines()
    has_words = any(_BRACKETS.search(line) or line.lstrip().startswith("{") for line in lines)
    sheet = _Sheet()
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith(("{", "#")) or _SECTION.fullmatch(line):
            continue
        line = _LABEL.sub("", line, count=1)
        if has_words:
            line = _without_words(line)
        try:
            sheet.add_line(line)
        except SheetError as mistake:
            raise SheetError(f"{place.format(line=number, bar=sheet.bar_of_line)}: {mistake}") from None
    if not any(sheet.bars):
        raise SheetError('holds no chord; write bars as "C | Am F | G7/B"')
    return tuple(sheet.bars)


def _cells(line) -> list[tuple[str, list[str], str]]:
    """What stands between the bar signs of a line, with the signs around; of a line without signs each word alone."""
    words, *rest = _BAR_SIGN.split(line)
    if not rest:
        return [("|", [word], "") for word in words.split()]
    return list(zip(["", *rest[::2]], map(str.split, [words, *rest[1::2]]), [*rest[::2], ""], strict=True))


def _without_words(line):
    """The chords in brackets and the bar lines of a line of a song; annotations as [*softly] are left out."""
    if not _BRACKETS.search(line):
        return line if "|" in line else ""
    pieces = _BRACKETS.split(line)
    pieces[::2] = (" ".join(["", *_KEPT_OF_WORDS.findall(words), ""]) for words in pieces[::2])
    pieces[1::2] = ("" if chord.startswith("*") else chord for chord in pieces[1::2])
    return "".join(pieces)


class _Sheet:
    """Bars as they are read line by line."""

    def __init__(self):
        self.bars: list[Bar] = []
        self.bar_of_line = 1
        self._begin = self._end = 0  # of the passage that a repeat sign repeats

    def add_line(self, line):
        self.bar_of_line = 1
        if ":" not in line:
            self._begin = len(self.bars)
        for sign, words, following in _cells(line):
            if sign.startswith(":"):
                self._close()
                self._repeat(1)
            if sign.endswith(":"):
                self._begin = len(self.bars)
            if sign == following == "|" and not words:
                raise SheetError("is empty; write % for the bar before once more, - for one that is left open")
            self._add(words)

    def _add(self, words):
        times = [int(found[1]) for word in words if (found := _TIMES.fullmatch(word))]
        bar = [word for word in words if not _TIMES.fullmatch(word)]
        if bar:
            self._extend([self._bar(bar)])
            self.bar_of_line += 1
        if times and len(self.bars) > self._end > self._begin and not bar:
            self._repeat(times[0] - 2)  # it was closed by a repeat sign, and so has been played twice
        elif times:
            self._close()
            self._repeat(times[0] - 1)

    def _close(self):
        self._end = len(self.bars)

    def _repeat(self, times):
        self._extend(self.bars[self._begin : self._end] * times)

    def _bar(self, words) -> Bar:
        if words == [_SAME]:
            if not self.bars:
                raise SheetError("% has no bar before it")
            return self.bars[-1]
        if len(words) == 1 and words[0] in _OPEN:
            return ()
        if words[0] in _HOLDS:
            raise SheetError(f'"{words[0]}" holds a chord, but the bar begins with it')
        try:
            return tuple(None if word in _HOLDS else chord_symbols.parse(word) for word in words)
        except ChordError as mistake:
            raise SheetError(str(mistake)) from None

    def _extend(self, bars):
        self.bars += bars
        if len(self.bars) > MOST_BARS:
            raise SheetError(f"makes more than {MOST_BARS} bars; write fewer")
