"""A soundfont of a few kB: sines, so that what is played can be read off a spectrum.

Program 0 plays the pitch that is asked for, program 33 the octave below, the drums DRUM_HZ on any key.
Source: SoundFont Technical Specification 2.04, sections 4 to 8.
"""

import struct

import numpy as np

RATE = 44000
PERIOD, DRUM_PERIOD = 100, 44
DRUM_HZ = RATE / DRUM_PERIOD
LENGTH, LOOP = 4400, (1100, 3300)  # whole periods of both

_COARSE_TUNE, _INSTRUMENT, _SAMPLE, _SAMPLE_MODES, _SCALE_TUNING = 51, 41, 53, 54, 56
_LOOPED = 1


def soundfont() -> bytes:
    sines = [np.rint(20000 * np.sin(2 * np.pi * np.arange(LENGTH) / period)) for period in (PERIOD, DRUM_PERIOD)]
    gap = np.zeros(46)  # the specification wants as many zeros after each sample
    samples = np.concatenate([sines[0], gap, sines[1], gap]).astype("<i2").tobytes()

    presets = [("sine", 0, 0), ("octave below", 33, 0), ("drums", 0, 128), ("EOP", 0, 0)]
    preset_generators = [[(_INSTRUMENT, 0)], [(_COARSE_TUNE, -12), (_INSTRUMENT, 0)], [(_INSTRUMENT, 1)]]
    instruments = ["sine", "drum", "EOI"]
    instrument_generators = [
        [(_SAMPLE_MODES, _LOOPED), (_SAMPLE, 0)],
        [(_SAMPLE_MODES, _LOOPED), (_SCALE_TUNING, 0), (_SAMPLE, 1)],
    ]
    headers = [
        struct.pack("<20sHHHIII", name.encode(), program, bank, place, 0, 0, 0)
        for place, (name, program, bank) in enumerate(presets)
    ]
    names = [struct.pack("<20sH", name.encode(), place) for place, name in enumerate(instruments)]
    sample_headers = [_sample("sine", 0, 69), _sample("drum", LENGTH + len(gap), 60), bytes(46)]
    articulation = {
        b"phdr": b"".join(headers),
        **_generators(b"p", preset_generators),
        b"inst": b"".join(names),
        **_generators(b"i", instrument_generators),
        b"shdr": b"".join(sample_headers),
    }
    info = {b"ifil": struct.pack("<HH", 2, 1), b"isng": b"EMU8000\0", b"INAM": b"sines\0"}
    return _chunk(
        b"RIFF", b"sfbk" + _list(b"INFO", info) + _list(b"sdta", {b"smpl": samples}) + _list(b"pdta", articulation)
    )


def _generators(kind, zones):
    """The chunks bag, mod and gen: one zone a preset or instrument, and the ends that the format asks for."""
    starts = np.cumsum([0] + [len(zone) for zone in zones])
    return {
        kind + b"bag": b"".join(struct.pack("<HH", start, 0) for start in starts),
        kind + b"mod": bytes(10),
        kind + b"gen": b"".join(struct.pack("<Hh", *pair) for zone in zones for pair in zone) + bytes(4),
    }


def _sample(name, start, key):
    end = start + LENGTH
    loop = [start + place for place in LOOP]
    return struct.pack("<20sIIIIIBbHH", name.encode(), start, end, *loop, RATE, key, 0, 0, 1)


def _list(kind, chunks):
    return _chunk(b"LIST", kind + b"".join(_chunk(name, body) for name, body in chunks.items()))


def _chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
