"""Write the example melodies: seven public-domain tunes, from the notation below to MIDI files beside this script.

    python examples/write_examples.py

A note is pitch, octave and length: `C4q` is middle C for a quarter note, `F#4e` the F sharp above it for an eighth;
`R` in the place of the pitch is a rest.
Lengths are w(hole), h(alf), q(uarter), e(ighth), s(ixteenth), a dot adds half of it, `~` ties a note to the next one.
Bars end with `|` and are filled up, the first with rests before a pickup, as notation programs export it. A form names
phrases in order; `'` plays one an octave higher, `,` lower.
"""

import dataclasses
import pathlib
import re

import symusic

FOLDER = pathlib.Path(__file__).parent
TICKS_PER_QUARTER = 480

LENGTHS = {"w": 4.0, "h": 2.0, "q": 1.0, "e": 0.5, "s": 0.25}
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1}
OCTAVES = {"": 0, "'": 12, ",": -12}
EVENT = re.compile(r"(?:R|([A-G])([#b]?)(\d))([whqes])(\.?)(~?)")

# A player leans on the first beat, a little on the middle of the bar, and least between the beats.
FIRST_VELOCITY, MIDDLE_VELOCITY, BEAT_VELOCITY, OFFBEAT_VELOCITY = 100, 92, 86, 80


@dataclasses.dataclass(frozen=True)
class Tune:
    """One melody: where its file goes, how it sounds, and its notes."""

    stem: str
    title: str
    composer: str
    program: int  # General MIDI, from 0
    key: tuple[int, int]  # sharps (flats below zero), and 0 for major or 1 for minor
    scale: str  # the pitch classes it uses, no others
    tempos: dict[int, float]  # bar, counted from 1 -> quarter notes per minute
    form: str
    phrases: dict[str, str]
    meter: tuple[int, int] = (4, 4)

    @property
    def bar_ticks(self) -> int:
        return 4 * TICKS_PER_QUARTER * self.meter[0] // self.meter[1]

    @property
    def beat_ticks(self) -> int:
        """A dotted quarter in 6/8, otherwise a quarter."""
        return TICKS_PER_QUARTER * 3 // 2 if self.meter[1] == 8 else TICKS_PER_QUARTER


KOROBEINIKI = Tune(
    stem="korobeiniki",
    title="Korobeiniki",
    composer="Russian folk song",
    program=21,  # accordion
    key=(0, 1),
    scale="A B C D E F G",
    tempos={1: 144},
    form="A A B B A, A, B B",
    phrases={
        "A": """E5q B4e C5e D5q C5e B4e | A4q A4e C5e E5q D5e C5e | B4q. C5e D5q E5q | C5q A4q A4q Rq |""",
        "B": """Re D5q F5e A5q G5e F5e | E5q. C5e E5q D5e C5e | B4q B4e C5e D5q E5q | C5q A4q A4q Rq |""",
    },
)

MOUNTAIN_KING = Tune(
    stem="mountain_king",
    title="In the Hall of the Mountain King",
    composer="Edvard Grieg, Peer Gynt, op. 23 (1875)",
    program=12,  # marimba
    key=(2, 1),
    scale="B C C# D E E# F# G# A A#",
    tempos={1: 138, 25: 160},
    form="A A B B A A A' A' B' B' A' A'",
    phrases={
        "A": """B3e C#4e D4e E4e F#4e D4e F#4q | E#4e C#4e E#4q E4e C4e E4q |
                B3e C#4e D4e E4e F#4e D4e F#4e B4e | A4e F#4e D4e F#4e A4h |""",
        "B": """F#4e G#4e A#4e B4e C#5e A#4e C#5q | D5e A#4e D5q C#5e A#4e C#5q |
                F#4e G#4e A#4e B4e C#5e A#4e C#5q | D5e A#4e D5q C#5h |""",
    },
)

