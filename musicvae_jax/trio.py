"""A song -> its trio windows: every 16 bars in which a melody, a bass and a drum track all play.

The behaviour is that of Magenta's TrioConverter (magenta/models/music_vae/data.py) on the NoteSequence that note-seq
makes of the file: window for window, token for token, in the same order.
"""

import dataclasses

import numpy as np

from musicvae_jax import events, midi

MELODY_PROGRAMS = range(0, 32)
BASS_PROGRAMS = range(32, 40)
DRUM_CHANNEL = 9
GAP_BARS = 2
MAX_BARS = 1024
MAX_INSTRUMENTS = 128
DEFAULT_QPM = 120.0

MELODY, BASS, DRUMS = range(3)
_UNUSED = 3
_PART_OF_PROGRAM = np.full(128, _UNUSED)
_PART_OF_PROGRAM[MELODY_PROGRAMS] = MELODY
_PART_OF_PROGRAM[BASS_PROGRAMS] = BASS


@dataclasses.dataclass(frozen=True)
class _Notes:
    """Notes, int64 [N] each: start and end (ticks, or steps of a piece), MIDI pitch, instrument; by instrument."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    instrument: np.ndarray

    def where(self, kept) -> "_Notes":
        return _Notes(self.start[kept], self.end[kept], self.pitch[kept], self.instrument[kept])


def trio_windows(path, max_windows: int | None = None, *, hop_bars: int = 1, seed: int | None = None, grid="magenta"):
    """Cuts a song into trio windows.

    Args:
        path: a MIDI file, or a symusic Score in ticks. A Score counts as the file that midi.write makes of it, so the
            windows of midi.read(path) can come in another order than those of path.
        max_windows: the most windows to return; None returns all.
        hop_bars: keep the windows that start on a multiple of this many bars; 1 is Magenta's.
        seed: with max_windows, draw that many windows at random instead of taking the first; the order is kept.
        grid: "magenta" quantises seconds at the tempo of the moment and cuts the song at every change of tempo or
            meter, both as the first track of the file has them. "beats" quantises ticks and cuts only where the
            meter changes, in any track. Either way only stretches with bars of 16 steps, 4/4 or 2/2, are used.

    Returns:
        uint16 [n, 256, 3], columns melody, bass, drums; n = 0 where the song has no such window.

    Raises:
        midi.MidiError: the file cannot be read.
        ValueError: an argument is out of range.
    """
    if grid not in _GRIDS:
        raise ValueError(f"grid must be one of {', '.join(_GRIDS)}, not {grid!r}")
    if hop_bars < 1:
        raise ValueError(f"hop_bars must be at least 1, not {hop_bars}")
    if max_windows is not None and max_windows < 0:
        raise ValueError(f"max_windows must not be negative, not {max_windows}")
    song = midi.messages(path)
    part, notes = _instruments(song)
    pieces = _GRIDS[grid](song, notes)
    windows = [_windows(piece, part, hop_bars) for piece in pieces]
    counts = np.array([len(window) for window in windows], np.int64)
    chosen = np.arange(counts.sum())
    if max_windows is not None and max_windows < len(chosen):
        if seed is None:
            chosen = chosen[:max_windows]
        else:
            chosen = np.sort(np.random.default_rng(seed).choice(len(chosen), max_windows, replace=False))
    first = np.cumsum(counts) - counts
    shares = np.split(chosen, np.searchsorted(chosen, first[1:]))
    tokens = [np.zeros((0, events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)]
    for piece, window, begin, share in zip(pieces, windows, first, shares, strict=False):
        if len(share):
            tokens.append(_materialise(piece, window[share - begin]))
    return np.concatenate(tokens)


def _instruments(song: midi.Messages) -> tuple[np.ndarray, _Notes]:
    """The part that each instrument can play, int64 [I], and all notes in ticks.

    An instrument is one program on one channel of one track chunk; they are numbered as their first notes end.
    """
    start, end, pitch, channel, closing = _pair(song)
    change = np.flatnonzero(song.status >> 4 == midi.PROGRAM_CHANGE)
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
    part = np.where(is_drum, DRUMS, _PART_OF_PROGRAM[keys & 127])
    order = np.argsort(instrument.astype(np.int16), kind="stable")[: np.count_nonzero(instrument < MAX_INSTRUMENTS)]
    return part, _Notes(start, end, pitch, instrument).where(order)


def _pair(song: midi.Messages):
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
    is_on = (song.status[message] >> 4 == midi.NOTE_ON) & (song.second[message] > 0)
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


def _tempo_map(song: midi.Messages):
    """Start (tick, int64 [K]; second, float64 [K]) and seconds per tick (float64 [K]) of every stretch of one tempo.

    The order of the float operations is pretty_midi's, so that quantisation rounds as Magenta's does; like it, only
    the first track chunk is heeded.
    """
    in_first = song.tempo[(song.tempo[:, 0] == 0) & (song.tempo[:, 2] > 0)]
    tick, microseconds = in_first[:, 1], in_first[:, 2]
    scale = 60.0 / ((6e7 / microseconds) * song.ticks_per_beat)
    default = 60.0 / (DEFAULT_QPM * song.ticks_per_beat)
    opening = int(np.searchsorted(tick, 0, side="right"))
    tick = np.append(0, tick[opening:])
    scale = np.append(scale[opening - 1] if opening else default, scale[opening:])
    changed = np.append(True, scale[1:] != scale[:-1])
    tick, scale = tick[changed], scale[changed]
    second = np.append(0.0, np.cumsum(scale[:-1] * np.diff(tick)))
    return tick, second, scale


def _magenta_pieces(song: midi.Messages, notes: _Notes) -> list[_Notes]:
    """The notes in steps of every piece between two changes of tempo or meter, where a bar is 16 steps."""
    tempo_tick, tempo_second, scale = _tempo_map(song)

    def seconds(tick):
        stretch = np.searchsorted(tempo_tick, tick, side="right") - 1
        return tempo_second[stretch] + scale[stretch] * (tick - tempo_tick[stretch])

    qpm = 60.0 / (scale * song.ticks_per_beat)
    meter_tick, steps_per_bar, meter_cut = _meters(song.meter[song.meter[:, 0] == 0])
    meter_second = seconds(meter_tick)
    cuts = np.append(meter_second[meter_cut], tempo_second[qpm != np.append(DEFAULT_QPM, qpm[:-1])])
    rates = tempo_second, events.STEPS_PER_BEAT * qpm / 60.0, 1.0
    return _quantise(notes, seconds(notes.start), seconds(notes.end), cuts, (meter_second, steps_per_bar), rates)


def _beat_pieces(song: midi.Messages, notes: _Notes) -> list[_Notes]:
    """The notes in steps of every stretch of 16-step bars, tempo ignored."""
    tick, steps_per_bar, cut = _meters(song.meter[np.argsort(song.meter[:, 1], kind="stable")])
    rates = np.zeros(1), np.array([float(events.STEPS_PER_BEAT)]), song.ticks_per_beat
    return _quantise(notes, notes.start, notes.end, tick[cut], (tick, steps_per_bar), rates)


_GRIDS = {"magenta": _magenta_pieces, "beats": _beat_pieces}


def _meters(meter):
    """Tick, steps per bar and whether it is a change, of every time signature and an implicit 4/4 at tick 0.

    meter: int64 [K, 4] as in midi.Messages, in order of time.
    """
    meter = np.concatenate([[[0, 0, 4, 4]], meter])
    changed = np.append(False, (meter[1:, 2:] != meter[:-1, 2:]).any(axis=1))
    return meter[:, 1], events.STEPS_PER_BEAT * 4.0 / meter[:, 3] * meter[:, 2], changed


def _quantise(notes: _Notes, start, end, cuts, meters, rates) -> list[_Notes]:
    """Cuts and quantises the notes; returns those of every piece of 16-step bars that is long enough for a window.

    Args:
        start, end: float64 or int64 [N], times of the notes.
        cuts: times where a new piece begins, besides 0.
        meters: times, and the steps of a bar from then on.
        rates: times, the rate from then on, and a divisor: steps = time * rate / divisor.
    """
    total = end.max(initial=0)
    cuts = np.unique(np.append(0, cuts[cuts < total]))
    in_four = meters[1][np.searchsorted(meters[0], cuts, side="right") - 1] == events.STEPS_PER_BAR
    rate, divisor = rates[1][np.searchsorted(rates[0], cuts, side="right") - 1], rates[2]
    cuts = np.append(cuts, total)
    piece = np.searchsorted(cuts[:-1], start, side="right") - 1
    origin, rate_of_note = cuts[piece], rate[piece]
    start_step = ((start - origin) * rate_of_note / divisor + 0.5).astype(np.int64)
    end_step = ((np.minimum(end, cuts[piece + 1]) - origin) * rate_of_note / divisor + 0.5).astype(np.int64)
    end_step = np.maximum(end_step, start_step + 1)
    last = np.zeros(len(rate), np.int64)
    np.maximum.at(last, piece, end_step)
    long_enough = last > (events.BARS_PER_WINDOW - 1) * events.STEPS_PER_BAR
    in_steps = dataclasses.replace(notes, start=start_step, end=end_step)
    return [in_steps.where(piece == index) for index in np.flatnonzero(in_four & long_enough)]


def _bars(notes: _Notes) -> int:
    return min(-(-int(notes.end.max()) // events.STEPS_PER_BAR), MAX_BARS)


def _windows(notes: _Notes, part_of_instrument, hop_bars: int) -> np.ndarray:
    """Every triple of instruments and every 16 bars of a piece that all three cover, in Magenta's order.

    Returns int64 [n, 4], columns instrument of the melody, bass and drums, and first bar.
    """
    bars = _bars(notes)
    cover = _coverage(notes, len(part_of_instrument), bars)
    playable = np.where(
        part_of_instrument[notes.instrument] == DRUMS,
        events.DRUM_BIT_OF_PITCH[notes.pitch] != events.NO_DRUM,
        (notes.pitch >= events.MIN_PITCH) & (notes.pitch <= events.MAX_PITCH),
    )
    plays = np.bincount(notes.instrument[playable], minlength=len(part_of_instrument)) > 0
    parts = [np.flatnonzero((part_of_instrument == part) & plays) for part in range(len(events.TRACKS))]
    melody, bass, drums = (cover[part] for part in parts)
    melody, bass, drums = melody[:, None, None], bass[None, :, None], drums[None, None]
    covered = melody & bass & drums
    for edge in (slice(None, GAP_BARS), slice(-GAP_BARS, None)):
        one = [part[..., edge].any(axis=-1, keepdims=True) for part in (melody, bass, drums)]
        covered[..., edge] = one[0] | one[1] | one[2]
    until = np.cumsum(covered, axis=-1, dtype=np.int16)
    whole = until[..., events.BARS_PER_WINDOW - 1 :].copy()
    whole[..., 1:] -= until[..., : -events.BARS_PER_WINDOW]
    window = np.argwhere(whole[..., ::hop_bars] == events.BARS_PER_WINDOW)
    for column, part in enumerate(parts):
        window[:, column] = part[window[:, column]]
    window[:, 3] *= hop_bars
    return window


def _coverage(notes: _Notes, instruments: int, bars: int) -> np.ndarray:
    """bool [I, bars]: a note of the instrument overlaps the bar or one at most GAP_BARS away."""
    bar = notes.start // events.STEPS_PER_BAR
    first = np.where(bar < bars, np.maximum(bar - GAP_BARS, 0), bars)
    beyond = np.minimum(-(-notes.end // events.STEPS_PER_BAR) + GAP_BARS, bars)
    row = notes.instrument * (bars + 1)
    size = instruments * (bars + 1)
    change = np.bincount(row + first, minlength=size) - np.bincount(row + beyond, minlength=size)
    return np.cumsum(change.reshape(instruments, bars + 1), axis=1)[:, :bars] > 0


def _materialise(notes: _Notes, window) -> np.ndarray:
    """The tokens of the windows: int64 [n, 4] -> uint16 [n, 256, 3]."""
    tokens = np.empty((len(window), events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)
    bars = _bars(notes)
    total = bars * events.STEPS_PER_BAR
    notes = notes.where(notes.start < total)
    for part in range(len(events.TRACKS)):
        used = np.bincount(window[:, part], minlength=MAX_INSTRUMENTS) > 0
        row = np.cumsum(used) - 1
        own = notes.where(used[notes.instrument])
        # All lines in one, end to end; a note that ends at or after the end of its line must not reach the next.
        end_to_end = np.count_nonzero(used) * total
        begin = row[own.instrument] * total
        end = np.where(own.end < total, begin + own.end, end_to_end)
        if part == DRUMS:
            lines = events.drum_tokens(begin + own.start, own.pitch, end_to_end)
        else:
            lines = events.line_tokens(begin + own.start, end, own.pitch, end_to_end)
        first = row[window[:, part]] * bars + window[:, 3]
        cut = lines.reshape(-1, events.STEPS_PER_BAR)[first[:, None] + np.arange(events.BARS_PER_WINDOW)]
        tokens[:, :, part] = cut.reshape(len(window), events.WINDOW_STEPS)
    return tokens
