"""Music as it is written, bar by bar, and as MIDI messages when it is played out."""

import collections
import dataclasses
import typing
from fractions import Fraction

from musicvae_jax.meta_events import LYRIC, TRACK_NAME
from musicvae_jax.midi_chunks import FINE, Message, MidiChunks
from musicvae_jax.midi_messages import MAX_TICK, METER, TEMPO
from musicvae_jax.notes import DRUM_CHANNEL
from surrogate.reading import play_order
from surrogate.reading.chord_symbols import Chord
from surrogate.reading.play_order import Signs

MOST_BARS = 4096
"""Of a song with all repeats."""
_KEY = 0x59
_VELOCITY = 80
_SLOWEST, _FASTEST = 4, 1000
_FINEST = 32
"""The finest note value by which an odd bar is told."""
_MELODIC_CHANNELS = [channel for channel in range(16) if channel != DRUM_CHANNEL]


class WrittenNote(typing.NamedTuple):
    """offset, length: in quarter notes from the bar's begin. is_tied: to the note before. words: verse and syllable."""

    offset: Fraction
    length: Fraction
    pitch: int
    is_tied: bool = False
    words: tuple[tuple[int, str], ...] = ()


class WrittenPart(typing.NamedTuple):
    """What plays a staff; program: of General MIDI, from 0."""

    name: str
    program: int
    is_drum: bool


@dataclasses.dataclass(frozen=True)
class WrittenBar:
    """length: quarter notes that are in it. signature: numerator and denominator. signs: of the way through the song.

    chords, tempos (quarter notes a minute), keys (sharps, and whether minor): with their offsets in quarter notes.
    notes: of each part.
    """

    length: Fraction
    signature: tuple[int, int]
    signs: Signs
    chords: list[tuple[Fraction, Chord]]
    tempos: list[tuple[Fraction, float]]
    keys: list[tuple[Fraction, tuple[int, bool]]]
    notes: list[list[WrittenNote]]

    @property
    def full_length(self) -> Fraction:
        """Quarter notes that its meter says."""
        return Fraction(4 * self.signature[0], self.signature[1])


class WrittenMusic(typing.NamedTuple):
    """A song as it is written; which: of a file's songs, in words, where there are several. unread: chord symbols that
    are none, and where they stand."""

    parts: list[WrittenPart]
    bars: list[WrittenBar]
    title: str = ""
    which: str = ""
    unread: tuple[str, ...] = ()


class Notation(typing.NamedTuple):
    """What a score tells beside its notes: quarter notes before the first bar line, chords by tick, the song's title,
    which of the file's songs it is, in words, where there are several, and chord symbols that cannot be read."""

    pickup: float
    chords: tuple[tuple[int, Chord], ...]
    title: str = ""
    which: str = ""
    unread: tuple[str, ...] = ()


def play_out(music: WrittenMusic) -> tuple[MidiChunks, Notation]:
    """Plays a song from bar to bar as its signs say.

    Returns:
        The messages: first the song's meters, tempos and keys, then a chunk for each part; and what they do not tell.

    Raises:
        ValueError: it is too long; str() says so.
    """
    order = play_order.played([bar.signs for bar in music.bars], MOST_BARS)
    bars = [music.bars[place] for place in order]
    begins = [0]
    for bar in bars:
        begins.append(begins[-1] + _ticks(bar.length))
    if len(order) > MOST_BARS or begins[-1] > MAX_TICK:
        raise ValueError(f"plays more than {MOST_BARS} bars with its repeats; write fewer")
    tempos, keys, chords = (_changes(music.bars, order, begins, kind) for kind in ("tempos", "keys", "chords"))
    of_song = [Message.of_meta(tick, TEMPO, _tempo(qpm)) for tick, qpm in tempos]
    of_song += [Message.of_meta(tick, _KEY, bytes([sharps % 256, minor])) for tick, (sharps, minor) in keys]
    long = [(bar, begin) for bar, begin in zip(bars, begins, strict=False) if bar.length > 0]
    of_song += [Message.of_meta(tick, METER, _meter(signature)) for tick, signature in _meters(long)]
    chunks = [sorted(of_song, key=lambda message: message.tick)]
    for number, part in enumerate(music.parts):
        channel = DRUM_CHANNEL if part.is_drum else _MELODIC_CHANNELS[number % len(_MELODIC_CHANNELS)]
        chunks.append(_chunk(part, channel, _played_notes(number, order, bars, begins)))
    has_pickup = len(long) > 1 and long[0][0].length < long[0][0].full_length
    pickup = float(long[0][0].length) if has_pickup else 0.0
    return MidiChunks(FINE, chunks), Notation(pickup, tuple(chords), music.title, music.which, music.unread)


