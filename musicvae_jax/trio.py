"""A song -> its trio windows: every 16 bars in which a melody, a bass and a drum track all play.

The behaviour is that of Magenta's TrioConverter (magenta/models/music_vae/data.py) on the NoteSequence that note-seq
makes of the file: window for window, token for token, in the same order.
"""

import dataclasses

import numpy as np

from musicvae_jax import events, midi

MELODY_PROGRAMS = range(0, 32)
BASS_PROGRAMS = range(32, 40)
GAP_BARS = 2
MAX_BARS = 1024
MAX_INSTRUMENTS = 128
DEFAULT_QPM = 120.0


@dataclasses.dataclass(frozen=True)
class _Notes:
    """All notes of a song, int64 [N] each: start and end (ticks, or steps of a piece), MIDI pitch, instrument index."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    instrument: np.ndarray

    def where(self, kept) -> "_Notes":
        return _Notes(self.start[kept], self.end[kept], self.pitch[kept], self.instrument[kept])


@dataclasses.dataclass(frozen=True)
class _Piece:
    """A stretch of the song with one steady grid, and the index of every window in it.

    notes: in steps from the start of the piece. bars: its length. window: int64 [n, 4], columns melody, bass, drums
    (instrument indices) and first bar.
    """

    notes: _Notes
    bars: int
    window: np.ndarray


def trio_windows(path, max_windows: int | None = None, *, hop_bars: int = 1, seed: int | None = None, grid="magenta"):
    """Cuts a song into trio windows.

    Args:
        path: a MIDI file, or a symusic Score in ticks as midi.read returns it.
        max_windows: the most windows to return; None returns all.
        hop_bars: keep the windows that start on a multiple of this many bars; 1 is Magenta's.
        seed: with max_windows, draw that many windows at random instead of taking the first; the order is kept.
        grid: "magenta" quantises seconds at the tempo of the moment and cuts the song at every change of tempo or
            meter. "beats" quantises ticks and cuts only where the meter changes: tempo changes are ignored.

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
    score = path if hasattr(path, "tracks") else midi.read(path)
    kind, notes = _instruments(score)
    pieces = [_piece(piece_notes, kind, hop_bars) for piece_notes in _GRIDS[grid](score, notes)]
    counts = np.array([len(piece.window) for piece in pieces], np.int64)
    chosen = np.arange(counts.sum())
    if max_windows is not None and max_windows < len(chosen):
        if seed is None:
            chosen = chosen[:max_windows]
        else:
            chosen = np.sort(np.random.default_rng(seed).choice(len(chosen), max_windows, replace=False))
    first = np.cumsum(counts) - counts
    parts = [
        _materialise(piece, piece.window[chosen[(chosen >= begin) & (chosen < begin + count)] - begin])
        for piece, begin, count in zip(pieces, first, counts, strict=True)
    ]
    empty = np.zeros((0, events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)
    return np.concatenate([empty, *parts])


def _instruments(score):
    """The part each instrument can play (0 melody, 1 bass, 2 drums, -1 none), int64 [I], and all notes in ticks."""
    tracks = score.tracks[:MAX_INSTRUMENTS]
    kind = np.full(len(tracks), -1)
    columns = []
    for index, track in enumerate(tracks):
        if track.is_drum:
            kind[index] = 2
        elif track.program in MELODY_PROGRAMS:
            kind[index] = 0
        elif track.program in BASS_PROGRAMS:
            kind[index] = 1
        note = track.notes.numpy()
        start = note["time"].astype(np.int64)
        columns.append((start, start + note["duration"], note["pitch"], np.full(len(start), index)))
    if not columns:
        columns.append((np.zeros(0, np.int64),) * 4)
    notes = _Notes(*(np.concatenate(column).astype(np.int64) for column in zip(*columns, strict=True)))
    return kind, _pair(notes.where(notes.end > notes.start))


def _pair(notes: _Notes) -> _Notes:
    """Ends every note at the first note-off after its start, as pretty_midi does.

    symusic gives each note-off to the oldest of several sounding notes of one pitch; pretty_midi ends them all there.
    """
    voice = (notes.instrument * 128 + notes.pitch) << 32
    ends = np.sort(voice + notes.end)
    first = ends[np.searchsorted(ends, voice + notes.start, side="right")]
    return dataclasses.replace(notes, end=first - voice)


def _tempo_map(score):
    """Start (tick, int64 [K]; second, float64 [K]) and seconds per tick (float64 [K]) of every stretch of one tempo.

    The order of the float operations is pretty_midi's, so that quantisation rounds as Magenta's does.
    """
    tempo = score.tempos.numpy()
    tick, microseconds = tempo["time"].astype(np.int64), tempo["mspq"].astype(np.float64)
    tick, microseconds = tick[microseconds > 0], microseconds[microseconds > 0]
    scale = 60.0 / ((6e7 / microseconds) * score.ticks_per_quarter)
    default = 60.0 / (DEFAULT_QPM * score.ticks_per_quarter)
    opening = int(np.searchsorted(tick, 0, side="right"))
    tick = np.concatenate([[0], tick[opening:]])
    scale = np.concatenate([[scale[opening - 1] if opening else default], scale[opening:]])
    changed = np.append(True, scale[1:] != scale[:-1])
    tick, scale = tick[changed], scale[changed]
    second = np.concatenate([[0.0], np.cumsum(scale[:-1] * np.diff(tick))])
    return tick, second, scale


def _magenta_pieces(score, notes: _Notes):
    """The notes in steps of every piece between two changes of tempo or meter, where a bar is 16 steps."""
    tempo_tick, tempo_second, scale = _tempo_map(score)

    def seconds(tick):
        stretch = np.searchsorted(tempo_tick, tick, side="right") - 1
        return tempo_second[stretch] + scale[stretch] * (tick - tempo_tick[stretch])

    qpm = 60.0 / (scale * score.ticks_per_quarter)
    meter_tick, steps_per_bar, meter_cut = _meters(score, whole_signature=True)
    meter_second = seconds(meter_tick)
    tempo_cut = qpm != np.append(DEFAULT_QPM, qpm[:-1])
    cuts = np.concatenate([meter_second[meter_cut], tempo_second[tempo_cut]])
    start, end = seconds(notes.start), seconds(notes.end)
    total = end.max(initial=0.0)
    cuts = np.unique(np.append(0.0, cuts[cuts < total]))
    rate = events.STEPS_PER_BEAT * qpm[np.searchsorted(tempo_second, cuts, side="right") - 1] / 60.0
    in_four = steps_per_bar[np.searchsorted(meter_second, cuts, side="right") - 1] == events.STEPS_PER_BAR
    return _quantise(notes, start, end, np.append(cuts, total), rate, 1.0, in_four)


def _beat_pieces(score, notes: _Notes):
    """The notes in steps of every stretch of 16-step bars, tempo ignored."""
    meter_tick, steps_per_bar, meter_cut = _meters(score, whole_signature=False)
    total = notes.end.max(initial=0)
    cuts = meter_tick[meter_cut]
    cuts = np.unique(np.append(0, cuts[cuts < total]))
    in_four = steps_per_bar[np.searchsorted(meter_tick, cuts, side="right") - 1] == events.STEPS_PER_BAR
    rate = np.full(len(cuts), float(events.STEPS_PER_BEAT))
    return _quantise(notes, notes.start, notes.end, np.append(cuts, total), rate, score.ticks_per_quarter, in_four)


_GRIDS = {"magenta": _magenta_pieces, "beats": _beat_pieces}


def _meters(score, whole_signature: bool):
    """Tick, steps per bar, and whether it is a change, of every time signature after an implicit 4/4 at tick 0."""
    signature = score.time_signatures.numpy()
    tick = np.append(0, signature["time"].astype(np.int64))
    numerator = np.append(4, signature["numerator"].astype(np.int64))
    denominator = np.append(4, signature["denominator"].astype(np.int64))
    steps_per_bar = events.STEPS_PER_BEAT * 4.0 / np.maximum(denominator, 1) * numerator
    changed = steps_per_bar[1:] != steps_per_bar[:-1]
    if whole_signature:
        changed = (numerator[1:] != numerator[:-1]) | (denominator[1:] != denominator[:-1])
    return tick, steps_per_bar, np.append(False, changed)


def _quantise(notes: _Notes, start, end, cuts, rate, divisor, usable) -> list[_Notes]:
    """Cuts and quantises the notes; returns those of every usable piece that is long enough for a window.

    Args:
        start, end: float64 or int64 [N], times of the notes.
        cuts: [P + 1], times where the P pieces begin, and the end of the last.
        rate, divisor: steps = time * rate / divisor; rate float64 [P].
        usable: bool [P].
    """
    piece = np.searchsorted(cuts[:-1], start, side="right") - 1
    origin, rate_of_note = cuts[piece], rate[piece]
    start_step = ((start - origin) * rate_of_note / divisor + 0.5).astype(np.int64)
    end_step = ((np.minimum(end, cuts[piece + 1]) - origin) * rate_of_note / divisor + 0.5).astype(np.int64)
    end_step = np.maximum(end_step, start_step + 1)
    last = np.zeros(len(rate), np.int64)
    np.maximum.at(last, piece, end_step)
    long_enough = last > (events.BARS_PER_WINDOW - 1) * events.STEPS_PER_BAR
    in_steps = dataclasses.replace(notes, start=start_step, end=end_step)
    return [in_steps.where(piece == index) for index in np.flatnonzero(usable & long_enough)]


def _piece(notes: _Notes, kind, hop_bars: int) -> _Piece:
    """Finds the windows of one piece: every triple of instruments, every 16 bars that all three cover."""
    bars = min(-(-int(notes.end.max()) // events.STEPS_PER_BAR), MAX_BARS)
    cover = _coverage(notes, len(kind), bars)
    playable = np.where(
        kind[notes.instrument] == 2,
        events.DRUM_BIT_OF_PITCH[notes.pitch] != events.NO_DRUM,
        (notes.pitch >= events.MIN_PITCH) & (notes.pitch <= events.MAX_PITCH),
    )
    plays = np.bincount(notes.instrument[playable], minlength=len(kind)) > 0
    parts = [np.flatnonzero((kind == part) & plays) for part in range(3)]
    melody, bass, drums = (cover[part] for part in parts)
    melody, bass, drums = melody[:, None, None], bass[None, :, None], drums[None, None]
    covered = melody & bass & drums
    for edge in (slice(None, GAP_BARS), slice(-GAP_BARS, None)):
        one = [part[..., edge].any(axis=-1, keepdims=True) for part in (melody, bass, drums)]
        covered[..., edge] = one[0] | one[1] | one[2]
    whole = np.lib.stride_tricks.sliding_window_view(covered, events.BARS_PER_WINDOW, axis=-1)[..., ::hop_bars, :]
    window = np.argwhere(whole.all(axis=-1))
    for column, part in enumerate(parts):
        window[:, column] = part[window[:, column]]
    window[:, 3] *= hop_bars
    return _Piece(notes, bars, window)


def _coverage(notes: _Notes, instruments: int, bars: int) -> np.ndarray:
    """bool [I, bars]: a note of the instrument overlaps the bar or one at most GAP_BARS away."""
    first = np.minimum(notes.start // events.STEPS_PER_BAR, bars)
    beyond = np.minimum(-(-notes.end // events.STEPS_PER_BAR), bars)
    size = instruments * (bars + 1)
    begun = np.bincount(notes.instrument * (bars + 1) + first, minlength=size)
    ended = np.bincount(notes.instrument * (bars + 1) + beyond, minlength=size)
    sounding = np.cumsum((begun - ended).reshape(instruments, bars + 1), axis=1)[:, :bars] > 0
    padded = np.pad(sounding, ((0, 0), (GAP_BARS, GAP_BARS)))
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * GAP_BARS + 1, axis=1).any(axis=-1)


def _materialise(piece: _Piece, window) -> np.ndarray:
    """The tokens of the windows: int64 [n, 4] -> uint16 [n, 256, 3]."""
    tokens = np.empty((len(window), events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)
    total_steps = piece.bars * events.STEPS_PER_BAR
    for column in range(3):
        instruments, row = np.unique(window[:, column], return_inverse=True)
        lines = np.empty((len(instruments), total_steps), np.uint16)
        for line, instrument in zip(lines, instruments, strict=True):
            own = piece.notes.where(piece.notes.instrument == instrument)
            if column == 2:
                line[:] = events.drum_tokens(own.start, own.pitch, total_steps)
            else:
                line[:] = events.line_tokens(own.start, own.end, own.pitch, total_steps)
        step = window[:, 3, None] * events.STEPS_PER_BAR + np.arange(events.WINDOW_STEPS)
        tokens[:, :, column] = lines[row[:, None], step]
    return tokens
