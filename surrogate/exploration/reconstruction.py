"""How much of a song its latents hold: accuracy and F1 of what the mean of q(z | song) is decoded to."""

import dataclasses
import pathlib

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import DRUMS, FIRST_PITCH, TRACKS
from surrogate.corpus import song_pack
from surrogate.corpus.errors import DatasetError
from surrogate.exploration import songs
from surrogate.exploration.pieces import Pieces
from surrogate.reading import keys

COLUMNS = ("accuracy", "onset_f1", "note_f1")
MOST_SONGS = 100


@dataclasses.dataclass(frozen=True, repr=False)
class Reconstruction:
    """Songs beside what their latents are decoded to.

    scores: {track: {column: value}}; accuracy is the share of equal tokens, silence counted; onset_f1 of steps where a
        note begins, drum by drum for drums; note_f1 of notes, the pitch right, too. songs: how many there are.
    pieces: of a single song the original and the reconstruction, else None.
    """

    scores: dict[str, dict[str, float]]
    songs: int
    pieces: Pieces | None

    def __str__(self) -> str:
        lines = ["".join([f"{'track':8}", *(f" {column:>9}" for column in COLUMNS)])]
        for track, values in self.scores.items():
            lines.append("".join([f"{track:8}", *(f" {values[column]:9.3f}" for column in COLUMNS)]))
        return "\n".join(lines)

    def __repr__(self) -> str:
        f1 = ", ".join(f"{track} {values['onset_f1']:.3f}" for track, values in self.scores.items())
        return f"<Reconstruction of {self.songs} songs, onset F1: {f1}>"


def reconstruct(space, song) -> Reconstruction:
    """Encodes a song, and decodes the mean of its latents by the likeliest tokens.

    Args:
        space: the LatentSpace.
        song: a MIDI file or a score; or a pack of whole songs (.npz), whose validation split is read, MOST_SONGS of it
            at most.

    Raises:
        musicvae_jax.FileError: the file cannot be used.
        surrogate.corpus.errors.DatasetError: the pack cannot be used.
    """
    if pathlib.Path(song).suffix == ".npz":
        pairs = [(tokens, _decoded(space, tokens)) for tokens in _held_out(song)]
        return Reconstruction(_scores(pairs), len(pairs), None)
    read = songs.read(song)
    written = _decoded(space, read.tokens)
    pieces = Pieces(read.name, ("original", "reconstruction"), (read.tokens, written), read.tempo)
    return Reconstruction(_scores([(read.tokens, written)]), 1, pieces)


def _held_out(path):
    pack = song_pack.open(path)
    numbers = pack.indices("validation", complete=True)[:MOST_SONGS]
    if not len(numbers):
        raise DatasetError(f"{path}: holds out no song with melody, bass and drums")
    return [pack[number].trio.reshape(-1, len(TRACKS)) for number in numbers]


def _decoded(space, tokens):
    shift = keys.semitones_to_c(tokens[:, 0]) if space.in_c else 0
    mu, _ = space.encode(events.transpose(tokens, shift))
    return events.transpose(space.decode(mu)[: len(tokens)], -shift)


def _scores(pairs):
    original, written = (np.concatenate(side) for side in zip(*pairs, strict=True))
    scores = {}
    for track, name in enumerate(TRACKS):
        real, made = original[:, track], written[:, track]
        if track == DRUMS:
            hits = [np.bitwise_count(each).sum() for each in (real & made, real, made)]
            onset = note = _f1(*hits)
        else:
            a, b = real >= FIRST_PITCH, made >= FIRST_PITCH
            counts = a.sum(), b.sum()
            onset, note = _f1((a & b).sum(), *counts), _f1((a & b & (real == made)).sum(), *counts)
        scores[name] = dict(zip(COLUMNS, (float((real == made).mean()), onset, note), strict=True))
    return scores


def _f1(hits, real, made):
    return float(2 * hits / (real + made)) if real + made else float("nan")
