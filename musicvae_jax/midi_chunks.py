"""A MIDI file's messages, track chunk by track chunk and byte for byte, to be mended, chosen from and written again.

A symusic Score knows notes and tempos; it has forgotten channels, system exclusive messages, aftertouch, the order of
what happens at one tick, and text that is not UTF-8.
"""

import dataclasses
import typing

import numpy as np

from musicvae_jax import midi_messages
from musicvae_jax.files import FilePath
from musicvae_jax.midi_messages import END_OF_TRACK, META, TEMPO
from musicvae_jax.notes import DEFAULT_QPM

COARSE = 4
"""Fewer ticks a quarter note than these cannot hold 16th notes."""
FINE = 480
_NOTE_OFF, _NOTE_ON, _PROGRAM = 0x80, 0x90, 0xC0
_LONGEST_STUCK = 4  # quarter notes that a note lasts which nothing ends
_TEXTS = range(0x01, 0x10)  # meta events that hold text
_NTSC = 29  # frames a second that stand for 30000 / 1001


class Message(typing.NamedTuple):
    """tick: when it happens. data: all of its bytes, the status byte first."""

    tick: int
    data: bytes

    @classmethod
    def of_meta(cls, tick: int, kind: int, content: bytes = b"") -> "Message":
        """A meta event."""
        return cls(tick, bytes([META, kind]) + _variable_length(len(content)) + content)

    @property
    def channel(self) -> int | None:
        """0 to 15; None of what is for all channels."""
        return self.data[0] & 15 if self.data[0] < 0xF0 else None

    @property
    def meta(self) -> int | None:
        """Which meta event it is, if it is one."""
        return self.data[1] if self.data[0] == META else None

    @property
    def content(self) -> bytes:
        """What a meta event holds."""
        begin = 3 + next(place for place, byte in enumerate(self.data[2:6]) if byte < 128)
        return self.data[begin:]

    @property
    def begins_note(self) -> bool:
        """Whether it is a note-on that is no note-off in disguise."""
        return self.data[0] & 0xF0 == _NOTE_ON and self.data[2] > 0

    @property
    def ends_note(self) -> bool:
        """Whether it is a note-off, or a note-on of velocity 0."""
        return self.data[0] & 0xF0 in (_NOTE_ON, _NOTE_OFF) and not self.begins_note


class Piece(typing.NamedTuple):
    """What is played on one channel of one track chunk with one program, as symusic tells tracks apart."""

    chunk: int
    channel: int
    program: int


@dataclasses.dataclass(frozen=True)
class MidiChunks:
    """ticks_per_beat: of a quarter note. chunks: the messages of each track chunk, in order of time."""

    ticks_per_beat: int
    chunks: list[list[Message]]

    def in_utf_8(self) -> "MidiChunks":
        """The same with all texts in UTF-8, as a Score reads them; what is no UTF-8 is taken for Latin-1."""
        return MidiChunks(self.ticks_per_beat, [list(map(_in_utf_8, messages)) for messages in self.chunks])

    def content(self) -> bytes:
        """The bytes of a MIDI file, of format 1."""
        header = b"MThd" + b"".join(
            value.to_bytes(size, "big")
            for value, size in ((6, 4), (1, 2), (len(self.chunks), 2), (self.ticks_per_beat, 2))
        )
        return header + b"".join(map(chunk_bytes, self.chunks))

    def pieces(self) -> list[Piece]:
        """Those that have notes, in the order of a Score's tracks."""
        return sorted({piece for chunk in range(len(self.chunks)) for piece, _ in self.notes(chunk)})

    def notes(self, chunk: int) -> typing.Iterator[tuple[Piece, Message]]:
        """Yields the note-ons of a chunk, each with its Piece."""
        program = [0] * 16
        for message in self.chunks[chunk]:
            if message.data[0] & 0xF0 == _PROGRAM:
                program[message.channel] = message.data[1]
            elif message.begins_note:
                yield Piece(chunk, message.channel, program[message.channel]), message


