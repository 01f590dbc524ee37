"""Melody lines in, bass and drums out: the models at work on the windows of many songs at once."""

import functools
import typing
from collections.abc import Sequence

import numpy as np

import musicvae_jax
from musicvae_jax import events, midi, trio
from surrogate.accompaniment.models import AccompanimentModels
from surrogate.accompaniment.options import Options
from surrogate.model import takes, windows
from surrogate.model.prior import Prior
from surrogate.reading import keys
from surrogate.reading.melody import Melody

LEAN = 0.6
"""How far of the way to another song's latent its groove takes a song's."""
LIKE_WINDOWS = 24


class ComposedParts(typing.NamedTuple):
    """A take's bass and drums, uint16 [T, 2], for a melody of T steps, and its rating (see model.takes.ratings)."""

    tokens: np.ndarray
    rating: float


class _Line(typing.NamedTuple):
    """A melody as the models read it: semitones up to their key, its steps, and how windows lie in them."""

    shift: int
    steps: int
    spans: list[windows.WindowSpan]


def compose_parts(
    melodies: Sequence[Melody], models: AccompanimentModels, options: Options
) -> list[list[ComposedParts]]:
    """Composes bass and drums for melodies, through the models together.

    Models that know songs in C only read and write them there. Bars before the first note and windows of 16 bars
    without melody stay silent.

    Args:
        melodies: the lines.
        models: what composes.
        options: what the player wants.

    Returns:
        Options.takes ComposedParts of each melody, best first.

    Raises:
        musicvae_jax.MidiError: Options.like cannot be read or used.
        musicvae_jax.CheckpointError: a density is asked for of models that have no attributes.
    """
    in_c = models.encoder.config.in_c
    shift_2xZ = _shift(models, options)
    lines, melody_nxT = _cut(melodies, in_c=in_c)
    song_n = np.repeat(np.arange(len(melodies)), [len(line.spans) for line in lines])
    [padded_NxT] = takes.pad_to_compiled_size(melody_nxT)
    predicted = models.encoder.predict(padded_NxT, batch_size=takes.LARGE_BATCH)
    prior = Prior(*(values[: len(melody_nxT)] for values in predicted))
    evidence = None
    if models.marginals is not None:
        evidence = functools.partial(models.marginals.evidence, padded_NxT, batch_size=takes.LARGE_BATCH)
    if options.like is not None:
        prior = prior._replace(means=_leaning(models.vae, prior.means, song_n, options.like, in_c=in_c))
    temperature = options.bass_temperature, options.drum_temperature
    drawn = takes.play(
        models.vae, prior, melody_nxT, song_n, count=options.takes, seed=options.seed, temperature=temperature,
        shift_2xZ=shift_2xZ, evidence=evidence,
    )  # fmt: skip
    return [_joined(line, drawn.tokens[:, song_n == song], drawn.ratings[:, song]) for song, line in enumerate(lines)]


def _cut(melodies, *, in_c) -> tuple[list[_Line], np.ndarray]:
    """The melodies as lines in the models' key, and the windows of all of them: uint16 [n, 256]."""
    lines, windows_nxT = [], []
    for melody in melodies:
        shift = keys.semitones_to_c(melody.tokens) if in_c else 0
        song_Tx3 = np.zeros((len(melody.tokens), len(events.TRACKS)), np.uint16)
        song_Tx3[:, events.MELODY] = melody.tokens
        spans, of_song_nxT = windows.cut(events.transpose(song_Tx3, shift)[:, events.MELODY])
        lines.append(_Line(shift, len(melody.tokens), spans))
        windows_nxT.append(of_song_nxT)
    return lines, np.concatenate(windows_nxT)


def _joined(line, tokens_CxnxTx2, ratings_C) -> list[ComposedParts]:
    """The takes of one song, from those of its windows."""
    parts = []
    for tokens_nxTx2, rating in zip(tokens_CxnxTx2, ratings_C, strict=True):
        song_Tx3 = np.zeros((line.steps, len(events.TRACKS)), np.uint16)
        song_Tx3[:, 1:] = windows.join(line.spans, tokens_nxTx2, line.steps)
        parts.append(ComposedParts(events.transpose(song_Tx3, -line.shift)[:, 1:], float(rating)))
    return parts


def _shift(models, options):
    if models.attributes is not None:
        return models.attributes.shift(options.bass_density, options.drum_density)
    if options.bass_density or options.drum_density:
        reason = "this model knows no density; python -m scripts.find_attributes finds it"
        raise musicvae_jax.CheckpointError(reason)
    return None


def _leaning(vae, means_nxKxZ, song_n, path, *, in_c):
    """The means with what belongs to windows as a whole moved towards that of another song."""
    survey = trio.survey(path, grid="beats", hop_bars=4, melody_programs=trio.ALL_MELODY_PROGRAMS)
    tokens = survey.tokens(LIKE_WINDOWS, 0)
    if not len(tokens):
        raise midi.MidiError(
            path, "has no 16 bars of 4/4 where a melody, a bass and drums all play, so none can be like it"
        )
    mu_nxZ, _ = vae.encode(keys.to_c(tokens) if in_c else tokens)
    size = vae.config.window_size
    means_nxKxZ = np.array(means_nxKxZ)
    for song in np.unique(song_n):
        rows = song_n == song
        away_Z = mu_nxZ.mean(0)[:size] - means_nxKxZ[rows, :, :size].mean((0, 1))
        means_nxKxZ[rows, :, :size] += LEAN * away_Z
    return means_nxKxZ