ODE_TO_JOY = Tune(
    stem="ode_to_joy",
    title="Ode to Joy",
    composer="Ludwig van Beethoven, Symphony no. 9 (1824)",
    program=0,  # piano
    key=(2, 0),
    scale="D E F# G A",
    tempos={1: 120},
    form="A B B A' B'",
    phrases={
        "A": """F#4q F#4q G4q A4q | A4q G4q F#4q E4q | D4q D4q E4q F#4q | F#4q. E4e E4h |
                F#4q F#4q G4q A4q | A4q G4q F#4q E4q | D4q D4q E4q F#4q | E4q. D4e D4h |""",
        "B": """E4q E4q F#4q D4q | E4q F#4e G4e F#4q D4q | E4q F#4e G4e F#4q E4q | D4q E4q A3q F#4q~ |
                F#4q F#4q G4q A4q | A4q G4q F#4q E4q | D4q D4q E4q F#4q | E4q. D4e D4h |""",
    },
)

WHEN_THE_SAINTS = Tune(
    stem="when_the_saints",
    title="When the Saints Go Marching In",
    composer="American spiritual",
    program=26,  # jazz guitar
    key=(-1, 0),
    scale="F G A Bb C",
    tempos={1: 184},
    form="A A",
    # Each chorus of 16 bars opens with the bar that its pickup of three beats falls in.
    phrases={
        "A": """Rq F4q A4q Bb4q | C5w | Rq F4q A4q Bb4q | C5w | Rq F4q A4q Bb4q | C5h A4h | F4h A4h | G4w |
                Rq A4q A4q G4q | F4h. F4q | A4h C5q C5q | C5q Bb4h.~ | Bb4h A4q Bb4q | C5h A4h | F4h G4h | F4w |""",
    },
)

GREENSLEEVES = Tune(
    stem="greensleeves",
    title="Greensleeves",
    composer="English ballad (1580)",
    program=24,  # nylon-string guitar
    key=(0, 1),
    scale="A B C D E F# G G#",
    tempos={1: 108},
    form="P A B E A B F",
    phrases={
        "P": "Rq. Rq A4e |",
        "A": """C5q D5e E5e. F#5s E5e | D5q B4e G4e. A4s B4e | C5q A4e A4e. G#4s A4e | B4q G#4e E4q A4e |
                C5q D5e E5e. F#5s E5e | D5q B4e G4e. A4s B4e | C5e. B4s A4e G#4e. F#4s G#4e | A4q. A4q. |""",
        "B": """G5q. G5e. F#5s E5e | D5q B4e G4e. A4s B4e | C5q A4e A4e. G#4s A4e | B4q G#4e E4q. |
                G5q. G5e. F#5s E5e | D5q B4e G4e. A4s B4e | C5e. B4s A4e G#4e. F#4s G#4e |""",
        "E": "A4q. A4q A4e |",
        "F": "A4h. |",
    },
    meter=(6, 8),
)

AMAZING_GRACE = Tune(
    stem="amazing_grace",
    title="Amazing Grace",
    composer="American hymn tune New Britain (1829)",
    program=16,  # organ
    key=(1, 0),
    scale="G A B D E",
    tempos={1: 100},
    form="P A E A F",
    phrases={
        "P": "Rh D4q |",
        "A": """G4h B4e G4e | B4h A4q | G4h E4q | D4h D4q | G4h B4e G4e | B4h A4q | D5h.~ | D5h B4q |
                D5q. B4e D5e B4e | G4h D4q | E4q. G4e G4e E4e | D4h D4q | G4h B4e G4e | B4h A4q |""",
        "E": "G4h.~ | G4h D4q |",
        "F": "G4h.~ | G4h Rq |",
    },
    meter=(3, 4),
)