def read(source: FilePath | bytes) -> tuple[MidiChunks, bool]:
    """Reads a MIDI file, and mends what makes its notes unreadable.

    Time in SMPTE frames becomes time in beats of the file's first tempo, or at 120 a minute; fewer than four ticks a
    quarter note become 480; the last notes of a channel that nothing ends end with their chunk, after a bar at most.

    Args:
        source: a path, or the file's content.

    Returns:
        The messages, and whether the file counted frames.

    Raises:
        musicvae_jax.midi.MidiError: there is no such file, or it is empty, not MIDI, truncated or corrupt.
    """
    raw, spans, division = midi_messages.load(source)
    chunks = _split(midi_messages.name_of(source), raw, spans)
    counts_frames = division >= midi_messages.SMPTE
    if counts_frames:
        chunks, division = _in_beats(chunks, division), FINE
    elif division < COARSE:
        chunks, division = _scaled(chunks, FINE // division), FINE
    return MidiChunks(division, [_with_ends(chunk, division) for chunk in chunks]), counts_frames


def _split(path, raw, spans):
    data, chunk, tick, status, at = midi_messages.walk(path, raw, spans)
    is_meta = status == META
    size, begin = midi_messages.number(data, at + is_meta)
    voice = status < 0xF0
    end = np.where(voice, at + 2 - ((status >= 0xC0) & (status < 0xE0)), np.where(status > 0xF0, at, begin + size))
    end = np.where(is_meta | (status == 0xF7), begin + size, end)
    content, chunks = data.tobytes(), [[] for _ in spans]
    for of, time, first, start, stop in zip(
        *(column.tolist() for column in (chunk, tick, status, at, end)), strict=True
    ):
        messages = chunks[of]
        if messages and messages[-1].meta == END_OF_TRACK:
            continue
        body = content[start:stop]
        messages.append(
            Message(time, bytes([first, *(min(byte, 127) for byte in body)] if first < 0xF0 else [first, *body]))
        )
    return chunks


def _in_beats(chunks, division):
    """Ticks of frames as ticks of beats, FINE a quarter note."""
    frames = 256 - (division >> 8)
    seconds = (1.001 / 30 if frames == _NTSC else 1 / frames) / max(division & 255, 1)
    tempos = sorted(
        (message for chunk in chunks for message in chunk if message.meta == TEMPO), key=lambda each: each.tick
    )
    beat = int.from_bytes(tempos[0].data[3:6], "big") / 1e6 if tempos else 60 / DEFAULT_QPM
    # A tempo that changes on the way does not change when frames come.
    kept = [[message for message in chunk if message.meta != TEMPO or message is tempos[0]] for chunk in chunks]
    return _scaled(kept, seconds * FINE / (beat or 60 / DEFAULT_QPM))


def _scaled(chunks, factor):
    return [[message._replace(tick=round(message.tick * factor)) for message in chunk] for chunk in chunks]


def _with_ends(chunk, ticks_per_beat):
    """A chunk whose last notes end, each of its channel and pitch."""
    open_notes = {}
    for message in chunk:
        if message.begins_note or message.ends_note:
            open_notes[message.data[0] & 15, message.data[1]] = message if message.begins_note else None
    stuck = [message for message in open_notes.values() if message]
    if not stuck:
        return chunk
    ends = []
    for note in stuck:
        last = max(chunk[-1].tick, note.tick + 1) if chunk[-1].tick > note.tick else note.tick + ticks_per_beat
        end = min(last, note.tick + _LONGEST_STUCK * ticks_per_beat)
        ends.append(Message(end, bytes([_NOTE_OFF | note.channel, note.data[1], 64])))
    closing = [message for message in chunk if message.meta == END_OF_TRACK]
    closing = [message._replace(tick=max([message.tick, *(end.tick for end in ends)])) for message in closing]
    music = [message for message in chunk if message.meta != END_OF_TRACK]
    return sorted([*music, *ends], key=lambda message: message.tick) + closing


def _in_utf_8(message):
    if message.meta not in _TEXTS:
        return message
    try:
        message.content.decode()
    except UnicodeDecodeError:
        return Message.of_meta(message.tick, message.meta, message.content.decode("latin-1").encode())
    return message


def chunk_bytes(messages: list[Message]) -> bytes:
    """The bytes of a track chunk; a status byte that is that of the message before is left out."""
    parts, now, running = [], 0, None
    for message in messages:
        status = message.data[0]
        parts += [_variable_length(message.tick - now), message.data[status == running :]]
        now, running = message.tick, status if status < 0xF0 else None
    if not messages or messages[-1].meta != END_OF_TRACK:
        parts.append(bytes([1, META, END_OF_TRACK, 0]))
    body = b"".join(parts)
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def _variable_length(number) -> bytes:
    groups = [number & 127]
    while number := number >> 7:
        groups.append(number & 127 | 128)
    return bytes(reversed(groups))
