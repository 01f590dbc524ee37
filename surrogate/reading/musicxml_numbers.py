"""Numbers and letters of MusicXML, checked before music21 reads them: of a wrong one it tells little, or it hangs."""

import re

_WHOLE, _ANY = re.compile(r"[+-]?\d+"), re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_TIME = re.compile(r"\d+(\+\d+)*")
"""The upper number of a meter may be a sum."""
_LONGEST = 1_000_000_000
_RANGES = {  # of each element: how it is written, least, most
    "divisions": (_ANY, 1, _LONGEST), "duration": (_ANY, 0, _LONGEST), "fifths": (_WHOLE, -99, 99),
    "beats": (_TIME, 1, 99), "beat-type": (_WHOLE, 1, 128), "octave": (_WHOLE, -1, 10), "alter": (_ANY, -4, 4),
    "root-alter": (_ANY, -2, 2), "bass-alter": (_ANY, -2, 2), "degree-value": (_WHOLE, 0, 99),
    "degree-alter": (_WHOLE, -9, 9), "chromatic": (_ANY, -99, 99), "octave-change": (_WHOLE, -9, 9),
    "midi-unpitched": (_WHOLE, 0, 128), "midi-program": (_WHOLE, 0, 128),
}  # fmt: skip
_STEPS = ("step", "root-step", "bass-step")


def check(root) -> None:
    """Checks a score-partwise element.

    Raises:
        ValueError: a number is none or out of range, a step is no letter or a note has no length; str() says where.
    """
    place = "what stands before the first bar"
    for element in root.iter():
        text = (element.text or "").strip()
        if element.tag == "measure":
            place = f"bar {element.get('number', '')}"
        elif element.tag in _RANGES:
            _check_number(f"<{element.tag}>", text, place, *_RANGES[element.tag])
        elif element.tag == "sound" and "tempo" in element.attrib:
            _check_number("a tempo", element.get("tempo").strip(), place, _ANY, 0, _LONGEST)
        elif element.tag in _STEPS and not re.fullmatch("[A-Ga-g]", text):
            raise ValueError(f'in {place} <{element.tag}> is "{text}"; it must be a letter from A to G')
        elif element.tag == "note" and element.find("duration") is None and element.find("grace") is None:
            raise ValueError(f"in {place} a note has no <duration>")
    if root.find(".//note") is not None and root.find(".//divisions") is None:
        raise ValueError("no bar tells <divisions>, without which a <duration> is no length")


def _check_number(name, text, place, written, least, most):
    if not (written.fullmatch(text) and all(least <= float(part) <= most for part in text.lstrip("+").split("+"))):
        raise ValueError(f'in {place} {name} is "{text}"; it must be a number from {least} to {most}')
