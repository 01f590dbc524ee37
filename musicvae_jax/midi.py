"""MIDI files in and out: a symusic Score for the whole content, arrays of messages for what a Score has forgotten."""

import contextlib
import dataclasses
import io
import os
import pathlib

import numpy as np
import symusic

from musicvae_jax import events

SUFFIXES = (".mid", ".midi", ".kar")
MAX_TICK = 2**31 - 1
VELOCITY = 80
BASS_PROGRAM = 33
_HEADER_BYTES = 14
_LONGEST_WRAPPER = 256  # RIFF (.rmi) and MacBinary put 20 and 128 bytes in front of the MIDI file

NOTE_OFF, NOTE_ON, PROGRAM_CHANGE = 0x8, 0x9, 0xC
_META = 0xFF
_META_END_OF_TRACK, _META_TEMPO, _META_METER = 0x2F, 0x51, 0x58

# Two states of a reader: a message without a status byte has two data bytes (state 0) or one (state 1), as many as the
# channel message before it. _SIZES[state][byte] is how far the next message is from the status byte, or from the first
# data byte where the status is left out; _STATES[state][byte] is the state after it.
_SIZES = np.ones((2, 256), np.uint8)
_SIZES[0, :0x80] = 2
_SIZES[:, 0x80:0xF0] = 3
_SIZES[:, 0xC0:0xE0] = 2
_SIZES[:, 0xF1:0xF4] = 2, 3, 2
_SIZES[:, [0xF0, 0xF7, _META]] = 0  # they tell their own size
_STATES = np.array([[0], [1]], np.uint8).repeat(256, axis=1)
_STATES[:, 0x80:0xF0] = 0
_STATES[:, 0xC0:0xE0] = 1
_SIZES, _STATES = ([row.tobytes() for row in table] for table in (_SIZES, _STATES))
_DOUBLINGS = 3

KINDS = ("missing", "unreadable", "empty", "not MIDI", "truncated", "SMPTE time", "corrupt")


class MidiError(ValueError):
    """A MIDI file that cannot be read or written; str() is one line, "path: reason", and kind is one of KINDS."""

    def __init__(self, path, reason: str, kind: str = "unreadable"):
        super().__init__(path, reason, kind)
        self.path = path
        self.reason = " ".join(reason.split())
        self.kind = kind

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


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


def files(folder) -> list[pathlib.Path]:
    """The MIDI files of a folder and of all folders in it, by their suffix, sorted."""
    found = pathlib.Path(folder).rglob("*")
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES and path.is_file())


def read(path) -> symusic.Score:
    """Reads a MIDI file into a symusic Score, times in ticks.

    Data bytes above 127 are clipped. A file that symusic refuses all the same is read by mido, which minds less.

    Raises:
        MidiError: there is no such file, or it is empty, not MIDI, truncated, without a beat, or unreadable.
    """
    raw, spans, _ = _load(path)
    _walk(path, raw, spans)
    try:
        return symusic.Score.from_midi(raw, sanitize_data=True)
    except Exception as strict:
        import mido  # a third of a second that hardly any file needs

        try:
            clean = io.BytesIO()
            mido.MidiFile(file=io.BytesIO(raw), clip=True).save(file=clean)
            return symusic.Score.from_midi(clean.getvalue(), sanitize_data=True)
        # mido has no common base for what it raises on broken files: OSError, EOFError, KeyError, ValueError...
        except Exception:
            raise MidiError(path, f"cannot be read as MIDI: {strict}", "corrupt") from None


def write(score: symusic.Score, path) -> None:
    """Writes a Score as a General MIDI file: one track a part, drums on channel 10, tempos and meters in the first.

    Raises:
        MidiError: the folder does not exist, or the file cannot be written there.
    """
    write_whole(path, score.dumps_midi())


def write_whole(path, raw: bytes) -> None:
    """Writes a file of any kind so that it appears whole or not at all; raises MidiError as whole_file does."""
    with whole_file(path) as file:
        file.write(raw)