OH_SUSANNA = Tune(
    stem="oh_susanna",
    title="Oh! Susanna",
    composer="Stephen Foster (1848)",
    program=25,  # steel-string guitar
    key=(1, 0),
    scale="G A B C D E",
    tempos={1: 112},
    form="P A B E A B F C B E A B E A B F C B F",
    phrases={
        "P": "Rq Re G4s A4s |",
        "A": "B4e D5e D5e. E5s | D5e B4e G4e. A4s | B4e B4e A4e G4e | A4q. G4s A4s |",
        "B": "B4e D5e D5e. E5s | D5e B4e G4e. A4s | B4e B4e A4e A4e |",
        "C": "C5q C5q | E5e E5q E5e | D5e D5e B4e G4e | A4q. G4s A4s |",
        "E": "G4q. G4s A4s |",
        "F": "G4q. Re |",
    },
    meter=(2, 4),
)

TUNES = (KOROBEINIKI, MOUNTAIN_KING, ODE_TO_JOY, WHEN_THE_SAINTS, GREENSLEEVES, AMAZING_GRACE, OH_SUSANNA)


def parse(text: str, bar_ticks: int, shift: int = 0) -> list[tuple[int, int, int]]:
    """Read a phrase: (onset, ticks, MIDI pitch) of its notes, `shift` semitones up; rests only move the time on.

    Raises ValueError for a word that is no note, a bar that is not bar_ticks long, or a tie to another pitch.
    """
    notes: list[tuple[int, int, int]] = []
    time, tied = 0, False
    for bar, words in enumerate(text.split("|")[:-1], start=1):
        for word in words.split():
            match = EVENT.fullmatch(word)
            if match is None:
                raise ValueError(f"bar {bar}: {word!r} is not a note or a rest")
            letter, accidental, octave, length, dot, tie = match.groups()
            ticks = round(TICKS_PER_QUARTER * LENGTHS[length] * (1.5 if dot else 1.0))
            if letter:
                pitch = 12 * (int(octave) + 1) + SEMITONES[letter] + ACCIDENTALS[accidental] + shift
                if tied and notes[-1][2] != pitch:
                    raise ValueError(f"bar {bar}: {word!r} is tied to another pitch")
                if tied:
                    notes[-1] = (notes[-1][0], notes[-1][1] + ticks, pitch)
                else:
                    notes.append((time, ticks, pitch))
            time, tied = time + ticks, bool(tie)
        if time != bar * bar_ticks:
            raise ValueError(f"bar {bar} ends {(time - bar * bar_ticks) / TICKS_PER_QUARTER:+g} quarters off")
    return notes


def bars(tune: Tune) -> int:
    """Bars of the tune, the pickup's bar counted as the first."""
    return sum(tune.phrases[name[0]].count("|") for name in tune.form.split())


def velocity(tune: Tune, tick: int) -> int:
    """How hard a player strikes a note at a tick."""
    within = tick % tune.bar_ticks
    if within == 0:
        return FIRST_VELOCITY
    if within % tune.beat_ticks:
        return OFFBEAT_VELOCITY
    return MIDDLE_VELOCITY if 2 * within == tune.bar_ticks else BEAT_VELOCITY


def score(tune: Tune) -> symusic.Score:
    """The tune as a one-track score, with its tempo map, its meter and its key."""
    track = symusic.Track(name=tune.title, program=tune.program, is_drum=False)
    start = 0
    for name in tune.form.split():
        for time, ticks, pitch in parse(tune.phrases[name[0]], tune.bar_ticks, OCTAVES[name[1:]]):
            track.notes.append(symusic.Note(start + time, ticks, pitch, velocity(tune, start + time)))
        start += tune.bar_ticks * tune.phrases[name[0]].count("|")
    song = symusic.Score(TICKS_PER_QUARTER)
    song.tempos = [symusic.Tempo(tune.bar_ticks * (bar - 1), qpm) for bar, qpm in tune.tempos.items()]
    song.time_signatures = [symusic.TimeSignature(0, *tune.meter)]
    song.key_signatures = [symusic.KeySignature(0, *tune.key)]
    song.tracks = [track]
    return song


def main() -> None:
    for tune in TUNES:
        path = FOLDER / f"{tune.stem}.mid"
        path.write_bytes(score(tune).dumps_midi())
        print(f"wrote {path.name}: {tune.title}, {tune.composer}, {bars(tune)} bars")


if __name__ == "__main__":
    main()