def _ticks(quarters) -> int:
    return round(quarters * FINE)


def _changes(written, order, begins, kind):
    """Tick and value of each change; where the way jumps, what was in force there before is so again."""
    before, latest = [], None
    for bar in written:
        before.append(latest)
        latest = max(getattr(bar, kind), key=lambda change: change[0], default=(0, latest))[1]
    of_tick = {}
    for place, previous, begin in zip(order, [-1, *order], begins, strict=False):
        if place != previous + 1 and before[place] is not None:
            of_tick[begin] = before[place]
        of_tick |= {begin + _ticks(offset): value for offset, value in getattr(written[place], kind)}
    changes = sorted(of_tick.items(), key=lambda change: change[0])
    return [change for last, change in zip([(0, None), *changes], changes, strict=False) if change[1] != last[1]]


def _meters(bars):
    """Tick and signature of each change; a bar that is not full has one of its own, but for the last."""
    latest = None
    for number, (bar, begin) in enumerate(bars, 1):
        is_full = bar.length == bar.full_length or number == len(bars)
        signature = bar.signature if is_full else _odd_signature(bar.length)
        if signature != latest:
            yield begin, signature
        latest = signature


def _odd_signature(length):
    parts = Fraction(round(length * _FINEST / 4), _FINEST)
    factor = max(4 // parts.denominator, 1)
    return parts.numerator * factor, parts.denominator * factor


def _meter(signature):
    numerator, denominator = signature
    return bytes([min(numerator, 255), denominator.bit_length() - 1, 24, 8])


def _tempo(qpm):
    return round(60e6 / min(max(qpm, _SLOWEST), _FASTEST)).to_bytes(3, "big")


def _played_notes(part, order, bars, begins):
    """First tick, end, pitch and syllable of each note of a part, tied ones as one."""
    notes, place_of_end, times = [], {}, collections.Counter()
    for place, bar, begin in zip(order, bars, begins, strict=False):
        times[place] += 1
        for note in bar.notes[part]:
            start = begin + _ticks(note.offset)
            end = max(begin + _ticks(note.offset + note.length), start + 1)
            before = place_of_end.pop((note.pitch, start), None) if note.is_tied else None
            if before is None:
                before = len(notes)
                notes.append([start, end, note.pitch, _syllable(note.words, times[place])])
            notes[before][1] = end
            place_of_end[note.pitch, end] = before
    return notes


def _syllable(words, time):
    of_verse = dict(words)
    return of_verse.get(time, of_verse[min(of_verse)]) if words else ""


def _chunk(part, channel, notes):
    messages = [Message.of_meta(0, TRACK_NAME, part.name.encode("utf-8", "replace"))]
    if not part.is_drum:
        messages.append(Message(0, bytes([0xC0 | channel, part.program])))
    for start, end, pitch, syllable in notes:
        if syllable:
            messages.append(Message.of_meta(start, LYRIC, syllable.encode("utf-8", "replace")))
        messages.append(Message(start, bytes([0x90 | channel, pitch, _VELOCITY])))
        messages.append(Message(end, bytes([0x80 | channel, pitch, 0])))
    return sorted(messages, key=lambda message: (message.tick, message.begins_note))