@contextlib.contextmanager
def whole_file(path):
    """A binary file to write to, beside path, that takes its place at the end, or vanishes where anything fails.

    Raises:
        MidiError: the folder does not exist, or the file cannot be written there.
    """
    path = os.fspath(path)
    folder, name = os.path.split(path)
    if not os.path.isdir(folder or os.curdir):
        raise MidiError(path, f"cannot be written: there is no folder {folder}")
    draft = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        with open(draft, "wb") as file:
            yield file
        os.replace(draft, path)
    except OSError as error:
        raise MidiError(path, f"cannot be written: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            os.remove(draft)


def tokens_to_score(
    tokens_Tx3, qpm: float = 120.0, *, ticks_per_beat: int = 480, velocity: int = VELOCITY
) -> symusic.Score:
    """Turns trio tokens into a Score: tracks melody (program 0), bass (program 33) and drums (channel 10).

    Args:
        tokens_Tx3: int [T, 3], any number of steps, columns in the order of events.TRACKS.
        qpm: tempo in beats a minute, written with a 4/4 meter at tick 0.
        ticks_per_beat: resolution, a multiple of events.STEPS_PER_BEAT.
        velocity: of every note, 1..127.
    Source: Magenta's TrioConverter.from_tensors (velocity 80, bass program 33, drum hits one step long).
    """
    tokens_Tx3 = np.asarray(tokens_Tx3)
    if ticks_per_beat < events.STEPS_PER_BEAT or ticks_per_beat % events.STEPS_PER_BEAT:
        raise ValueError(f"ticks_per_beat must be a multiple of {events.STEPS_PER_BEAT}, not {ticks_per_beat}")
    step_ticks = ticks_per_beat // events.STEPS_PER_BEAT
    score = symusic.Score(ticks_per_beat)
    score.tempos.append(symusic.Tempo(0, qpm, ttype="tick"))
    score.time_signatures.append(symusic.TimeSignature(0, events.BEATS_PER_BAR, 4, ttype="tick"))
    step, hit = events.drum_hits(tokens_Tx3[:, 2])
    notes = (events.line_notes(tokens_Tx3[:, 0]), events.line_notes(tokens_Tx3[:, 1]), (step, step + 1, hit))
    parts = ((0, False), (BASS_PROGRAM, False), (0, True))
    for name, (program, is_drum), (start, end, pitch) in zip(events.TRACKS, parts, notes, strict=True):
        track = symusic.Track(name=name, program=program, is_drum=is_drum, ttype="tick")
        track.notes = symusic.Note.from_numpy(
            (start * step_ticks).astype(np.int32),
            ((end - start) * step_ticks).astype(np.int32),
            pitch.astype(np.int8),
            np.full(len(pitch), velocity, np.int8),
            "tick",
        )
        score.tracks.append(track)
    return score


def messages(source) -> Messages:
    """Reads the messages of a MIDI file, of its content as bytes, or of a Score in ticks as `write` writes it.

    Raises:
        MidiError: there is no such file, or it is empty, not MIDI, truncated or without a beat.
    """
    if isinstance(source, bytes):
        path, loaded = "MIDI data", _parse("MIDI data", source)
    elif hasattr(source, "dumps_midi"):
        path, loaded = "Score", _parse("Score", source.dumps_midi())
    else:
        path, loaded = source, _load(source)
    raw, spans, ticks_per_beat = loaded
    data, chunk, tick, status, at = _walk(path, raw, spans)
    voice = np.flatnonzero((status < 0xA0) | (status >> 4 == PROGRAM_CHANGE))
    first, second = np.minimum(data[at[voice]], 127), np.minimum(data[at[voice] + 1], 127)
    columns = [
        values.astype(np.int64, copy=False) for values in (chunk[voice], tick[voice], status[voice], first, second)
    ]
    meta = np.flatnonzero(status == _META)
    kind, (size, payload) = data[at[meta]], _number(data, at[meta] + 1)
    set_tempo, set_meter = (kind == _META_TEMPO) & (size == 3), (kind == _META_METER) & (size >= 2)
    byte = data[payload[set_tempo, None] + (0, 1, 2)].astype(np.int64)
    message = meta[set_tempo]
    tempo = np.stack([chunk[message], tick[message], byte @ (1 << 16, 1 << 8, 1)], axis=1)
    byte = data[payload[set_meter, None] + (0, 1)].astype(np.int64)
    message = meta[set_meter]
    meter = np.stack([chunk[message], tick[message], byte[:, 0], 1 << np.minimum(byte[:, 1], 30)], axis=1)
    return Messages(ticks_per_beat, *columns, tempo, meter)


def _load(path) -> tuple[bytes, np.ndarray, int]:
    try:
        with open(path, "rb") as file:
            return _parse(path, file.read())
    except FileNotFoundError:
        raise MidiError(path, "there is no such file", "missing") from None
    except IsADirectoryError:
        raise MidiError(path, "is a folder, not a MIDI file") from None
    except OSError as error:
        raise MidiError(path, f"cannot be opened: {error.strerror}") from None


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
    if ticks_per_beat >= 1 << 15:
        raise MidiError(path, "counts time in SMPTE frames, not in beats", "SMPTE time")
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


def _walk(path, raw: bytes, spans, states: int = 1):
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

    wait, at = _number(data, at)
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
        return _walk(path, raw[:-16], spans, states=2)
    at += ~running
    broken = landed != spans[:, 1]
    broken[chunk[(status == _META) & (data[at] == _META_END_OF_TRACK)]] = False
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
    size, after = _number(data, sized + 1 + (data[sized] == _META))
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


def _number(data, at):
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
