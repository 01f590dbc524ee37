"""Chords in a MIDI file, on a track of their own: markers, which programs show over the bars, and events of XF."""

from collections.abc import Sequence

from musicvae_jax import meta_events
from musicvae_jax.meta_events import MARKER, SEQUENCER, TRACK_NAME
from musicvae_jax.midi_chunks import Message, chunk_bytes
from musicvae_jax.midi_messages import END_OF_TRACK
from surrogate.reading import xf_chords
from surrogate.reading.chord_symbols import Chord

NAME = "Chords"
_TRACKS = slice(10, 12)
"""Where in the header the number of tracks is."""


def added(midi: bytes, changes: tuple[tuple[int, Chord], ...], *, markers: Sequence[tuple[int, str]] = ()) -> bytes:
    """Adds a track of chords to a MIDI file, and other markers; everything else stays byte for byte.

    Args:
        midi: the file's content, of format 1.
        changes: tick and chord of each change, rising; where there are none, nothing is added. A marker that the file
            has already is not added again.
        markers: tick and text of each, as of sections, to stand beside them.
    """
    if not changes and not markers:
        return midi
    there = {(tick, content) for tick, _, content in meta_events.read(midi, [MARKER])}
    messages = [Message.of_meta(0, TRACK_NAME, NAME.encode())]
    added_at = [(tick, 0, Message.of_meta(tick, MARKER, text.encode())) for tick, text in markers]
    for tick, chord in changes:
        added_at.append((tick, 1, Message.of_meta(tick, SEQUENCER, xf_chords.encode(chord))))
        if (tick, chord.symbol.encode()) not in there:
            added_at.append((tick, 1, Message.of_meta(tick, MARKER, chord.symbol.encode())))
    messages += [message for *_, message in sorted(added_at, key=lambda each: each[:2])]
    messages.append(Message.of_meta(messages[-1].tick, END_OF_TRACK))
    tracks = int.from_bytes(midi[_TRACKS], "big") + 1
    header = midi[: _TRACKS.start] + tracks.to_bytes(2, "big") + midi[_TRACKS.stop :]
    return header + chunk_bytes(messages)
