"""Write the example melodies: four public-domain tunes, from the notation below to MIDI files beside this script.

    python examples/write_examples.py

A note is pitch, octave and length: `C4q` is middle C for a quarter note, `F#4e` the F sharp above it for an eighth;
`R` in the place of the pitch is a rest.
Lengths are w(hole), h(alf), q(uarter), e(ighth), s(ixteenth), a dot adds half of it, `~` ties a note to the next one.
Bars end with `|` and hold four quarters each. A form names phrases in order; `'` plays one an octave higher, `,` lower.
"""

import dataclasses
import pathlib
import re

import symusic

FOLDER = pathlib.Path(__file__).parent
TICKS_PER_BEAT = 480
BAR_TICKS = 4 * TICKS_PER_BEAT

LENGTHS = {"w": 4.0, "h": 2.0, "q": 1.0, "e": 0.5, "s": 0.25}
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1}
OCTAVES = {"": 0, "'": 12, ",": -12}
EVENT = re.compile(r"(?:R|([A-G])([#b]?)(\d))([whqes])(\.?)(~?)")

# A player leans on the first beat, a little on the third, and least between the beats.
ACCENTS = {0: 100, 2 * TICKS_PER_BEAT: 92}
BEAT_VELOCITY, OFFBEAT_VELOCITY = 86, 80


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

TUNES = (KOROBEINIKI, MOUNTAIN_KING, ODE_TO_JOY, WHEN_THE_SAINTS)


def parse(text: str, shift: int = 0) -> list[tuple[int, int, int]]:
    """Read a phrase: (onset, ticks, MIDI pitch) of its notes, `shift` semitones up; rests only move the time on.

    Raises ValueError for a word that is no note, a bar that is not four beats long, or a tie to another pitch.
    """
    notes: list[tuple[int, int, int]] = []
    time, tied = 0, False
    for bar, words in enumerate(text.split("|")[:-1], start=1):
        for word in words.split():
            match = EVENT.fullmatch(word)
            if match is None:
                raise ValueError(f"bar {bar}: {word!r} is not a note or a rest")
            letter, accidental, octave, length, dot, tie = match.groups()
            ticks = round(TICKS_PER_BEAT * LENGTHS[length] * (1.5 if dot else 1.0))
            if letter:
                pitch = 12 * (int(octave) + 1) + SEMITONES[letter] + ACCIDENTALS[accidental] + shift
                if tied and notes[-1][2] != pitch:
                    raise ValueError(f"bar {bar}: {word!r} is tied to another pitch")
                if tied:
                    notes[-1] = (notes[-1][0], notes[-1][1] + ticks, pitch)
                else:
                    notes.append((time, ticks, pitch))
            time, tied = time + ticks, bool(tie)
        if time != bar * BAR_TICKS:
            raise ValueError(f"bar {bar} ends {(time - bar * BAR_TICKS) / TICKS_PER_BEAT:+g} beats off")
    return notes


def bars(tune: Tune) -> int:
    """Bars of the tune, the pickup's bar counted as the first."""
    return sum(tune.phrases[name[0]].count("|") for name in tune.form.split())


def score(tune: Tune) -> symusic.Score:
    """The tune as a one-track score, with its tempo map, 4/4 and its key."""
    track = symusic.Track(name=tune.title, program=tune.program, is_drum=False)
    start = 0
    for name in tune.form.split():
        for time, ticks, pitch in parse(tune.phrases[name[0]], OCTAVES[name[1:]]):
            onset = start + time
            velocity = BEAT_VELOCITY if onset % TICKS_PER_BEAT == 0 else OFFBEAT_VELOCITY
            velocity = ACCENTS.get(onset % BAR_TICKS, velocity)
            track.notes.append(symusic.Note(onset, ticks, pitch, velocity))
        start += BAR_TICKS * tune.phrases[name[0]].count("|")
    song = symusic.Score(TICKS_PER_BEAT)
    song.tempos = [symusic.Tempo(BAR_TICKS * (bar - 1), qpm) for bar, qpm in tune.tempos.items()]
    song.time_signatures = [symusic.TimeSignature(0, 4, 4)]
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
