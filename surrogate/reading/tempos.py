"""The tempo of a song, told as one number."""

import collections

from musicvae_jax.notes import DEFAULT_QPM


def longest(tempos, end_tick: int) -> float:
    """The tempo that lasts for most ticks up to end_tick.

    Args:
        tempos: symusic's list of them, in ticks.
        end_tick: the last tick that counts.

    Returns:
        Quarter notes a minute, to a hundredth.
    """
    changes = sorted((tempo for tempo in tempos if tempo.mspq), key=lambda tempo: tempo.time)
    tempo_of_tick = {0: DEFAULT_QPM} | {min(tempo.time, end_tick): tempo.qpm for tempo in changes}
    lasts = collections.Counter()
    for (tick, tempo), until in zip(tempo_of_tick.items(), [*tempo_of_tick, end_tick][1:], strict=True):
        lasts[round(tempo, 2)] += until - tick
    return max(lasts, key=lasts.get)
