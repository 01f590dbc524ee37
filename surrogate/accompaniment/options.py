"""What a player may ask of an accompaniment, checked."""

import dataclasses
import math
import numbers
import os

from surrogate.reading import meters
from surrogate.reading.keys import Key

KEEP = ("melody", "all")
BEATS = ("file", "played")
RANGES = {  # name: least, most
    "takes": (1, 8),
    "seed": (0, (1 << 32) - 1),
    "bass_temperature": (0, math.inf),
    "drum_temperature": (0, math.inf),
    "bass_density": (-2, 2),
    "drum_density": (-2, 2),
    "human": (0, 4),
    "program": (0, 127),
    "hands": (1, 2),
    "swing": (0.5, 0.8),
    "pickup": (0, math.inf),
    "tempo": (40, 240),
}
_TYPES = (  # options, of what type they are, and in words
    (("takes", "seed", "program", "hands"), numbers.Integral, "a whole number"),
    (("bass_temperature", "drum_temperature", "bass_density", "drum_density"), numbers.Real, "a number"),
    (("swing", "pickup", "human", "tempo"), numbers.Real, "a number"),
    (("track",), (numbers.Integral, str), "a number or a name"),
    (("key", "meter", "beats"), str, "a text"),
    (("like",), (str, os.PathLike), "a path"),
    (("chords",), (str, os.PathLike, bool), "chords, a path, True or False"),
    (("replace", "reharmonise", "bass", "drums", "ending"), bool, "True or False"),
)


def range_text(name: str) -> str:
    """The values that an option of RANGES may have, as "from 1 to 8"."""
    least, most = RANGES[name]
    return f"{least} or more" if most == math.inf else f"from {least} to {most}"


@dataclasses.dataclass(frozen=True)
class Options:
    """Every choice, each with what a player would expect.

    Raises:
        ValueError: a value of another type or out of range; one line that begins with the option's name.
    """

    track: int | str | None = None
    """The melody's track, by number (from 1) or name; None finds it."""
    hands: int | None = None
    """How many hands play that track: 1, all of it is the melody, or 2, the upper one's line is; None finds it."""
    beats: str | None = None
    """"file": the file's own beats; "played": those that it was played to without a click; None: these where
    the file's cannot be right."""
    tempo: float | None = None
    """About how many beats a minute the melody was played at, 40 to 240, which means beats="played"; None finds it."""
    pickup: float | None = None
    """Quarter notes before the first bar line; None finds it."""
    meter: str | None = None
    """The whole song's, as "3/4", or with its groups "7/8:2+2+3"; None reads it from the file."""
    swing: float | None = None
    """Where in a beat its second eighth is played, 0.5 straight to 0.8; None finds it."""
    key: str | None = None
    """The song's key, as "G minor", "F# major" or "Bb"; None finds it."""
    chords: str | os.PathLike | bool | None = None
    """Chords as "C | Am F | G7/B", or a file of them (surrogate.reading.chord_sheet); None or True: those that the
    song's own file holds; False: none, the models find them."""
    keep: str = "melody"
    """Which of the song's tracks are written: "melody" or "all"."""
    replace: bool = False
    """With keep="all", write bass and drums anew where the song has them; otherwise its own stay, and stay alone."""
    takes: int = 1
    """How many different accompaniments."""
    reharmonise: bool = False
    """Takes differ in their chords, too; with two takes or more."""
    seed: int = 0
    """Another seed, other dice."""
    bass_temperature: float | None = None
    """How freely the bass and its chords are drawn: 0 safe, 1 as free as people are; None: the model's own."""
    drum_temperature: float | None = None
    """The same of the drums."""
    bass_density: float = 0.0
    """-2 to 2: each whole step doubles or halves how many notes the bass plays."""
    drum_density: float = 0.0
    """The same of the drums."""
    like: str | os.PathLike | None = None
    """A MIDI file with melody, bass and drums, to play as if its band went on with this song."""
    human: float = 1.0
    """How far bass and drums stray from the grid in time: 0 not at all, 1 as people do who play to a click."""
    bass: bool = True
    """Write a bass."""
    drums: bool = True
    """Write drums."""
    ending: bool = True
    """Stop with the melody; otherwise play its last bar to the end, as a loop needs."""
    program: int = 33
    """The bass's General MIDI program, 0 to 127, as MIDI files count them."""

    def __post_init__(self):
        for names, kinds, words in _TYPES:
            for name in names:
                value = getattr(self, name)
                if not isinstance(value, kinds) and not (value is None and getattr(Options, name) is None):
                    raise ValueError(f"{name} must be {words}, not {value!r}")
        for name, (least, most) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not (least <= value <= most and math.isfinite(value)):
                raise ValueError(f"{name} must be {range_text(name)}, not {value}")
        for name, parse in (("key", Key.parse), ("meter", meters.parse)):
            if getattr(self, name) is not None:
                try:
                    parse(getattr(self, name))
                except ValueError as mistake:
                    raise ValueError(f"{name} {mistake}") from None
        if self.beats not in (None, *BEATS):
            raise ValueError(f'beats must be "file" or "played", not {self.beats!r}')
        if self.beats == "file" and self.tempo is not None:
            raise ValueError('tempo is for beats that are found, not for beats="file"')
        if self.keep not in KEEP:
            raise ValueError(f'keep must be "melody" or "all", not {self.keep!r}')
        if not (self.bass or self.drums):
            raise ValueError("bass and drums must not both be left out")
        if self.replace and self.keep != "all":
            raise ValueError('replace is for keep="all", which is not given')
        if self.reharmonise and self.takes < 2:
            raise ValueError("reharmonise needs takes to differ: ask for two or more")
        if isinstance(self.chords, str):
            _check_chords(self.chords)


def _check_chords(chords):
    from surrogate.reading import chord_sheet  # late, as it brings NumPy, for which a wrong flag need not wait

    try:
        if not chord_sheet.is_file(chords):
            chord_sheet.parse(chords)
    except chord_sheet.SheetError as mistake:
        raise ValueError(f"chords {mistake}") from None
