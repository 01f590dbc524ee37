"""What was taken for granted of a song, in words, so that a player sees where the music may have been misread."""

import dataclasses

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR
from surrogate.accompaniment.options import Options
from surrogate.reading import swing, tempos
from surrogate.reading.key_finder import FoundKeys
from surrogate.reading.melody import Melody


@dataclasses.dataclass(frozen=True)
class Assumptions:
    """Each a few words: the key, the meter, the pickup, how beats are divided, and where chords are from."""

    key: str
    meter: str
    pickup: str
    swing: str
    chords: str

    def __str__(self) -> str:
        return "; ".join(f"{name}: {words}" for name, words in dataclasses.asdict(self).items())


def assumptions(melody: Melody, found: FoundKeys | None, options: Options, *, knows_chords: bool) -> Assumptions:
    """Tells what was assumed of a melody.

    Args:
        melody: the line as it was read.
        found: its keys; None where the models read any key as it is.
        options: what the player said, which was not assumed.
        knows_chords: whether the models can be given chords.
    """
    beats = pickup_beats(melody)
    return Assumptions(
        key="of no account to this model" if found is None else _key(melody, found) + _asked(options.key),
        meter=melody.meter,
        pickup=(count(beats, "beat") if beats else "none") + _asked(options.pickup),
        swing=_swing(melody.swing) + _asked(options.swing) + _lag(melody),
        chords=_chords(melody, options) if knows_chords else "of no account to this model",
    )


def count(number: float, noun: str) -> str:
    """A number and its noun, as "1 bar" or "2 bars"."""
    return f"{number:g} {noun}{'' if number == 1 else 's'}"


def _asked(wanted):
    return "" if wanted is None else ", as asked"


def _key(melody, found):
    """The sections' keys, how sure the main one is, and what told it, as "G major (sure: 93 %, from the notes)"."""
    first_ticks = [melody.grid.ticks[STEPS_PER_BAR * bar] for bar, _ in found.sections]
    bars = np.searchsorted(melody.grid.bar_ticks, first_ticks, side="right")
    names = [key.name for _, key in found.sections]
    changes = (f", {name} from bar {bar}" for name, bar in zip(names[1:], bars[1:], strict=True))
    told = f" (sure: {100 * found.probability:.0f} %, from the {' and '.join(found.sources)})" if found.sources else ""
    return names[0] + "".join(changes) + told


def pickup_beats(melody: Melody) -> float:
    """Quarter notes before the first bar line."""
    first_line = next(tick for tick in melody.grid.bar_ticks if tick >= melody.lag)
    return float((first_line - melody.lag) / melody.score.ticks_per_quarter)


def _lag(melody):
    qpm = tempos.longest(melody.score.tempos, int(melody.grid.ticks[-1]))
    milliseconds = 60_000 * melody.lag / melody.score.ticks_per_quarter / qpm
    return f"; played {milliseconds:.0f} ms late" if melody.lag else ""


def _chords(melody, options):
    if options.chords is False:
        return "the model's own, as asked"
    return "the model's own (none are given)" if melody.chords is None else melody.chords.origin


def _swing(swing_of_song):
    if swing_of_song.eighth != swing.STRAIGHT:
        return f"second eighth at {swing_of_song.eighth:.2f} of a beat"
    if swing_of_song.sixteenth != swing.STRAIGHT:
        return f"second 16th at {swing_of_song.sixteenth:.2f} of an eighth"
    return "none"
