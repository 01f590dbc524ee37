"""Meta events of a MIDI file that a symusic Score leaves out: texts, cue points, what sequencers write."""

import numpy as np

from musicvae_jax import midi_messages
from musicvae_jax.files import FilePath

TEXT, COPYRIGHT, TRACK_NAME, LYRIC, MARKER, CUE, SEQUENCER = 0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x7F
"""Kinds of meta events, as the file has them."""


def read(path: FilePath | bytes, kinds) -> list[tuple[int, int, bytes]]:
    """Reads meta events of a MIDI file: (tick, kind, content) of those whose kinds are asked for, in file order.

    Raises:
        musicvae_jax.midi.MidiError: as midi_messages.messages raises it.
    """
    raw, spans, _ = midi_messages.load(path)
    data, _, tick, status, at = midi_messages.walk(midi_messages.name_of(path), raw, spans)
    meta = np.flatnonzero(status == midi_messages.META)
    meta = meta[np.isin(data[at[meta]], kinds)]
    size, begin = midi_messages.number(data, at[meta] + 1)
    rows = np.stack([tick[meta], data[at[meta]], begin, begin + size], axis=1).tolist()
    return [(when, kind, raw[first:last]) for when, kind, first, last in rows]
