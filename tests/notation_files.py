"""Small written scores: MusicXML as notation programs export it, and ABC."""

import zipfile

DIVISIONS = 4
"""Of a quarter note."""

TWO_TUNES = """X:7
T:The Lark
M:4/4
L:1/8
Q:1/4=90
K:D
A2|:"D"d2 f2 "A7/E"e2 c2|1 "Bm7"B4 A4:|2 "D"d6|]
w:Oh,|the lark is|up

X:8
T:The Wren
K:G
G4|]
"""


def note(pitch, length, *, tie=(), chord=False, voice=1, word="", grace=False):
    """A note as "C4", "F#5" or "Bb3", "" for a rest; length in DIVISIONS; tie: of "stop" and "start"."""
    alter = pitch.count("#") - pitch.count("b")
    sound = "<rest/>"
    if pitch:
        step, octave = pitch[0], pitch[-1]
        sound = f"<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"
    ties = "".join(f'<tie type="{each}"/>' for each in tie)
    lyric = f"<lyric><text>{word}</text></lyric>" * bool(word)
    duration = "<grace/>" if grace else f"<duration>{length}</duration>"
    order = "<chord/>" * chord + sound
    return f"<note>{duration * grace}{order}{duration * (not grace)}{ties}<voice>{voice}</voice>{lyric}</note>"


def notes(names, length=DIVISIONS):
    return "".join(note("" if name == "-" else name, length) for name in names.split())


def harmony(root, kind, more=""):
    step, alter = root[0], root.count("#") - root[1:].count("b")
    root = f"<root><root-step>{step}</root-step><root-alter>{alter}</root-alter></root>"
    return f"<harmony>{root}<kind>{kind}</kind>{more}</harmony>"


def bass(step):
    return f"<bass><bass-step>{step}</bass-step></bass>"


def degree(value, alter, kind):
    values = f"<degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
    return f"<degree>{values}<degree-type>{kind}</degree-type></degree>"


def attributes(meter=(4, 4), sharps=0, more=""):
    time = f"<time><beats>{meter[0]}</beats><beat-type>{meter[1]}</beat-type></time>"
    key = f"<key><fifths>{sharps}</fifths></key>"
    return f"<attributes><divisions>{DIVISIONS}</divisions>{key}{time}{more}</attributes>"


def tempo(qpm):
    return f'<direction><direction-type><words>Lively</words></direction-type><sound tempo="{qpm}"/></direction>'


def repeat(direction, ending=""):
    """A repeat sign; ending as "1 stop", the bracket that ends with it."""
    side = "left" if direction == "forward" else "right"
    bracket = ending and '<ending number="{}" type="{}"/>'.format(*ending.split())
    return f'<barline location="{side}">{bracket}<repeat direction="{direction}"/></barline>'


def ending(number, kind, side):
    return f'<barline location="{side}"><ending number="{number}" type="{kind}"/></barline>'


def musicxml(*parts, root="score-partwise"):
    """The text of a score; parts: lists of bars' elements."""
    listed = "".join(
        f'<score-part id="P{n}"><part-name>Part {n}</part-name></score-part>' for n in range(1, len(parts) + 1)
    )
    music = ""
    for number, bars in enumerate(parts, 1):
        measures = "".join(f'<measure number="{place}">{bar}</measure>' for place, bar in enumerate(bars, 1))
        music += f'<part id="P{number}">{measures}</part>'
    doctype = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" "x.dtd">'
    return f'<?xml version="1.0"?>{doctype}<{root} version="3.1"><part-list>{listed}</part-list>{music}</{root}>'


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def compress(path, text, name="score.musicxml"):
    """A compressed score, its table of contents as broken as some programs write it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", "<container><rootfile full-path='it's'/></container>")
        archive.writestr(name, text)
    return path


END = repeat("backward", "1 stop")
LEAD_SHEET = [
    attributes((3, 4), 1) + tempo(96) + note("D4", 4, word="Oh"),
    repeat("forward") + harmony("G", "major") + notes("G4 B4 D5"),
    ending(1, "start", "left")
    + harmony("D", "dominant", bass("A"))
    + notes("A4 F#4 D4")
    + repeat("backward", "1 stop"),
    ending(2, "start", "left") + notes("A4 A4 A4") + ending(2, "stop", "right"),
    harmony("G", "minor-seventh") + note("G4", 12, tie=["start"]),
    note("G4", 8, tie=["stop"]) + note("", 4),
]
"""A waltz with a pickup, two endings and words."""
