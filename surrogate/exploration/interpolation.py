"""Ways from one song to another, through the latents between theirs."""

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import STEPS_PER_BAR, TRACKS
from surrogate.exploration import songs
from surrogate.exploration.pieces import Pieces

_TRIED = 64
"""Places on the way of which pieces are chosen."""
_PARALLEL = 1e-4  # radians, within which an arc is a line


def interpolate(space, a, b, *, steps: int = 9, bars: int | None = 16) -> Pieces:
    """Writes what lies between two songs, melody included: bar by bar, or window by window, along arcs.

    Both songs are brought to C, as between keys there is no music, and what is written is in the key and the tempo of
    a. The first piece is the model's reconstruction of a, the last that of b in the key of a. Where on the way the
    others lie is chosen so that from each to the next as much music changes: near the ends of an arc hardly any does.

    Args:
        space: the LatentSpace.
        a, b: MIDI files or scores.
        steps: how many pieces, 2 or more.
        bars: of each song, from its first melody on; None takes all that both have.

    Raises:
        musicvae_jax.FileError: one of the files cannot be used.
        ValueError: steps or bars are out of range.
    """
    if steps < 2 or (bars is not None and bars < 1):
        raise ValueError(f"steps must be 2 or more and bars 1 or more, not {steps} and {bars}")
    first, last = songs.read(a), songs.read(b)
    shift = first.semitones_to_c
    both = [song.transposed(song.semitones_to_c).tokens for song in (first, last)]
    length = min(*map(len, both), *([] if bars is None else [bars * STEPS_PER_BAR]))
    ends = [space.encode(tokens[:length])[0] for tokens in both]
    shares = np.linspace(0, 1, max(_TRIED, steps))
    z = np.concatenate([arc(*ends, share, parts=space.parts) for share in shares])
    way = space.decode(z).reshape(len(shares), -1, len(TRACKS))[:, :length]
    chosen = evenly(way, steps)
    labels = tuple(f"{100 * share:.0f} % {last.name}" for share in shares[chosen])
    tokens = tuple(events.transpose(way[chosen], -shift))
    return Pieces(f"{first.name} to {last.name}", labels, tokens, first.tempo)


def evenly(way, steps: int) -> np.ndarray:
    """Chooses pieces on a way, the first and the last among them, between which music changes as evenly as it can.

    Args:
        way: int [n, T, 3], tokens.
        steps: how many to choose, 2 to n.

    Returns:
        int64 [steps], rising.
    """
    changed = (way[1:] != way[:-1]).sum((1, 2))
    gone = np.append(0, np.cumsum(changed)) / max(changed.sum(), 1)
    chosen = [0]
    for number in range(1, steps):
        wanted = int(np.abs(gone - number / (steps - 1)).argmin()) if number < steps - 1 else len(way) - 1
        chosen.append(min(max(wanted, chosen[-1] + 1), len(way) - steps + number))
    return np.array(chosen)


def arc(a, b, share: float, parts=()) -> np.ndarray:
    """Goes a share of the way from latents to others by spherical interpolation, each on the arc between the two.

    A latent that is made of several Gaussians, of beats and parts, goes along an arc in each of them: what two bars
    have in common stays.

    Args:
        a, b: float32 [S, Z] each.
        share: 0 is a, 1 is b.
        parts: where a latent is cut into Gaussians of their own, places in Z, rising.

    Returns:
        float32 [S, Z].

    Source: White, Sampling Generative Networks (2016); Roberts et al. 2018, section 3.2.
    """
    pieces = zip(np.split(a, parts, axis=-1), np.split(b, parts, axis=-1), strict=True)
    return np.concatenate([_arc(*piece, share) for piece in pieces], -1).astype(np.float32)


def _arc(a, b, share):
    lengths = np.linalg.norm(a, axis=-1, keepdims=True) * np.linalg.norm(b, axis=-1, keepdims=True)
    cosine = (a * b).sum(-1, keepdims=True) / np.maximum(lengths, 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    bent = (angle > _PARALLEL) & (angle < np.pi - _PARALLEL)
    sine = np.sin(np.where(bent, angle, 1.0))
    of_a = np.where(bent, np.sin((1 - share) * angle) / sine, 1 - share)
    of_b = np.where(bent, np.sin(share * angle) / sine, share)
    return of_a * a + of_b * b
