"""Directions in the latent space along which music gets denser, more syncopated or wider."""

import dataclasses

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import BARS_PER_WINDOW, STEPS_PER_BAR, TRACKS
from surrogate.corpus import dataset
from surrogate.corpus.errors import DatasetError
from surrogate.exploration import songs, traits
from surrogate.exploration.pieces import Pieces
from surrogate.model import compatibility

LEAST = 100
"""Segments in which all parts play, without which directions would be chance."""
STRIDES = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 6.0, 8.0, 12.0, 16.0)
"""How many directions music is moved by to see how far it changes: latents of bars lie in lumps, between which a small
step changes nothing."""
_TRIED = 16
"""Windows by which that is seen, and as many held-out ones."""
_DENOMINATOR_FLOOR = 1e-6


@dataclasses.dataclass(frozen=True, repr=False)
class Attributes:
    """Directions, and how far to go along them.

    names: of the attributes, those of traits.NAMES. mean, std: of each over the corpus's bars or windows, float64 [A].
    directions: float32 [A, Z], by what latents move where an attribute is a standard deviation higher, the others
        being the same.
    changes: float64 [A, 2, K], by how many standard deviations music falls (0) or rises (1) when its latents are moved
        by so many directions, STRIDES [K].
    reached: {name: {"down", "up"}: float64 [A]}, by what all attributes of held-out music change when it is moved by -1
        and by 1; empty where the corpus holds nothing out.
    """

    space: object
    names: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    directions: np.ndarray
    changes: np.ndarray
    reached: dict[str, dict[str, np.ndarray]]

    def __repr__(self) -> str:
        return f"<Attributes {', '.join(self.names)}>"

    def __str__(self) -> str:
        """A line for each attribute: its mean and deviation, what moving by -1 and 1 does, what else changes most."""
        lines = [f"{'attribute':20} {'mean':>7} {'std':>7} {'by -1':>7} {'by 1':>7}  what else changes most by 1"]
        for place, (name, mean, std) in enumerate(zip(self.names, self.mean, self.std, strict=True)):
            line = f"{name:20} {mean:7.2f} {std:7.2f}"
            if name in self.reached:
                down, up = self.reached[name]["down"], self.reached[name]["up"]
                others = np.where(np.arange(len(up)) == place, 0, up)
                most = int(np.abs(others).argmax())
                line += f" {down[place]:+7.2f} {up[place]:+7.2f}  {self.names[most]} {others[most]:+.2f}"
            lines.append(line)
        return "\n".join(lines)

    def move(self, z: np.ndarray, by: dict[str, float]) -> np.ndarray:
        """Moves latents along directions, as far as music is to change, or can.

        Args:
            z: float32 [S, Z].
            by: {name: standard deviations}; "density", "syncopation" and "range" are those of all parts.

        Returns:
            float32 [S, Z].

        Raises:
            ValueError: there is no such attribute.
        """
        step = np.zeros(z.shape[-1], np.float32)
        for name, amount in by.items():
            chosen = [place for place, own in enumerate(self.names) if name in (own, own.partition("_")[2])]
            if not chosen:
                raise ValueError(f"there is no attribute {name}, only {', '.join((*self.names, *traits.KINDS))}")
            for place in chosen:
                strides = _strides(self.changes[place, int(amount > 0)], abs(amount))
                step += np.float32(np.sign(amount) * strides) * self.directions[place]
        return z + step

    def apply(self, song, by: dict[str, float], *, bars: int | None = 16) -> Pieces:
        """Writes a song as it is, as the model gives it back, and moved along directions.

        Args:
            song: a MIDI file or a score.
            by: as move takes it.
            bars: of it, from its first melody on; None takes all.

        Raises:
            musicvae_jax.FileError: it cannot be used.
            ValueError: there is no such attribute.
        """
        read = songs.read(song).cut(bars)
        shift = read.semitones_to_c if self.space.in_c else 0
        mu, _ = self.space.encode(read.transposed(shift).tokens)
        decoded = [self.space.decode(z)[: len(read.tokens)] for z in (mu, self.move(mu, by))]
        moved = ", ".join(f"{name} {amount:+g}" for name, amount in by.items())
        tokens = (read.tokens, *(events.transpose(each, -shift) for each in decoded))
        return Pieces(f"{read.name}: {moved}", ("original", "reconstruction", moved), tokens, read.tempo)


