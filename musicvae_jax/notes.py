"""The messages of a MIDI file -> the notes of its instruments, paired, numbered and timed as pretty_midi does it.

Magenta reads MIDI through pretty_midi; its choice and order of windows hang on which notes that drops and how it
numbers instruments.
"""

import dataclasses

import numpy as np

from musicvae_jax import midi_messages

DRUM_CHANNEL = 9
MAX_INSTRUMENTS = 128
DEFAULT_QPM = 120.0


@dataclasses.dataclass(frozen=True)
class Notes:
    """Notes, int64 [N] each: start and end (ticks, or steps of a piece), MIDI pitch, instrument; by instrument."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    instrument: np.ndarray

    def where(self, kept: np.ndarray) -> "Notes":
        """The notes of a mask, bool [N], or of indices, int [M]."""
        if kept.dtype == bool:
            kept = np.flatnonzero(kept)  # taking four times by index is faster than four times by mask
            if len(kept) == len(self.start):
                return self
        return Notes(self.start[kept], self.end[kept], self.pitch[kept], self.instrument[kept])


def instruments(song: midi_messages.Messages) -> tuple[np.ndarray, np.ndarray, Notes]:
    """Finds the instruments of a song and their notes.

    An instrument is one program on one channel of one track chunk; they are numbered as their first notes end.

    Returns:
        The program of each instrument (int64 [I]), whether it is the drums (bool [I]), and all notes in ticks.
    """
    start, end, pitch, channel, closing = _pair(song)
    change = np.flatnonzero(song.status >> 4 == midi_messages.PROGRAM_STATUS)
    change_channel = song.chunk[change] << 4 | song.status[change] & 15
    changes = np.append(-1 << 32, np.sort(change_channel << 32 | change))
    latest = changes[np.searchsorted(changes, channel << 32 | closing) - 1]
    program = np.where(latest >> 32 == channel, song.first[latest & 0xFFFFFFFF], 0)
    # Numbering the channels that play keeps the table of instruments small however many track chunks there are.
    plays = np.bincount(channel) > 0
    key = (np.cumsum(plays) - 1)[channel] << 7 | program
    first_end = np.full(np.count_nonzero(plays) << 7, len(song.tick))
    np.minimum.at(first_end, key, closing)
    keys = np.argsort(first_end)[: np.count_nonzero(first_end < len(song.tick))][:MAX_INSTRUMENTS]
    number = np.full(len(first_end), MAX_INSTRUMENTS)
    number[keys] = np.arange(len(keys))
    instrument = number[key]
    is_drum = np.flatnonzero(plays)[keys >> 7] & 15 == DRUM_CHANNEL
    order = np.argsort(instrument.astype(np.int16), kind="stable")[: np.count_nonzero(instrument < MAX_INSTRUMENTS)]
    return keys & 127, is_drum, Notes(start, end, pitch, instrument).where(order)


def _pair(song: midi_messages.Messages):
    """Pairs note-ons with the note-offs that end them, as pretty_midi does.

    A note-off ends every sounding note of its channel and pitch that began before its tick. Notes that began on its
    tick sound on if it ended another, and are dropped if it did not; so are notes that nothing ends.

    Returns:
        int64 [N] each, by channel, pitch and start: start and end in ticks, pitch, channel (16 a track chunk), and the
        index of the note-off among the messages.
    """
    message = np.flatnonzero(song.status < 0xA0)
    voice = (song.chunk << 4 | song.status & 15) << 7 | song.first
    # Sorting one number is faster than sorting indices by two.
    packed = np.sort(voice[message] << 32 | message)
    message, voice = packed & 0xFFFFFFFF, packed >> 32
    tick = song.tick[message]
    is_on = (song.status[message] >> 4 == midi_messages.NOTE_ON_STATUS) & (song.second[message] > 0)
    off = np.flatnonzero(~is_on)
    on = np.flatnonzero(is_on)
    # Of every note-on, the first note-off after it; one past the last stands for none.
    after = np.cumsum(~is_on)[on]
    ended = np.append(voice[off], -1)[after] == voice[on]
    on, after = on[ended], after[ended]
    late = tick[on] == tick[off[after]]

    later = np.zeros(len(off), bool)  # than the note-off before it in the same voice
    later[1:] = (voice[off[1:]] == voice[off[:-1]]) & (tick[off[1:]] > tick[off[:-1]])
    if late.any():
        ends_one = np.bincount(after[~late], minlength=len(off)) > 0
        has_late = np.bincount(after[late], minlength=len(off)) > 0
        # Whether it keeps its late notes may hang on the note-off before it having kept some, which this one then ends.
        known = ~has_late | ends_one | ~later
        keeps = (has_late & ends_one)[np.maximum.accumulate(np.where(known, np.arange(len(off)), 0))]
        sounds_on = late & keeps[after] & np.append(later[1:], False)[after]
        on, after = on[~late | sounds_on], (after + late)[~late | sounds_on]
    closing = off[after]
    return tick[on], tick[closing], voice[on] & 127, voice[on] >> 7, message[closing]


def tempo_stretches(song: midi_messages.Messages) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cuts a song into stretches of one tempo.

    The order of the float operations is pretty_midi's, so that quantisation rounds as Magenta's does; like it, only
    the first track chunk is heeded.

    Returns:
        Of each stretch its start (tick, int64 [K]; second, float64 [K]) and its seconds per tick (float64 [K]).
    """
    later = song.tempo[(song.tempo[:, 0] == 0) & (song.tempo[:, 1] > 0) & (song.tempo[:, 2] > 0)]
    tick = np.append(0, later[:, 1])
    scale = np.append(opening_scale(song), 60.0 / ((6e7 / later[:, 2]) * song.ticks_per_beat))
    changed = np.append(True, scale[1:] != scale[:-1])
    tick, scale = tick[changed], scale[changed]
    second = np.append(0.0, np.cumsum(scale[:-1] * np.diff(tick)))
    return tick, second, scale


def opening_scale(song: midi_messages.Messages) -> float:
    """Seconds per tick at the beginning of the song, as tempo_stretches has them."""
    at_zero = (song.tempo[:, 0] == 0) & (song.tempo[:, 1] <= 0) & (song.tempo[:, 2] > 0)
    microseconds = song.tempo[at_zero, 2]
    qpm = 6e7 / microseconds[-1] if len(microseconds) else DEFAULT_QPM
    return 60.0 / (qpm * song.ticks_per_beat)
