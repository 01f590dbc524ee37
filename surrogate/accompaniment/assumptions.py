"""What was taken for granted of a song, in words, so that a player sees where the music may have been misread."""

import dataclasses

from surrogate.accompaniment.options import Options
from surrogate.reading import keys, swing
from surrogate.reading.melody import Melody

_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR = ("A", "Bb", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#")


@dataclasses.dataclass(frozen=True)
class Assumptions:
    """Each a few words: the key that the notes fit, the meter, the pickup, and how beats are divided."""

    key: str
    meter: str
    pickup: str
    swing: str

    def __str__(self) -> str:
        return "; ".join(f"{name}: {words}" for name, words in dataclasses.asdict(self).items())


def assumptions(melody: Melody, options: Options, *, in_c: bool) -> Assumptions:
    """Tells what was assumed of a melody.

    Args:
        melody: the line as it was read.
        options: what the player said, which was not assumed.
        in_c: whether the models know one key only, so that the melody was moved to it.
    """
    beats, feel = _pickup_beats(melody), _feel(melody.feel)
    return Assumptions(
        key=_key(melody) if in_c else "of no account to this model",
        meter=_meter(melody),
        pickup=(count(beats, "beat") if beats else "none") + _asked(options.pickup),
        swing=feel + _asked(options.swing),
    )


def count(number: float, noun: str) -> str:
    """A number and its noun, as "1 bar" or "2 bars"."""
    return f"{number:g} {noun}{'' if number == 1 else 's'}"


def _asked(wanted):
    return "" if wanted is None else ", as asked"


def _key(melody):
    shift = keys.semitones_to_c(melody.tokens)
    tonic = -shift % 12
    moved = f", read {count(abs(shift), 'semitone')} {'higher' if shift > 0 else 'lower'}" if shift else ""
    return f"notes fit {_MAJOR[tonic]} major / {_MINOR[tonic]} minor{moved} (no key signature is read)"


def _meter(melody):
    end = melody.grid.ticks[-1]
    marks = sorted(melody.score.time_signatures, key=lambda mark: mark.time)
    read = {mark.time: f"{mark.numerator}/{mark.denominator}" for mark in marks if mark.time < end}
    meters = " and ".join(dict.fromkeys(({0: "4/4"} | read).values()))
    return meters if read else f"{meters} (the file names none)"


def _pickup_beats(melody):
    """Quarter notes before the first bar line."""
    first_line = next(tick for tick in melody.grid.bar_ticks if tick >= 0)
    return float(first_line / melody.score.ticks_per_quarter)


def _feel(feel):
    if feel.eighth != swing.STRAIGHT:
        return f"second eighth at {feel.eighth:.2f} of a beat"
    if feel.sixteenth != swing.STRAIGHT:
        return f"second 16th at {feel.sixteenth:.2f} of an eighth"
    return "none"
