"""Tunes in ABC -> music21's scores, with what it does not read: words under notes, and chord symbols as spelled."""

import functools
import itertools
import re
import typing
from fractions import Fraction

from surrogate.reading.written_music import MOST_BARS

MOST_CHARACTERS = 20_000
"""Of a tune in ABC, which music21 reads in a minute or so."""
_PLAIN_SIGNS = {"::": ":| |:", "x": "z"}
_FIELD = re.compile("[A-Za-z]:|%")
_BESIDE_NOTES = re.compile(
    r'"([^"]*)"|\[([KLMQV]:[^]]*)\]|\[[A-Za-z]:[^]]*\]|::|![^!]*!|\+[a-z.]+\+|\{[^}]*\}|[~H-WYh-wxy]|Z(\d*)|%.*'
)
"""Of a line of ABC: a chord symbol or a word to the player, a field, rests of whole bars, and what is left out."""
_TO_THE_PLAYER = tuple("^_<>@")
"""With one of these begins what is written above or below a note and is no chord."""
_OURS = "?"
"""Stands before every chord symbol: music21, which knows fewer spellings and one chord a note, reads none of them."""
_WORDS = "w"
_SYLLABLE = re.compile(r"((?:\\-|[^\s\-_*|])+)(-?)|[-_*|]")
_VERSE_NUMBER = re.compile(r"\s*\d+\.~?")


def read(tune: str):
    """Reads a tune; what music21 raises on one that is broken may be anything.

    Returns:
        A music21.stream.Score, in which chord symbols are of music21's TextExpression.
    """
    from music21 import bar, stream
    from music21.abcFormat import ABCBar, ABCFile, translate

    header, *voices = ABCFile().readstr(_readable(tune)).splitByVoice()
    parts = []
    for voice in voices or [None]:
        part = stream.Part()
        part.makeBeams = lambda **_: None  # which takes most of the time, and more than twice that of half a tune
        whole = header + voice if voice else header
        lines = [token for token in whole.tokens if isinstance(token, ABCBar)]
        whole.definesMeasures = lambda lines=lines: bool(lines)  # or else repeats of two bars would not be played
        part = translate.abcToStreamPart(whole, part)
        if not part.hasMeasures():  # of one bar music21 makes none, and forgets that it is repeated
            part = part.makeMeasures()
            if any(line.repeatForm == "end" for line in lines):
                part.getElementsByClass(stream.Measure).last().rightBarline = bar.Repeat("end")
        _complete(part, whole.tokens)
        parts.append(part)
    return stream.Score(parts)


def _readable(tune):
    """A tune as music21 reads it right: accidentals last to the bar line, chords are spelled its way, and what is about
    how notes are played is left out: decorations, grace notes, words to the player. An empty field of words ends each
    line of notes, to which the words that follow belong."""
    plain = functools.partial(_plain, bar=_units_of_bar(tune))
    readable = "%abc-2.1\n"
    for line in tune.replace("\n+:", " ").split("\n"):
        is_field = _FIELD.match(line)
        readable += line if is_field else _BESIDE_NOTES.sub(plain, line)
        readable += "\n" if is_field or not line.strip() else f"\n{_WORDS}:\n"
        if len(readable) > 2 * MOST_CHARACTERS:
            raise ValueError("it has too many bars of rests")
    return readable


def _units_of_bar(tune) -> Fraction:
    """How many of ABC's units a bar is long, by the meter and the unit in the header."""
    meter, unit = (re.search(rf"(?m)^{field}:\s*([1-9]\d*/[1-9]\d*)", tune) for field in "ML")
    length = Fraction(meter[1]) if meter else Fraction(1)
    return length / (Fraction(unit[1]) if unit else Fraction(1, 8 if length >= Fraction(3, 4) else 16))


def _plain(match, bar) -> str:
    if match[3] is not None:
        return "|".join([f"z{bar.numerator}/{bar.denominator}"] * min(int(match[3] or 1), MOST_BARS))
    if match[1] is None:
        return _PLAIN_SIGNS.get(match[0]) or (f"\n{match[2]}\n" if match[2] else "")
    return "" if match[1].startswith(_TO_THE_PLAYER) else f'"{_OURS}{match[1]}"'


class _Sung(typing.NamedTuple):
    """music21's note, and its bar in the line of the file, counted from 0."""

    note: typing.Any
    bar: int


def _complete(part, tokens):
    """Gives a part the chord symbols, and its notes the words, that its tokens tell."""
    from music21 import note

    elements, line = iter(list(part.recurse().getElementsByClass(note.GeneralNote))), []
    for are_words, group in itertools.groupby(tokens, key=lambda token: getattr(token, "tag", "") == _WORDS):
        if are_words:
            for verse, text in enumerate(filter(None, (token.data for token in group)), 1):
                _add_verse(line, _VERSE_NUMBER.sub("", text, count=1), verse)
        else:
            line = _line(group, elements)


def _line(tokens, elements) -> list[_Sung]:
    """The notes of a line of tokens; its chord symbols are put where they stand."""
    from music21 import abcFormat, expressions

    sung, bar, is_bar_empty = [], 0, True
    for token in tokens:
        if isinstance(token, abcFormat.ABCBar):
            bar, is_bar_empty = bar + (not is_bar_empty), True
        elif isinstance(token, abcFormat.ABCNote) and getattr(token, "subTokens", True):
            element, is_bar_empty = next(elements, None), False
            if element is None:  # music21 left a note out
                break
            for symbol in token.chordSymbols:
                element.activeSite.insert(element.offset, expressions.TextExpression(symbol.strip('"')[len(_OURS) :]))
            if not element.isRest:
                sung.append(_Sung(element, bar))
    return sung


def _add_verse(line, text, verse):
    """Sets syllables under the notes of a line: "*" skips one, "_" and a hyphen alone hold the syllable before on, "|"
    goes to the next bar."""
    from music21 import note

    place = bar = 0
    for match in _SYLLABLE.finditer(text):
        if match[0] == "|":
            bar += 1
            place = max(place, sum(sung.bar < bar for sung in line))
            continue
        if match[1] and place < len(line):
            syllable = match[1].replace("\\-", "-").replace("~", " ")
            syllabic = "begin" if match[2] else "single"
            line[place].note.lyrics.append(note.Lyric(syllable, verse, applyRaw=True, syllabic=syllabic))
        place += 1
