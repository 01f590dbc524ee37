"""A band for tests that needs no model."""

import typing

import numpy as np

from surrogate.model.band import NO_WISHES, WrittenParts


class Call(typing.NamedTuple):
    lines: list
    takes: int
    seed: int


class EchoBand:
    """Plays the melody on the bass, and a kick on every step that 4 + seed divides; remembers what it got."""

    def __init__(self):
        self.calls = []

    in_c = knows_chords = False

    def write(self, lines, wishes=NO_WISHES):
        self.calls.append(Call(list(lines), wishes.takes, wishes.seed))
        return [[WrittenParts(self._parts(line.tokens, wishes.seed), 1.0)] * wishes.takes for line in lines]

    def _parts(self, melody, seed):
        drums = (np.arange(len(melody)) % (4 + seed) == 0).astype(np.uint16)
        return np.stack([melody, drums], axis=-1)
