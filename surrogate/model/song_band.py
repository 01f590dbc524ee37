"""Whole songs written by the song model: draws of which the one most like the others is played."""

import itertools
import pathlib
import typing
from collections.abc import Sequence

import numpy as np

from musicvae_jax import beats, checkpoint, codebook
from musicvae_jax.bar_model import BarMusicVAE
from musicvae_jax.events import BASS, DRUMS, MELODY, NOTE_OFF, STEPS_PER_BAR, held_tokens, line_notes
from surrogate.model import choice, density, song_batches, song_model, song_sampler
from surrogate.model.band import NO_WISHES, ExampleSong, MelodyLine, Wishes, WrittenParts
from surrogate.model.song_batches import transposed_chords, transposed_line
from surrogate.model.song_model import CHORDS_PER_BAR, SongSurrogate, SongSurrogateConfig
from surrogate.model.song_sampler import DEFAULT, Temperatures
from surrogate.reading import chords as chord_reading
from surrogate.reading import chroma, keys

PART, KIND = "surrogate", "song_surrogate"
"""The folder of a SongSurrogate inside that of its MusicVAE, and what its config.json calls it."""
DRAWS = 8
SONGS_AT_ONCE = 8
LONGEST_REST = 32
"""Bars of rest of the melody through which the band plays on."""
BAR_SIZES = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Lengths that songs are padded to, so that few shapes are compiled."""


class Draws(typing.NamedTuple):
    """K draws of a song: tokens uint16 [K, T, 2] of bass and drums, chords int64 [K, S, 2, 2], in the melody's key."""

    tokens: np.ndarray
    chords: np.ndarray


class _Scene(typing.NamedTuple):
    """Songs as the model reads them: a batch; of each the bars of an example before it, its bars, semitones up to C."""

    batch: dict
    before: int
    bars: list[int]
    shifts: list[int]


