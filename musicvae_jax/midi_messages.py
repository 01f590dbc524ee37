"""The messages of a MIDI file as arrays: what a symusic Score has forgotten, and which files are broken."""

import dataclasses
import os
import stat

import numpy as np

from musicvae_jax.files import FileError, FilePath

MOST_BYTES = 32 << 20
"""Of one song; a larger file is none."""
MAX_TICK = 2**31 - 1
SMPTE = 1 << 15
"""The least division of time in a MIDI header that counts frames, not beats."""
_HEADER_BYTES = 14
_LONGEST_WRAPPER = 256  # RIFF (.rmi) and MacBinary put 20 and 128 bytes in front of the MIDI file

NOTE_OFF_STATUS, NOTE_ON_STATUS, PROGRAM_STATUS = 0x8, 0x9, 0xC
META = 0xFF
END_OF_TRACK, TEMPO, METER = 0x2F, 0x51, 0x58

# Two states of a reader: a message without a status byte has two data bytes (state 0) or one (state 1), as many as the
# channel message before it. _SIZES[state][byte] is how far the next message is from the status byte, or from the first
# data byte where the status is left out; _STATES[state][byte] is the state after it.
_SIZES = np.ones((2, 256), np.uint8)
_SIZES[0, :0x80] = 2
_SIZES[:, 0x80:0xF0] = 3
_SIZES[:, 0xC0:0xE0] = 2
_SIZES[:, 0xF1:0xF4] = 2, 3, 2
_SIZES[:, [0xF0, 0xF7, META]] = 0  # they tell their own size
_STATES = np.array([[0], [1]], np.uint8).repeat(256, axis=1)
_STATES[:, 0x80:0xF0] = 0
_STATES[:, 0xC0:0xE0] = 1
_SIZES, _STATES = ([row.tobytes() for row in table] for table in (_SIZES, _STATES))
_DOUBLINGS = 3

KINDS = ("missing", "unreadable", "empty", "not MIDI", "truncated", "SMPTE time", "corrupt")


class MidiError(FileError):
    """A MIDI file that cannot be read or written; str() is one line, "path: reason", and kind is one of KINDS."""

    def __init__(self, path: FilePath, reason: str, kind: str = "unreadable"):
        super().__init__(path, reason)
        self.args = (path, reason, kind)
        self.kind = kind


@dataclasses.dataclass(frozen=True)
class Messages:
    """The messages of a MIDI file that make its notes, in file order.

    A Score pairs and sorts notes, and drops channels, unfinished notes and the order of what happens at one tick;
    Magenta's choice and order of windows depend on them.

    ticks_per_beat: int.
    chunk, tick, status, first, second: int64 [M], note and program messages: track chunk of the file, time in ticks,
        status byte, the two data bytes, at most 127.
    tempo: int64 [K, 3], columns chunk, tick, microseconds a beat.
    meter: int64 [K, 4], columns chunk, tick, numerator, denominator.
    """

    ticks_per_beat: int
    chunk: np.ndarray
    tick: np.ndarray
    status: np.ndarray
    first: np.ndarray
    second: np.ndarray
    tempo: np.ndarray
    meter: np.ndarray


def messages(source) -> Messages:
    """Reads the messages of a MIDI file, of its content as bytes, or of a Score in ticks as `write` writes it.

    Args:
        source: a path, bytes or a symusic Score.

    Raises:
        MidiError: there is no such file, or it is empty, not MIDI, truncated or without a beat.
    """
    if hasattr(source, "dumps_midi"):
        path, loaded = "Score", _parse("Score", source.dumps_midi())
    else:
        path, loaded = name_of(source), load(source)
    raw, spans, ticks_per_beat = loaded
    _check_beats(path, ticks_per_beat)
    data, chunk, tick, status, at = walk(path, raw, spans)
    voice = np.flatnonzero((status < 0xA0) | (status >> 4 == PROGRAM_STATUS))
    first, second = np.minimum(data[at[voice]], 127), np.minimum(data[at[voice] + 1], 127)
    columns = [
        values.astype(np.int64, copy=False) for values in (chunk[voice], tick[voice], status[voice], first, second)
    ]
    meta = np.flatnonzero(status == META)
    kind, (size, payload) = data[at[meta]], number(data, at[meta] + 1)
    set_tempo, set_meter = (kind == TEMPO) & (size == 3), (kind == METER) & (size >= 2)
    byte = data[payload[set_tempo, None] + (0, 1, 2)].astype(np.int64)
    message = meta[set_tempo]
    tempo = np.stack([chunk[message], tick[message], byte @ (1 << 16, 1 << 8, 1)], axis=1)
    byte = data[payload[set_meter, None] + (0, 1)].astype(np.int64)
    message = meta[set_meter]
    meter = np.stack([chunk[message], tick[message], byte[:, 0], 1 << np.minimum(byte[:, 1], 30)], axis=1)
    return Messages(ticks_per_beat, *columns, tempo, meter)


