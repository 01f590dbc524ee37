"""How freely songs are drawn: temperatures of what they are made of, from safe to wild."""

import typing

import numpy as np

REHARMONISED = 1.5
"""By how much the temperature of chords is multiplied where takes are to differ in them."""


class Temperatures(typing.NamedTuple):
    """What logits are divided by.

    codes: of chords, whose logits are the decoder's and several times the encoder's (song_sampler); of kick, snare and
        toms; of cymbals; of the bass's patterns; of its first notes: bar_codes.KIND_OF_CODE.
    sources: of where chords, drums and bass come from.
    """

    codes: tuple[float, float, float, float, float]
    sources: tuple[float, float, float]


SAFE = Temperatures(codes=(1.0, 0.85, 0.85, 0.85, 0.35), sources=(0.3, 0.4, 0.35))
DEFAULT = Temperatures(codes=(2.0, 1.0, 1.0, 1.0, 0.9), sources=(0.7, 0.8, 0.7))


def wished_temperatures(wishes) -> Temperatures:
    """Those that band.Wishes ask for, on the line from SAFE, 0, through DEFAULT, 1; of sources not beyond it."""
    bass, drums = (1.0 if x is None else x for x in (wishes.bass_temperature, wishes.drum_temperature))

    def on_the_line(name, wish):
        safe, default = np.array(getattr(SAFE, name)), np.array(getattr(DEFAULT, name))
        return safe + np.array(wish) * (default - safe)

    codes = on_the_line("codes", (bass, drums, drums, bass, bass))  # chords go with the bass
    if wishes.reharmonise:
        codes[0] *= REHARMONISED
    return Temperatures(tuple(codes), tuple(on_the_line("sources", np.minimum((bass, drums, bass), 1))))
