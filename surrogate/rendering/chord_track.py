"""Chords in a MIDI file, on a track of their own: markers, which programs show over the bars, and events of XF."""

from musicvae_jax import meta_events
from musicvae_jax.meta_events import END_OF_TRACK, MARKER, SEQUENCER, STATUS, TRACK_NAME
from surrogate.reading import xf_chords
from surrogate.reading.chord_symbols import Chord

NAME = "Chords"
_TRACKS = slice(10, 12)
"""Where in the header the number of tracks is."""


def added(midi: bytes, changes: tuple[tuple[int, Chord], ...]) -> bytes:
    """Adds a track of chords to a MIDI file; everything else stays byte for byte.

    Args:
        midi: the file's content, of format 1.
        changes: tick and chord of each change, rising; where there are none, nothing is added. A marker that the file
            has already is not added again.
    """
    if not changes:
        return midi
    markers = {(tick, content) for tick, _, content in meta_events.read(midi, [MARKER])}
    track, now = _meta(0, TRACK_NAME, NAME.encode()), 0
    for tick, chord in changes:
        track += _meta(tick - now, SEQUENCER, xf_chords.encode(chord))
        if (tick, chord.symbol.encode()) not in markers:
            track += _meta(0, MARKER, chord.symbol.encode())
        now = tick
    track += _meta(0, END_OF_TRACK, b"")
    tracks = int.from_bytes(midi[_TRACKS], "big") + 1
    header = midi[: _TRACKS.start] + tracks.to_bytes(2, "big") + midi[_TRACKS.stop :]
    return header + b"MTrk" + len(track).to_bytes(4, "big") + track


def _meta(wait, kind, content):
    return _number(wait) + bytes((STATUS, kind)) + _number(len(content)) + content


def _number(value):
    """MIDI's numbers of variable length."""
    digits = [value & 127]
    while value := value >> 7:
        digits.append(value & 127 | 128)
    return bytes(reversed(digits))