def checked_bytes(path: FilePath | bytes) -> bytes:
    """Reads a MIDI file, or its content, whose messages are whole.

    Returns:
        Its bytes, from the MIDI header on.

    Raises:
        MidiError: there is no such file, or it is empty, not MIDI, truncated, corrupt or without a beat.
    """
    raw, spans, ticks_per_beat = load(path)
    _check_beats(name_of(path), ticks_per_beat)
    walk(name_of(path), raw, spans)
    return raw


def name_of(source: FilePath | bytes) -> FilePath:
    """What to call a file in a message, or content that comes without one."""
    return "MIDI data" if isinstance(source, bytes) else source


def _check_beats(path, ticks_per_beat):
    if ticks_per_beat >= SMPTE:
        raise MidiError(path, "counts time in SMPTE frames, not in beats", "SMPTE time")


def load(path: FilePath | bytes) -> tuple[bytes, np.ndarray, int]:
    """Opens a MIDI file, or its content.

    Returns:
        The bytes from the MIDI header on; int64 [C, 2], begin and end of every track chunk's messages; the ticks of a
        beat, or from SMPTE on how many frames a second there are and how many ticks a frame.

    Raises:
        MidiError: there is no such file, or it is empty, not MIDI or truncated.
    """
    if isinstance(path, bytes):
        return _parse(name_of(path), path)
    try:
        _check_file(path, os.stat(path))  # before it is opened, which of a pipe may take for ever
        with open(path, "rb") as file:
            return _parse(path, file.read())
    except FileNotFoundError:
        raise MidiError(path, "there is no such file", "missing") from None
    except OSError as error:
        raise MidiError(path, f"cannot be opened: {error.strerror}") from None


def _check_file(path, status):
    if stat.S_ISDIR(status.st_mode):
        raise MidiError(path, "is a folder, not a MIDI file")
    if not stat.S_ISREG(status.st_mode):
        raise MidiError(path, "is no regular file; save the song in one")
    if status.st_size > MOST_BYTES:
        raise MidiError(path, f"is too large for a song: more than {MOST_BYTES >> 20} MiB")


def _parse(path, raw: bytes) -> tuple[bytes, np.ndarray, int]:
    """The file from its MIDI header on, the byte span of every track chunk's messages, and the ticks of a beat."""
    if not raw:
        raise MidiError(path, "is empty", "empty")
    raw = raw[max(raw.find(b"MThd", 0, _LONGEST_WRAPPER), 0) :]
    if not raw.startswith(b"MThd"):
        raise MidiError(path, "is not a MIDI file", "not MIDI")
    if len(raw) < _HEADER_BYTES:
        raise MidiError(path, "is truncated in its header", "truncated")
    tracks, ticks_per_beat = (int.from_bytes(raw[begin : begin + 2], "big") for begin in (10, 12))
    if ticks_per_beat == 0:
        raise MidiError(path, "is corrupt: a beat of 0 ticks", "corrupt")
    spans = []
    begin = 8 + int.from_bytes(raw[4:8], "big")
    while len(spans) < tracks:
        end = begin + 8 + int.from_bytes(raw[begin + 4 : begin + 8], "big")
        if len(raw) < max(end, begin + 8):
            raise MidiError(path, f"is truncated in track {len(spans) + 1} of {tracks}", "truncated")
        if raw[begin : begin + 4] == b"MTrk":
            spans.append((begin + 8, end))
        begin = end
    return raw, np.array(spans, np.int64).reshape(-1, 2), ticks_per_beat


