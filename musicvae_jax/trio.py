"""A song -> its trio windows: every 16 bars in which a melody, a bass and a drum track all play.

The behaviour is that of Magenta's TrioConverter (magenta/models/music_vae/data.py) on the NoteSequence that note-seq
makes of the file: window for window, token for token, in the same order.
"""

import dataclasses
import hashlib

import numpy as np

from musicvae_jax import events, midi_messages
from musicvae_jax.events import BASS, DRUMS, MELODY
from musicvae_jax.notes import DEFAULT_QPM, MAX_INSTRUMENTS, Notes, instruments, opening_scale, tempo_stretches

MELODY_PROGRAMS = range(0, 32)
BASS_PROGRAMS = range(32, 40)
ALL_MELODY_PROGRAMS = (*MELODY_PROGRAMS, *range(40, 88))  # strings, choirs, brass, reeds, pipes and synth leads, too
GAP_BARS = 2
MAX_BARS = 1024
GRIDS = ("magenta", "beats")

UNUSED = 3


def trio_windows(path, max_windows: int | None = None, *, hop_bars: int = 1, seed: int | None = None, grid="magenta"):
    """Cuts a song into trio windows.

    Args:
        path: a MIDI file, its content as bytes, or a symusic Score in ticks. A Score counts as the file that midi.write
            makes of it, so the windows of midi.read(path) can come in another order than those of path.
        max_windows: the most windows to return; None returns all.
        hop_bars: keep the windows that start on a multiple of this many bars; 1 is Magenta's.
        seed: with max_windows, draw that many windows at random instead of taking the first; the order is kept.
        grid: "magenta" quantises seconds at the tempo of the moment and cuts the song at every change of tempo or
            meter, both as the first track of the file has them. "beats" ignores changes of tempo and cuts only
            where the meter changes, in any track. Either way only stretches with bars of 16 steps, 4/4 or 2/2, count.

    Returns:
        uint16 [n, 256, 3], columns melody, bass, drums; n = 0 where the song has no such window.

    Raises:
        MidiError: the file cannot be read.
        ValueError: an argument is out of range.
    """
    if max_windows is not None and max_windows < 0:
        raise ValueError(f"max_windows must not be negative, not {max_windows}")
    return survey(path, hop_bars=hop_bars, grid=grid).tokens(max_windows, seed)


def survey(path, *, hop_bars: int = 1, grid: str = "magenta", melody_programs=MELODY_PROGRAMS) -> "Survey":
    """Finds the windows of a song without making their tokens; arguments and errors as of trio_windows.

    melody_programs: the General MIDI programs, from 0, that count as melodies; none of BASS_PROGRAMS.
    """
    check_grid(grid, hop_bars)
    song = midi_messages.messages(path)
    program, is_drum, notes = instruments(song)
    part = parts(program, is_drum, melody_programs)
    pieces = (_magenta_pieces if grid == "magenta" else _beat_pieces)(song, notes, part)
    return Survey(part, pieces, hop_bars)


def check_grid(grid: str, hop_bars: int) -> None:
    """Raises ValueError unless survey takes these."""
    if grid not in GRIDS:
        raise ValueError(f"grid must be one of {', '.join(GRIDS)}, not {grid!r}")
    if hop_bars < 1:
        raise ValueError(f"hop_bars must be at least 1, not {hop_bars}")


def parts(program, is_drum, melody_programs=MELODY_PROGRAMS) -> np.ndarray:
    """The part that an instrument of a program (int [I]) can play: MELODY, BASS, DRUMS or UNUSED."""
    pitched = np.where(np.isin(program, melody_programs), MELODY, UNUSED)
    pitched = np.where(np.isin(program, BASS_PROGRAMS), BASS, pitched)
    return np.where(is_drum, DRUMS, pitched)


@dataclasses.dataclass(frozen=True)
class Piece:
    """A stretch of 4/4 that is long enough for a window: its bars, and the notes of its parts in steps."""

    bars: int
    notes: Notes


