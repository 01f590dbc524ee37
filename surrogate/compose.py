"""Melody lines in, bass and drums out: the models at work on the windows of many songs at once."""

import functools
import typing

import numpy as np

import musicvae_jax
import surrogate
from musicvae_jax import cache, events, midi, trio
from surrogate import attributes, keys, marginals, takes, windows
from surrogate.melody import Melody
from surrogate.prior import Prior

LEAN = 0.6
"""How far of the way to another song's latent its groove takes a song's."""
LIKE_WINDOWS = 24


class Models(typing.NamedTuple):
    """A MusicVAE and its surrogate encoder; the marginals and density attributes, None where there are none."""

    vae: typing.Any
    encoder: typing.Any
    marginals: typing.Any
    attributes: attributes.Attributes | None


class Part(typing.NamedTuple):
    """A take's bass and drums, uint16 [T, 2], for a melody of T steps, and its value (surrogate.takes.value)."""

    tokens: np.ndarray
    value: float


def load(checkpoint=None, *, encoder=False) -> Models:
    """The models of a pretrained name or a folder, the embedded ones when None; raises CheckpointError.

    encoder: also MusicVAE's own, which only Options.like needs.
    """
    cache.keep_compiled_programs()
    name = checkpoint or musicvae_jax.checkpoint.DEFAULT
    vae, encoder, told = musicvae_jax.load(name, encoder=encoder), surrogate.load(name), marginals.load(name)
    if told is not None and told.config.in_c != encoder.config.in_c:
        raise musicvae_jax.CheckpointError(
            f"{name}: of surrogate and marginals one reads melodies in C, one in any key"
        )
    return Models(vae, encoder, told, attributes.load(name))


def compose(melodies: list[Melody], models: Models, options) -> list[list[Part]]:
    """The takes of each melody, best first.

    Models that know songs in C only read and write them there. Bars before the first note and windows of 16 bars
    without melody stay silent.

    Raises: midi.MidiError if Options.like cannot be read or used; CheckpointError if a density is asked for of models
        that have no attributes.
    """
    vae, encoder, told, _ = models
    shift_2xZ = _shift(models, options)
    shifts = [keys.semitones_to_c(melody.tokens) if encoder.config.in_c else 0 for melody in melodies]
    lines, pieces = [], []
    for melody, shift in zip(melodies, shifts, strict=True):
        line_Tx3 = np.zeros((len(melody.tokens), len(events.TRACKS)), np.uint16)
        line_Tx3[:, 0] = melody.tokens
        cut, lines_nxT = windows.cut(events.transpose(line_Tx3, shift)[:, 0])
        pieces.append(cut)
        lines.append(lines_nxT)
    lines_nxT = np.concatenate(lines)
    song_n = np.repeat(np.arange(len(melodies)), [len(cut) for cut in pieces])
    full_lines_NxT = takes.full(lines_nxT)[0]
    prior = Prior(*(x[: len(lines_nxT)] for x in encoder.predict(full_lines_NxT, batch_size=takes.MANY)))
    evidence = functools.partial(told.evidence, full_lines_NxT, batch_size=takes.MANY) if told else dict
    if options.like is not None:
        prior = prior._replace(means=_leaning(vae, prior.means, song_n, options.like, in_c=encoder.config.in_c))
    played = takes.play(
        vae, prior, lines_nxT, song_n, count=options.takes, seed=options.seed,
        temperature=(options.bass_temperature, options.drum_temperature), shift_2xZ=shift_2xZ, evidence=evidence,
    )  # fmt: skip
    composed = []
    for song, (melody, shift, cut) in enumerate(zip(melodies, shifts, pieces, strict=True)):
        parts = []
        for tokens_nxTx2, value in zip(played.tokens[:, song_n == song], played.values[:, song], strict=True):
            song_Tx3 = np.zeros((len(melody.tokens), len(events.TRACKS)), np.uint16)
            song_Tx3[:, 1:] = windows.join(cut, tokens_nxTx2, len(song_Tx3))
            parts.append(Part(events.transpose(song_Tx3, -shift)[:, 1:], float(value)))
        composed.append(parts)
    return composed


def _shift(models, options):
    if models.attributes is not None:
        return models.attributes.shift(options.bass_density, options.drum_density)
    if options.bass_density or options.drum_density:
        reason = "this model knows no density; python -m scripts.find_attributes finds it"
        raise musicvae_jax.CheckpointError(reason)
    return None


def _leaning(vae, means_nxKxZ, song_n, path, *, in_c):
    """The means with what belongs to windows as a whole moved towards that of another song."""
    tokens = trio.survey(path, grid="beats", hop_bars=4, melody_programs=trio.LEAD_PROGRAMS).tokens(LIKE_WINDOWS, 0)
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