def walk(path, raw: bytes, spans, states: int = 1):
    """Finds every message of every span (int64 [C, 2], begin and end of a track chunk).

    Where a message ends depends on where it began; asked of every byte at once, that is a table, and the table applied
    to itself jumps 2, 4, 8... messages. One state does for nearly every file; one that leaves out the status byte of
    one-byte messages is walked again with two.

    Returns the bytes of the file, padded, and of the M messages in file order the chunk, tick, status and place of the
    first data byte. Raises MidiError where the messages do not fill a chunk up to its end or an end-of-track message.
    """
    raw += bytes(16)
    data = np.frombuffer(raw, np.uint8)
    jumps = _jumps(raw, data, states)
    far = memoryview(jumps[-1])
    entries, counts, landed = [], [], []
    for at, end in (spans * states).tolist():
        before = len(entries)
        while at < end:
            entries.append(at)
            at = far[at]
        counts.append(len(entries) - before << _DOUBLINGS)
        landed.append(at // states)
    at = np.array(entries, np.int64)
    for jump in jumps[-2::-1]:
        at = np.stack([at, jump.take(at)], axis=1).ravel()
    if states > 1:
        at //= states
    landed, chunk = np.array(landed, np.int64), np.repeat(np.arange(len(spans)), counts)
    # What overshoots the chunk is no message; the first of it is where the last message ended.
    end = spans[chunk, 1]
    inside = at < end
    np.minimum.at(landed, chunk[~inside], at[~inside])
    at, chunk, end = at[inside], chunk[inside], end[inside]

    wait, at = number(data, at)
    whole = at + 1 < end
    if not whole.all():
        wait, at, chunk = wait[whole], at[whole], chunk[whole]
    time = np.cumsum(wait)
    tick = time - np.append(0, time)[np.searchsorted(chunk, np.arange(len(spans)))].take(chunk)
    own = data[at]
    latest = np.maximum.accumulate(np.where((own >= 0x80) & (own < 0xF0), np.arange(len(own)), 0))
    running = own < 0x80
    status = np.where(running, own[latest], own)
    if states == 1 and (running & (status >= 0xC0) & (status < 0xE0)).any():
        return walk(path, raw[:-16], spans, states=2)
    at += ~running
    broken = landed != spans[:, 1]
    broken[chunk[(status == META) & (data[at] == END_OF_TRACK)]] = False
    if broken.any():
        raise MidiError(path, f"is corrupt in track {broken.argmax() + 1} of {len(broken)}", "corrupt")
    if tick.max(initial=0) > MAX_TICK:
        raise MidiError(path, f"is corrupt: it lasts more than {MAX_TICK} ticks", "corrupt")
    return data, chunk, tick, status, at


def _jumps(raw: bytes, data, states: int) -> list[np.ndarray]:
    """Places of the messages 1, 2, 4 and 8 after one that begins at each byte; with two states, place * 2 + state."""
    # Bytes count less than numbers: nearly all of the work is done on them.
    n = len(raw) - 16  # place n is the end of the file, n + 1 stands for beyond; from either there is no way on
    more = data[: n + 5] >> 7
    width = 1 + more[: n + 2] * (1 + more[1 : n + 3] * (1 + more[2 : n + 4]))  # of the time before the message
    wide = np.flatnonzero(width > 2)
    beyond = wide + width[wide]

    def at_status(value):
        chosen = np.where(width == 1, value[1 : n + 3], value[2 : n + 4])
        chosen[wide] = value[beyond]
        return chosen

    sizes = [np.frombuffer(raw.translate(_SIZES[state]), np.uint8) for state in range(states)]
    sized = np.flatnonzero(sizes[0][:n] == 0)
    size, after = number(data, sized + 1 + (data[sized] == META))
    after += size
    jumps = []
    for state in range(states):
        jump = np.arange(n + 2)
        jump += width + at_status(sizes[state])
        for before in range(1, 5):
            begins = sized >= before
            begins[begins] = width[sized[begins] - before] == before
            jump[sized[begins] - before] = after[begins]
        jump[n] = n
        np.minimum(jump, n + 1, out=jump)
        if states > 1:
            jump = jump * states + at_status(np.frombuffer(raw.translate(_STATES[state]), np.uint8))
            jump[n:] = (n * states + state, (n + 1) * states + state)
        jumps.append(jump)
    jumps = [np.stack(jumps, axis=1).ravel() if states > 1 else jumps[0]]
    for _ in range(_DOUBLINGS):
        jumps.append(jumps[-1].take(jumps[-1]))
    return jumps


def number(data, at):
    """MIDI's numbers of variable length at the places given: their values, and the places after them."""
    byte = data[at]
    value, at = (byte & 127).astype(np.int64), at + 1
    more = np.flatnonzero(byte > 127)
    for _ in range(3):
        if not len(more):
            break
        byte = data[at[more]]
        value[more] = value[more] << 7 | (byte & 127)
        at[more] += 1
        more = more[byte > 127]
    return value, at