def find(space, corpus, *, windows: int = 2048, seed: int = 0) -> Attributes:
    """Finds directions of density, syncopation and range of each part in an encoded corpus.

    Latents are regressed on all attributes together, so that a direction of one leaves the others where they are, as
    far as the corpus tells them apart. Only bars, or windows, in which all three parts play count.

    Args:
        space: the LatentSpace of the model that encoded the corpus.
        corpus: the folder.
        windows: at most so many of the training split are used.
        seed: of their draw.

    Raises:
        DatasetError: it is no encoded corpus, or too little plays in it.
        musicvae_jax.CheckpointError: it was encoded by another model.
    """
    data = dataset.open(corpus)
    found = compatibility.fingerprint(space.checkpoint, data)
    size = space.vae.config.z_size
    compatibility.check_latents(data, corpus, space.checkpoint, size, found)
    tokens, mu = _segments(space, data, "train", windows, seed)
    if len(mu) < LEAST:
        raise DatasetError(f"{corpus}: all three parts play in {len(mu)} segments, of {LEAST} that are needed")
    values = traits.of_music(tokens)
    mean, std = values.mean(0), values.std(0) + _DENOMINATOR_FLOOR
    design = np.column_stack([np.ones(len(values)), (values - mean) / std])
    directions = np.linalg.lstsq(design, mu.astype(np.float64), rcond=None)[0][1:].astype(np.float32)
    none = np.zeros((len(traits.NAMES), 2, len(STRIDES)))
    attributes = Attributes(space, traits.NAMES, mean, std, directions, none, {})
    tried = slice(0, _TRIED * BARS_PER_WINDOW // space.span)
    attributes = dataclasses.replace(attributes, changes=_changes(attributes, tokens[tried], mu[tried]))
    held_out = _segments(space, data, "validation", _TRIED, seed)
    return dataclasses.replace(attributes, reached=_reached(attributes, *held_out))


def _segments(space, data, split, windows, seed):
    """Those of windows of a split in which all parts play: tokens [n, steps, 3] and means of latents [n, Z]."""
    rng, rows = np.random.default_rng(seed), data.indices(split)
    chosen = rng.choice(rows, min(windows, len(rows)), replace=False)
    tokens = data.rows(chosen, "tokens").reshape(-1, space.span * STEPS_PER_BAR, len(TRACKS))
    mu = data.rows(chosen, "mu").reshape(len(tokens), space.size)
    kept = traits.plays(tokens)
    return tokens[kept], mu[kept]


def _measured(attributes, tokens, z_MxSxZ):
    """The means of attributes of the music of M sequences of latents, in standard deviations, float64 [M, A]."""
    decoded = attributes.space.decode(z_MxSxZ.reshape(-1, z_MxSxZ.shape[-1])).reshape(-1, *tokens.shape[1:])
    return traits.of_music(decoded).reshape(len(z_MxSxZ), len(tokens), -1).mean(1) / attributes.std


def _changes(attributes, tokens, mu):
    """Attributes.changes, tried on music."""
    signs, strides = np.array([-1, 1], np.float32), np.array(STRIDES, np.float32)
    changes = np.zeros(attributes.changes.shape)
    for place, direction in enumerate(attributes.directions):
        moved = mu + signs[:, None, None, None] * strides[:, None, None] * direction
        values_2xK = _measured(attributes, tokens, moved.reshape(-1, *mu.shape))[:, place].reshape(len(signs), -1)
        changes[place] = signs[:, None] * (values_2xK - values_2xK[:, :1])
    return changes


def _strides(changes_K, wanted) -> float:
    """The fewest strides after which music has changed by what is wanted, or as far as it does."""
    furthest = np.maximum.accumulate(changes_K)
    wanted = min(wanted, furthest[-1])
    place = int(np.argmax(furthest >= wanted))
    if place == 0:
        return 0.0
    share = (wanted - furthest[place - 1]) / (furthest[place] - furthest[place - 1])
    return STRIDES[place - 1] + share * (STRIDES[place] - STRIDES[place - 1])


def _reached(attributes, tokens, mu):
    if not len(mu):
        return {}
    moved = [attributes.move(mu, {name: by}) for name in attributes.names for by in (-1.0, 1.0)]
    before, *after = _measured(attributes, tokens, np.stack([mu, *moved]))
    each = zip(attributes.names, after[::2], after[1::2], strict=True)
    return {name: {"down": down - before, "up": up - before} for name, down, up in each}