class Survey:
    """The windows that a song has; len() counts them.

    part: int64 [I], what each instrument can play.
    windows: of each piece int64 [n, 4], columns instrument of the melody, bass and drums, and first bar.
    """

    def __init__(self, part: np.ndarray, pieces: list[Piece], hop_bars: int):
        self.part = part
        self.pieces = pieces
        self.windows = [_windows(piece, part, hop_bars) for piece in pieces]

    def __len__(self) -> int:
        return sum(map(len, self.windows))

    def tokens(self, max_windows: int | None = None, seed: int | None = None) -> np.ndarray:
        """The tokens of the windows, of all, of the first, or drawn by a seed: uint16 [n, 256, 3]."""
        counts = np.array([len(window) for window in self.windows], np.int64)
        chosen = np.arange(counts.sum())
        if max_windows is not None and max_windows < len(chosen):
            if seed is None:
                chosen = chosen[:max_windows]
            else:
                chosen = np.sort(np.random.default_rng(seed).choice(len(chosen), max_windows, replace=False))
        tokens = [np.zeros((0, events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)]
        for piece, window, end in zip(self.pieces, self.windows, np.cumsum(counts), strict=True):
            share = chosen[(chosen >= end - len(window)) & (chosen < end)]
            if len(share):
                tokens.append(_materialise(piece, window[share - end]))
        return np.concatenate(tokens)

    def lacks(self) -> str | None:
        """What the song is short of to have a window: one of LACKS, or None if it has one."""
        if len(self):
            return None
        for part, name in enumerate(events.TRACKS):
            if part not in self.part:
                return f"no {name}"
        return LACKS[-1] if self.pieces else LACKS[-2]

    def content(self) -> bytes:
        """8 bytes that are equal for songs whose melodies, basses and drums have the same notes on the grid.

        Tempo, dynamics, instruments within a part, names and the order of tracks do not count.
        """
        digest = hashlib.blake2b(digest_size=8)
        for piece in self.pieces:
            notes = piece.notes
            length = np.minimum(notes.end - notes.start, (1 << 20) - 1)
            note = ((notes.start << 20 | length) << 7 | notes.pitch) << 2 | self.part[notes.instrument]
            digest.update(np.sort(note).tobytes() + b"|")
        return digest.digest()


LACKS = (*(f"no {name}" for name in events.TRACKS), "no 16 bars of 4/4", "no 16 bars where all three play")


def _magenta_pieces(song: midi_messages.Messages, notes: Notes, part) -> list[Piece]:
    """The notes in steps of every piece between two changes of tempo or meter, where a bar is 16 steps."""
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


def _beat_pieces(song: midi_messages.Messages, notes: Notes, part) -> list[Piece]:
    """The notes in steps of every stretch of 16-step bars, as if the first tempo was that of the whole song."""
    return beat_pieces(notes, part, song.meter, opening_scale(song), song.ticks_per_beat)


def beat_pieces(notes: Notes, part, meter, scale: float, ticks_per_beat: int) -> list[Piece]:
    """The same of notes in ticks, with meters as in midi_messages.Messages and the seconds of a tick.

    Which way a note between two steps goes is up to the rounding of seconds, so that a song of one tempo has the tokens
    that Magenta gives it.
    """
    tick, steps_per_bar, cut = meters(meter[np.argsort(meter[:, 1], kind="stable")])
    rates = np.zeros(1), np.array([events.STEPS_PER_BEAT * (60.0 / (scale * ticks_per_beat)) / 60.0])
    second = tick * scale
    return quantise(notes, part, (notes.start * scale, notes.end * scale), second[cut], (second, steps_per_bar), rates)


def meters(meter):
    """Tick, steps per bar and whether it is a change, of every time signature and an implicit 4/4 at tick 0.

    meter: int64 [K, 4] as in midi_messages.Messages, in order of time.
    """
    meter = np.concatenate([[[0, 0, 4, 4]], meter])
    changed = np.append(False, (meter[1:, 2:] != meter[:-1, 2:]).any(axis=1))
    return meter[:, 1], events.STEPS_PER_BEAT * 4.0 / meter[:, 3] * meter[:, 2], changed


def quantise(notes: Notes, part, times, cuts, meters, rates) -> list[Piece]:
    """Cuts and quantises the notes; returns every piece of 16-step bars that is long enough for a window.

    Args:
        part: int64 [I], what each instrument can play.
        times: float64 or int64 [N] each, start and end of the notes.
        cuts: times where a new piece begins, besides 0.
        meters: times, and the steps of a bar from then on.
        rates: times, and the steps of a unit of time from then on.
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


def _windows(piece: Piece, part_of_instrument, hop_bars: int) -> np.ndarray:
    """Every triple of instruments and every 16 bars of a piece that all three cover, in Magenta's order.

    Returns int64 [n, 4], columns instrument of the melody, bass and drums, and first bar.
    """
    notes = piece.notes
    cover = _coverage(notes, len(part_of_instrument), piece.bars)
    playable = np.where(
        part_of_instrument[notes.instrument] == DRUMS,
        events.DRUM_BIT_OF_PITCH[notes.pitch] != events.NO_DRUM,
        (notes.pitch >= events.MIN_PITCH) & (notes.pitch <= events.MAX_PITCH),
    )
    plays = np.bincount(notes.instrument[playable], minlength=len(part_of_instrument)) > 0
    players = [np.flatnonzero((part_of_instrument == part) & plays) for part in range(len(events.TRACKS))]
    melody, bass, drums = (cover[one] for one in players)
    melody, bass, drums = melody[:, None, None], bass[None, :, None], drums[None, None]
    covered = melody & bass & drums
    for edge in (slice(None, GAP_BARS), slice(-GAP_BARS, None)):
        one = [part[..., edge].any(axis=-1, keepdims=True) for part in (melody, bass, drums)]
        covered[..., edge] = one[0] | one[1] | one[2]
    until = np.cumsum(covered, axis=-1, dtype=np.int16)
    whole = until[..., events.BARS_PER_WINDOW - 1 :].copy()
    whole[..., 1:] -= until[..., : -events.BARS_PER_WINDOW]
    window = np.argwhere(whole[..., ::hop_bars] == events.BARS_PER_WINDOW)
    for column, one in enumerate(players):
        window[:, column] = one[window[:, column]]
    window[:, 3] *= hop_bars
    return window


def _coverage(notes: Notes, count: int, bars: int) -> np.ndarray:
    """bool [I, bars]: a note of the instrument overlaps the bar or one at most GAP_BARS away."""
    bar = notes.start // events.STEPS_PER_BAR
    first = np.where(bar < bars, np.maximum(bar - GAP_BARS, 0), bars)
    beyond = np.minimum(-(-notes.end // events.STEPS_PER_BAR) + GAP_BARS, bars)
    row = notes.instrument * (bars + 1)
    size = count * (bars + 1)
    change = np.bincount(row + first, minlength=size) - np.bincount(row + beyond, minlength=size)
    return np.cumsum(change.reshape(count, bars + 1), axis=1)[:, :bars] > 0


def _materialise(piece: Piece, window) -> np.ndarray:
    """The tokens of the windows: int64 [n, 4] -> uint16 [n, 256, 3]."""
    tokens = np.empty((len(window), events.WINDOW_STEPS, len(events.TRACKS)), np.uint16)
    total = piece.bars * events.STEPS_PER_BAR
    notes = piece.notes.where(piece.notes.start < total)
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
        first = row[window[:, part]] * piece.bars + window[:, 3]
        cut = lines.reshape(-1, events.STEPS_PER_BAR)[first[:, None] + np.arange(events.BARS_PER_WINDOW)]
        tokens[:, :, part] = cut.reshape(len(window), events.WINDOW_STEPS)
    return tokens
