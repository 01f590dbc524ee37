"""Tunes in ABC notation, as far as bar lines and one line of notes go: what is measured on needs no more."""

import pathlib
import re
import typing
from fractions import Fraction

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES = {"maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5, "lyd": 1}
_SHARPS = "FCGDAEB"
_KEY = re.compile(r"\s*([A-G])([#b]?)\s*(maj|ion|mix|dor|min|m|aeo|phr|loc|lyd)?", re.IGNORECASE)
_TOKEN = re.compile(
    r'"[^"]*"|![^!]*!|\[[A-Za-z]:[^\]]*\]|\{[^}]*\}|\((?P<tuplet>\d)|(?P<line>\|\]|\|\||\[\||:\|+:?|\|:|::|\|)|'
    r"(?P<accidental>[_^=]*)(?P<note>[A-Ga-gzx])(?P<octave>[,']*)(?P<count>\d*)(?P<halves>/*)(?P<parts>\d*)|"
    r"(?P<broken>[<>])|(?P<tie>-)|."
)
_LEAST_NOTES = 24
_LEAST_FULL = 0.95  # of bars


class Tune(typing.NamedTuple):
    """signature: numerator, denominator. pickup: quarter notes. notes: (start, end, MIDI pitch), in quarter notes."""

    signature: tuple[int, int]
    pickup: float
    notes: list[tuple[float, float, int]]


def read(folder) -> list[Tune]:
    """The tunes of all .abc files of a folder and those in it, whose bars are full but for the first and last."""
    paths = sorted(pathlib.Path(folder).rglob("*.abc"))
    texts = (text for path in paths for text in re.split(r"(?m)^(?=X:)", path.read_text("latin-1")))
    return [tune for tune in map(parse, texts) if tune]


def parse(text) -> Tune | None:
    """A tune, or None of what is none: a change of meter, chords, a bar that is not full."""
    header, music = {}, []
    for line in text.splitlines():
        field = re.match(r"([A-Za-z]):(.*)", line.split("%")[0])
        if not field:
            music.append(line.split("%")[0])
        elif field[1] in header and field[1] in "MLK":
            return None
        else:
            header.setdefault(field[1], field[2].strip())
    meter = re.fullmatch(r"(\d+)/(\d+)", header.get("M", "").replace("C|", "2/2").replace("C", "4/4"))
    key = _KEY.match(header.get("K", ""))
    music = " ".join(music)
    if not meter or not key or re.search(r"\[[_^=A-Ga-g]", music):
        return None
    signature = int(meter[1]), int(meter[2])
    length = re.fullmatch(r"(\d+)/(\d+)", header.get("L", ""))
    short = Fraction(*signature) < Fraction(3, 4)
    unit = 4 * (Fraction(int(length[1]), int(length[2])) if length else Fraction(1, 16 if short else 8))
    notes, lines = _notes_and_lines(music, unit, _altered(key))
    if len(notes) < _LEAST_NOTES or not lines:
        return None
    bar = Fraction(4 * signature[0], signature[1])
    pickup = lines[0] % bar
    full = [(line - pickup) % bar == 0 for line in lines]
    if lines[0] > bar or notes[0][0] or sum(full) < _LEAST_FULL * len(full):
        return None
    return Tune(signature, float(pickup), [(float(start), float(end), pitch) for start, end, pitch in notes])


def _altered(key) -> dict[str, int]:
    fifths = _FIFTHS[key[1].upper()] + 7 * ((key[2] == "#") - (key[2] == "b")) + _MODES[(key[3] or "maj").lower()]
    letters = _SHARPS[:fifths] if fifths > 0 else _SHARPS[::-1][:-fifths]
    return dict.fromkeys(letters, 1 if fifths > 0 else -1)


def _notes_and_lines(music, unit, altered):
    notes, lines, now = [], [], Fraction(0)
    of_bar, tuplet, tied, broken = {}, (0, 1), False, None
    for token in _TOKEN.finditer(music):
        if token["tuplet"]:
            count = int(token["tuplet"])
            tuplet = count, {2: Fraction(3, 2), 3: Fraction(2, 3), 4: Fraction(3, 4)}.get(count, 1)
        elif token["line"]:
            lines += [now] if now else []
            of_bar = {}
        elif token["broken"] and notes:
            longer = Fraction(3, 2) if token["broken"] == ">" else Fraction(1, 2)
            start, end, pitch = notes[-1]
            now += (end - start) * (longer - 1)
            notes[-1], broken = (start, now, pitch), 2 - longer
        elif token["tie"]:
            tied = True
        elif token["note"]:
            parts = int(token["parts"]) if token["parts"] else 2 ** len(token["halves"])
            lasts = unit * int(token["count"] or 1) / parts * (tuplet[1] if tuplet[0] else 1) * (broken or 1)
            tuplet, broken = (max(tuplet[0] - 1, 0), tuplet[1]), None
            if token["note"] not in "zx":
                pitch = _pitch(token, altered, of_bar)
                if tied and notes and notes[-1][2] == pitch:
                    notes[-1] = notes[-1][0], now + lasts, pitch
                else:
                    notes.append((now, now + lasts, pitch))
            tied = False
            now += lasts
    return notes, lines


def _pitch(token, altered, of_bar) -> int:
    letter = token["note"].upper()
    octave = 4 + token["note"].islower() + token["octave"].count("'") - token["octave"].count(",")
    if token["accidental"]:
        of_bar[letter, octave] = token["accidental"].count("^") - token["accidental"].count("_")
    return 12 * (octave + 1) + _SEMITONES[letter] + of_bar.get((letter, octave), altered.get(letter, 0))