class SongBand:
    """A BarMusicVAE and its SongSurrogate at work."""

    in_c = True

    def __init__(self, vae: BarMusicVAE, surrogate: SongSurrogate):
        self.vae, self.surrogate = vae, surrogate

    def write(self, lines: Sequence[MelodyLine], wishes: Wishes = NO_WISHES) -> list[list[WrittenParts]]:
        """As band.Band."""
        before = 0 if wishes.like is None else len(wishes.like.bars)
        sizes = [_padded(before + len(line.tokens) // STEPS_PER_BAR) for line in lines]
        written: dict[int, list[WrittenParts]] = {}
        for size in sorted(set(sizes)):
            same = [i for i, own in enumerate(sizes) if own == size]
            for first in range(0, len(same), SONGS_AT_ONCE):
                group = same[first : first + SONGS_AT_ONCE]
                written |= zip(group, self._write([lines[i] for i in group], size, wishes), strict=True)
        return [written[i] for i in range(len(lines))]

    def _write(self, lines, size, wishes):
        scene = self._scene(lines, size, wishes.like)
        temperatures = _temperatures(wishes)

        def draw():
            return self._draws(scene, max(DRAWS, wishes.takes), wishes.seed, temperatures)

        drawn = draw()
        steps = wishes.bass_density, wishes.drum_density
        if any(steps):
            playing = [np.maximum(_plays(line).sum(0), 1) for line in lines]
            drawn = density.reached(drawn, draw, scene.batch["density"], playing, steps)
        written = []
        for draws in drawn:
            chosen, ratings = choice.ranked(draws.tokens, wishes.takes)
            each = zip(chosen, ratings, strict=True)
            written.append([WrittenParts(draws.tokens[i], float(x), draws.chords[i]) for i, x in each])
        return written

    def _scene(self, lines, size, like):
        rows = 1 if len(lines) == 1 else SONGS_AT_ONCE
        batch, bars, shifts = song_batches.empty(rows, size), [], []
        before = 0 if like is None else len(like.bars)
        for row, line in enumerate(lines):
            shift = keys.semitones_to_c(line.tokens)
            melody_T = transposed_line(line.tokens, shift)
            known_SxK, is_known_SxP = self._known(line, shift)
            if like is not None:
                example_T, example_SxK = self._example(like)
                melody_T = np.concatenate([example_T, melody_T])
                known_SxK = np.concatenate([example_SxK, known_SxK])
                is_known_SxP = np.concatenate([np.ones((before, is_known_SxP.shape[1]), bool), is_known_SxP])
                played_Sx2 = song_batches.plays(like.bars[..., BASS].reshape(-1), like.bars[..., DRUMS])
                batch["plays"][row, :before] = played_Sx2
            song_batches.put_melody(batch, row, melody_T, line.tempo)
            plays_Sx2 = _plays(line)
            batch["plays"][row, before : len(known_SxK)] = plays_Sx2
            self._silence(known_SxK[before:], is_known_SxP[before:], plays_Sx2)
            batch["codes"][row, : len(known_SxK)] = known_SxK
            batch["known"][row, : len(known_SxK)] = is_known_SxP
            bars.append(len(line.tokens) // STEPS_PER_BAR)
            shifts.append(shift)
        return _Scene(batch, before, bars, shifts)

    def _silence(self, codes_SxK, is_known_SxP, plays_Sx2):
        """Makes known, in place, that bass or drums are silent where they do not play."""
        bar = np.zeros((1, STEPS_PER_BAR, 3), np.uint16)
        bar[0, 0, BASS] = NOTE_OFF
        silent_K = np.append(np.zeros(CHORDS_PER_BAR, int), codebook.codes_of(self.vae, bar, np.zeros((1, 2), int)))
        for part, plays_S in ((song_model.BASS, plays_Sx2[:, 0]), (song_model.DRUMS, plays_Sx2[:, 1])):
            own = np.array(song_model.CODES_OF_PART[part])
            codes_SxK[np.ix_(~plays_S, own)] = silent_K[own]
            is_known_SxP[~plays_S, part] = True

    def _known(self, line, shift):
        """Codes, in C, of what of a song is known, int [S, CODES], and of which parts, bool [S, PARTS]."""
        bars = len(line.tokens) // STEPS_PER_BAR
        silent_T = np.zeros(len(line.tokens), np.int64)
        is_known = np.tile([line.chords is not None, line.drums is not None, line.bass is not None], (bars, 1))
        if not is_known.any():
            return np.zeros((bars, song_model.CODES), np.int32), is_known
        tokens_Tx3 = np.stack([line.tokens] + [silent_T if x is None else x for x in (line.bass, line.drums)], -1)
        chords = line.chords
        if chords is None:
            chords = _heard_chords(tokens_Tx3)
        return self._codes(tokens_Tx3.reshape(bars, STEPS_PER_BAR, 3), chords, shift), is_known

    def _codes(self, bars_SxTx3, chords_SxHx2, shift):
        """Codes of bars in C, int [S, CODES]."""
        chord = song_batches.chord_codes(chords_SxHx2)
        roots = beats.known_roots(song_batches.chord_roots(chord).reshape(-1)).reshape(chord.shape)
        codes = codebook.codes_of(self.vae, bars_SxTx3, roots)
        return np.concatenate([transposed_chords(chord, shift), codes], axis=1)

    def _example(self, like: ExampleSong):
        """The melody and the codes of an example, in C."""
        melody_T = like.bars[..., MELODY].reshape(-1)
        shift = keys.semitones_to_c(melody_T)
        return transposed_line(melody_T, shift), self._codes(like.bars, like.chords, shift)

    def _draws(self, scene, draws, seed, temperatures):
        codes = song_sampler.draw(self.surrogate, scene.batch, draws=draws, seed=seed, temperatures=temperatures)
        each = zip(codes, scene.bars, scene.shifts, strict=False)  # rows beyond the songs are empty
        return [self._music(own[:, scene.before : scene.before + bars], shift) for own, bars, shift in each]

    def _music(self, codes_KxSxC, shift):
        """What codes of a song in C stand for, in its own key."""
        draws, bars = codes_KxSxC.shape[:2]
        chords = transposed_chords(codes_KxSxC[..., :CHORDS_PER_BAR], -shift)
        roots = beats.known_roots(song_batches.chord_roots(chords).reshape(draws, -1)).reshape(-1, CHORDS_PER_BAR)
        z = codebook.latents_of(self.vae, codes_KxSxC[..., CHORDS_PER_BAR:].reshape(draws * bars, -1))
        parts = self.vae.decode_bars(z, roots, tracks=(BASS, DRUMS)).reshape(draws, -1, 2)
        return Draws(parts, song_batches.chord_labels(chords))


def _plays(line):
    """In which bars bass and drums are to play, bool [S, 2]: where the melody does, and through its shorter rests."""
    written_S = held_tokens(line.tokens).reshape(-1, STEPS_PER_BAR).any(1)
    sounding = np.flatnonzero(written_S)
    for last, following in itertools.pairwise(sounding):
        if following - last <= LONGEST_REST + 1:
            written_S[last:following] = True
    own = line.bass, line.drums
    silent_T = np.zeros(len(line.tokens), np.uint16)
    own_Sx2 = song_batches.plays(*(silent_T if x is None else x for x in own))
    return np.where([x is None for x in own], written_S[:, None], own_Sx2)


def _heard_chords(tokens_Tx3):
    """Chords told from a melody and a bass, int [S, 2, 3]."""
    lines = [line_notes(tokens_Tx3[:, track]) for track in (MELODY, BASS)]
    return chord_reading.label(*chroma.half_bars(lines, len(tokens_Tx3))).reshape(-1, CHORDS_PER_BAR, 3)


def _padded(bars):
    return next((size for size in BAR_SIZES if size >= bars), -(-bars // BAR_SIZES[-1]) * BAR_SIZES[-1])


def _temperatures(wishes):
    """The temperatures of the draws: chords go with the bass, and sources dare no more than by default."""
    usual = max(DEFAULT.codes)
    wished = wishes.bass_temperature, wishes.drum_temperature
    bass, drums = (1.0 if x is None else x / usual for x in wished)
    codes, sources = np.array([bass, drums, drums, bass, bass]), np.minimum([bass, drums, bass], 1)
    return Temperatures(tuple(codes * DEFAULT.codes), tuple(sources * DEFAULT.sources))


def save_surrogate(folder, surrogate: SongSurrogate, **options) -> None:
    """Writes a SongSurrogate inside a BarMusicVAE's model folder; options as checkpoint.save_module takes them."""
    checkpoint.save_module(pathlib.Path(folder) / PART, surrogate, kind=KIND, config=surrogate.config, **options)


def load_surrogate(name_or_folder=checkpoint.DEFAULT) -> SongSurrogate:
    """Loads the SongSurrogate of a model; CheckpointError where there is none, or it cannot be read."""
    folder = checkpoint.resolve(name_or_folder)
    if not (folder / PART).is_dir():
        raise checkpoint.CheckpointError(f"{name_or_folder}: has no {PART} yet; train one with configs/transformer.py")

    def build(config):
        return SongSurrogate(SongSurrogateConfig(**config), rngs=None)

    return checkpoint.load_module(folder / PART, kind=KIND, build=build)
