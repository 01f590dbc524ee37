"""A song -> its trio windows: every 16 bars in which a melody, a bass and a drum track all play.

The behaviour is that of Magenta's TrioConverter (magenta/models/music_vae/data.py) on the NoteSequence that note-seq
makes of the file: window for window, token for token, in the same order.
"""

import hashlib
import typing

import numpy as np

from musicvae_jax import events, midi_messages
from musicvae_jax.events import BASS, DRUMS, MELODY
from musicvae_jax.files import FilePath
from musicvae_jax.notes import MAX_INSTRUMENTS, Notes, instruments
from musicvae_jax.pieces import UNUSED, Piece, beat_pieces, magenta_pieces

if typing.TYPE_CHECKING:
    from symusic.core import ScoreTick

MELODY_PROGRAMS = range(0, 32)
BASS_PROGRAMS = range(32, 40)
ALL_MELODY_PROGRAMS = (*MELODY_PROGRAMS, *range(40, 88))  # strings, choirs, brass, reeds, pipes and synth leads, too
GAP_BARS = 2
GRIDS = ("magenta", "beats")


def trio_windows(
    path: "FilePath | bytes | ScoreTick",
    max_windows: int | None = None,
    *,
    hop_bars: int = 1,
    seed: int | None = None,
    grid: str = "magenta",
) -> np.ndarray:
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
    """Finds the windows of a song without making their tokens.

    Args:
        path, hop_bars, grid: as trio_windows takes them.
        melody_programs: the General MIDI programs, from 0, that count as melodies; none of BASS_PROGRAMS.

    Raises:
        MidiError, ValueError: as trio_windows raises them.
    """
    check_grid(grid, hop_bars)
    song = midi_messages.messages(path)
    program, is_drum, notes = instruments(song)
    part = parts(program, is_drum, melody_programs)
    pieces = (magenta_pieces if grid == "magenta" else beat_pieces)(song, notes, part)
    return Survey(part, pieces, hop_bars)


def check_grid(grid: str, hop_bars: int) -> None:
    """Raises ValueError unless survey takes these."""
    if grid not in GRIDS:
        raise ValueError(f"grid must be one of {', '.join(GRIDS)}, not {grid!r}")
    if hop_bars < 1:
        raise ValueError(f"hop_bars must be at least 1, not {hop_bars}")


def parts(program, is_drum, melody_programs=MELODY_PROGRAMS) -> np.ndarray:
    """Tells what instruments can play.

    Args:
        program: int [I], from 0.
        is_drum: bool [I].
        melody_programs: as survey takes them.

    Returns:
        int64 [I]: MELODY, BASS, DRUMS or UNUSED.
    """
    pitched = np.where(np.isin(program, melody_programs), MELODY, UNUSED)
    pitched = np.where(np.isin(program, BASS_PROGRAMS), BASS, pitched)
    return np.where(is_drum, DRUMS, pitched)


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
        """Makes the tokens of windows.

        Args:
            max_windows: the most windows; None is all.
            seed: with max_windows, draw that many at random instead of taking the first; the order is kept.

        Returns:
            uint16 [n, 256, 3].
        """
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
        end_to_end = int(np.count_nonzero(used)) * total
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
