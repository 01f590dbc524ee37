"""What was taken for granted of a song, in words, so that a player sees where the music may have been misread."""

import dataclasses

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR
from surrogate.accompaniment import given_chords
from surrogate.accompaniment.options import Options
from surrogate.reading import swing
from surrogate.reading.key_finder import FoundKeys
from surrogate.reading.melody import Melody
from surrogate.reading.song_time import FileTime, PlayedTime

_MOST_TOLD = 4
"""Chord symbols that are named of those that cannot be read."""


@dataclasses.dataclass(frozen=True)
class Assumptions:
    """Each a few words: the key, whose beats, the meter, the pickup, how beats are divided, where chords are from."""

    key: str
    beats: str
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
    return Assumptions(
        key="of no account to this model" if found is None else _key(melody, found) + _asked(options.key),
        beats=_beats(melody, options),
        meter=melody.meter,
        pickup=(count(melody.pickup, "beat") if melody.pickup else "none") + _asked(options.pickup),
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


def _beats(melody, options):
    """Whose beats, and how sure those are that were found, as "played, 88 to 95 a minute (sure: 87 %)"."""
    time = melody.time
    if isinstance(time, FileTime):
        wants_others = options.beats == "played" or options.tempo is not None
        return "the file's (no others are found)" if wants_others else "the file's" + _asked(options.beats)
    slowest, fastest = (f"{qpm:.0f}" for qpm in time.tempos)
    tempo = slowest if slowest == fastest else f"{slowest} to {fastest}"
    return f"played, {tempo} a minute{_asked(options.tempo)} (sure: {100 * time.found.sure:.0f} %)"


def _lag(melody):
    if isinstance(melody.time, PlayedTime) or not melody.time.lag:
        return ""
    milliseconds = 60_000 * melody.time.lag / melody.score.ticks_per_quarter / melody.tempo
    return f"; played {milliseconds:.0f} ms late"


def _chords(melody, options):
    if options.chords is False:
        return "the model's own, as asked"
    words = "the model's own (none are given)" if melody.chords is None else melody.chords.origin
    unread = _unread(melody, options)
    if not unread:
        return words
    left_out = f" and {len(unread) - _MOST_TOLD} more" if len(unread) > _MOST_TOLD else ""
    return f"{words}; no chord to this program: {', '.join(unread[:_MOST_TOLD])}{left_out}"


def _unread(melody, options):
    """What a score, or a MIDI file among its chords, holds in the place of a chord and is none to this program."""
    if given_chords.are_asked_for(options):
        return ()
    if melody.song.notation is not None:
        return melody.song.notation.unread
    return () if melody.chords is None else melody.chords.unread


def _swing(swing_of_song):
    if swing_of_song.eighth != swing.STRAIGHT:
        return f"second eighth at {swing_of_song.eighth:.2f} of a beat"
    if swing_of_song.sixteenth != swing.STRAIGHT:
        return f"second 16th at {swing_of_song.sixteenth:.2f} of an eighth"
    return "none"
