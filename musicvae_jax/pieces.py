"""A song's notes -> its pieces: stretches of 4/4, in steps, that are long enough for a window."""

import dataclasses

import numpy as np

from musicvae_jax import events, midi_messages
from musicvae_jax.notes import DEFAULT_QPM, Notes, opening_scale, tempo_stretches

MAX_BARS = 1024
UNUSED = 3
"""What an instrument plays that plays none of events.TRACKS."""


@dataclasses.dataclass(frozen=True)
class Piece:
    """A stretch of 4/4 that is long enough for a window: its bars, and the notes of its parts in steps."""

    bars: int
    notes: Notes


def meters(meter):
    """Tells of time signatures how long their bars are.

    Args:
        meter: int64 [K, 4] as in midi_messages.Messages, in order of time.

    Returns:
        Tick, steps per bar (float64) and whether it is a change, of each and of an implicit 4/4 before them at tick 0.
    """
    meter = np.concatenate([[[0, 0, 4, 4]], meter])
    changed = np.append(False, (meter[1:, 2:] != meter[:-1, 2:]).any(axis=1))
    return meter[:, 1], events.STEPS_PER_BEAT * 4.0 / meter[:, 3] * meter[:, 2], changed


def quantise(notes: Notes, part, times, cuts, meters, rates) -> list[Piece]:
    """Cuts a song into pieces and quantises its notes.

    Args:
        notes: all notes; their own times do not count.
        part: int64 [I], what each instrument can play.
        times: float64 or int64 [N] each, start and end of the notes.
        cuts: times where a new piece begins, besides 0.
        meters: times, and the steps of a bar from then on.
        rates: times, and the steps of a unit of time from then on.

    Returns:
        The pieces of 16-step bars that are long enough for a window.
    """
    start, end = times
    total = end.max(initial=0)
    cuts = np.sort(np.append(0, cuts[cuts < total]))
    in_four = meters[1][np.searchsorted(meters[0], cuts, side="right") - 1] == events.STEPS_PER_BAR
    rate = rates[1][np.searchsorted(rates[0], cuts, side="right") - 1]
    cuts = np.append(cuts, total)
    piece = np.searchsorted(cuts[:-1], start, side="right") - 1
    origin, rate_of_note = cuts[piece], rate[piece]
    start_step = ((start - origin) * rate_of_note + 0.5).astype(np.int64)
    end_step = ((np.minimum(end, cuts[piece + 1]) - origin) * rate_of_note + 0.5).astype(np.int64)
    end_step = np.maximum(end_step, start_step + 1)
    last = np.zeros(len(rate), np.int64)
    np.maximum.at(last, piece, end_step)
    bars = np.minimum(-(-last // events.STEPS_PER_BAR), MAX_BARS)
    in_steps = dataclasses.replace(notes, start=start_step, end=end_step)
    plays = part[notes.instrument] != UNUSED
    long_enough = np.flatnonzero(in_four & (bars >= events.BARS_PER_WINDOW))
    return [Piece(int(bars[index]), in_steps.where(plays & (piece == index))) for index in long_enough]


def magenta_pieces(song: midi_messages.Messages, notes: Notes, part) -> list[Piece]:
    """The notes in steps of every piece between two changes of tempo or meter, where a bar is 16 steps.

    Args:
        song: the messages.
        notes: their notes, in ticks.
        part: int64 [I], what each instrument can play.
    """
    tempo_tick, tempo_second, scale = tempo_stretches(song)

    def seconds(tick):
        stretch = np.searchsorted(tempo_tick, tick, side="right") - 1
        return tempo_second[stretch] + scale[stretch] * (tick - tempo_tick[stretch])

    qpm = 60.0 / (scale * song.ticks_per_beat)
    meter_tick, steps_per_bar, meter_cut = meters(song.meter[song.meter[:, 0] == 0])
    meter_second = seconds(meter_tick)
    cuts = np.append(meter_second[meter_cut], tempo_second[qpm != np.append(DEFAULT_QPM, qpm[:-1])])
    rates = tempo_second, events.STEPS_PER_BEAT * qpm / 60.0
    times = seconds(notes.start), seconds(notes.end)
    return quantise(notes, part, times, cuts, (meter_second, steps_per_bar), rates)


def beat_pieces(song: midi_messages.Messages, notes: Notes, part) -> list[Piece]:
    """Lays notes out in steps, for every stretch of 16-step bars, as if the first tempo was that of the whole song.

    Args:
        song: the messages that tell tempo and meter.
        notes: in ticks.
        part: int64 [I], what each instrument plays.
    """
    return tick_pieces(notes, part, song.meter, opening_scale(song), song.ticks_per_beat)


def tick_pieces(notes: Notes, part, meter, scale: float, ticks_per_beat: int) -> list[Piece]:
    """The same of notes in ticks.

    Which way a note between two steps goes is up to the rounding of seconds, so that a song of one tempo has the tokens
    that Magenta gives it.

    Args:
        notes, part: as magenta_pieces takes them.
        meter: int64 [K, 4] as in midi_messages.Messages.
        scale: seconds per tick.
        ticks_per_beat: int.
    """
    tick, steps_per_bar, cut = meters(meter[np.argsort(meter[:, 1], kind="stable")])
    rates = np.zeros(1), np.array([events.STEPS_PER_BEAT * (60.0 / (scale * ticks_per_beat)) / 60.0])
    second = tick * scale
    return quantise(notes, part, (notes.start * scale, notes.end * scale), second[cut], (second, steps_per_bar), rates)
