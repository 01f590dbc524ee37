"""Whole songs written by the song model: draws of which one is played."""

import functools
import itertools
import os
import pathlib
import typing
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from musicvae_jax import checkpoint, codebook
from musicvae_jax.bar_model import BARS_AT_ONCE, HALVES_PER_BAR, BarMusicVAE
from musicvae_jax.events import BASS, DRUMS, MELODY, NOTE_OFF, STEPS_PER_BAR, held_tokens
from surrogate.model import bar_codes, choice, chord_bass, critic, density, song_batches, song_sampler
from surrogate.model.band import NO_WISHES, ExampleSong, MelodyLine, Wishes, WrittenParts, with_what_stays
from surrogate.model.bar_codes import CHORDS_PER_BAR
from surrogate.model.critic import Critic
from surrogate.model.song_batches import transposed_codes, transposed_line
from surrogate.model.song_model import SongSurrogate, SongSurrogateConfig, heard_roots
from surrogate.model.temperatures import wished_temperatures
from surrogate.reading import chords as chord_reading
from surrogate.reading import key_finder
from surrogate.reading.song_chords import UNKNOWN

PART, KIND = "surrogate", "song_surrogate"
"""The folder of a SongSurrogate inside that of its MusicVAE, and what its config.json calls it."""
DRAWS = 8
SONGS_AT_ONCE = 8
LONGEST_REST = 32
"""Bars of rest of the melody through which the band plays on."""
BAR_SIZES = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Lengths that songs are padded to, so that few shapes are compiled."""
_OPENING = 4
"""Bars of the melody that tell its dice."""
_BAR = codebook.CODES_PER_BAR + HALVES_PER_BAR
"""Numbers that say what bass and drums of a bar play: their codes, and the roots of its half bars."""


class Draws(typing.NamedTuple):
    """K draws of a song, in the melody's key.

    tokens: uint16 [K, T, 2], bass and drums. chords: int64 [K, S, 2, 2]. odds: float64 [K], the log-odds that people
    wrote each, 0 where no critic tells. roots: int64 [K, T], those that sound (chord_bass).
    """

    tokens: np.ndarray
    chords: np.ndarray
    odds: np.ndarray
    roots: np.ndarray


class _Scene(typing.NamedTuple):
    """Songs as the model reads them: a batch, and how many bars of an example are before each in it.

    plays, shifts: of each song where bass and drums play, bool [S, 2], and semitones up to C. dice: of
    each row a number that tells how its melody begins: songs have other dice, but not where one is changed later on.
    """

    batch: dict
    before: int
    plays: list[np.ndarray]
    shifts: list[int]
    dice: list[int]

    def with_density(self, density_Bx4):
        """The same songs, the model being told how many notes to play."""
        told_Bx4 = np.zeros_like(self.batch["density"])
        told_Bx4[: len(density_Bx4)] = density_Bx4
        return self._replace(batch=self.batch | {"density": told_Bx4})


class SongBand:
    """A BarMusicVAE, its SongSurrogate, and the Critic of what they draw, if there is one, at work."""

    in_c = knows_chords = True

    def __init__(self, vae: BarMusicVAE, surrogate: SongSurrogate, critic: Critic | None = None):
        self.vae, self.surrogate, self.critic = vae, surrogate, critic
        self._is_compiled = False

    def write(self, lines: Sequence[MelodyLine], wishes: Wishes = NO_WISHES) -> list[list[WrittenParts]]:
        """As band.Band."""
        before = 0 if wishes.like is None else len(wishes.like.bars)
        sizes = [_padded(before + len(line.tokens) // STEPS_PER_BAR) for line in lines]
        by_size = sorted(range(len(lines)), key=sizes.__getitem__)
        groups = []
        for _, same in itertools.groupby(by_size, sizes.__getitem__):
            same = list(same)
            groups += [same[first : first + SONGS_AT_ONCE] for first in range(0, len(same), SONGS_AT_ONCE)]

        def write(group):
            return zip(group, self._write([lines[i] for i in group], sizes[group[0]], wishes), strict=True)

        # Products of so few rows keep one core busy, so groups of songs share the others.
        with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
            if not self._is_compiled:
                pool.submit(self._compile)
                self._is_compiled = True
            written = dict(itertools.chain.from_iterable(pool.map(write, groups)))
        return [written[i] for i in range(len(lines))]

    def heard_roots(self, line: MelodyLine) -> np.ndarray:
        """What the root of each half bar is, to the encoder, in the line's key: probabilities, float32 [S, 2, 12]."""
        bars = len(line.tokens) // STEPS_PER_BAR
        scene = self._scene([line], _padded(bars), None)
        return np.roll(heard_roots(self.surrogate, scene.batch)[0, :bars], -scene.shifts[0], axis=-1)

    def _compile(self):
        """Has what decodes and what hears draws compiled, while what draws them is."""
        [bar_1xTx2] = self._music([np.zeros((1, 1, _BAR))])
        critic.log_odds(self.critic, bar_1xTx2[0, :, 0], bar_1xTx2, 0)

    def _write(self, lines, size, wishes):
        scene = self._scene(lines, size, wishes.like)
        temperatures = wished_temperatures(wishes)

        def draw(number, density_Bx4):
            seeds = [(wishes.seed, number, of_song) for of_song in scene.dice]
            drawn = self._draws(scene.with_density(density_Bx4), max(DRAWS, wishes.takes), seeds, temperatures)
            return [self._whole(*each) for each in zip(lines, drawn, scene.shifts, strict=True)]

        steps = wishes.bass_density, wishes.drum_density
        if any(steps):
            anew = [line.written for line in lines]
            writes = [plays_Sx2 & _bars(own).any(1) for plays_Sx2, own in zip(scene.plays, anew, strict=True)]
            playing = [np.maximum(writes_Sx2.sum(0), 1) for writes_Sx2 in writes]
            drawn = density.reached(draw, playing, steps, anew, wishes.takes)
        else:
            drawn = draw(0, scene.batch["density"])
        written = []
        for line, draws in zip(lines, drawn, strict=True):
            chords = draws.chords if wishes.reharmonise else None
            heard_T = line.written.any(1) if line.written.any() else slice(None)
            is_new = line.anew is None or line.bass is None or line.drums is None
            before_Tx2 = None if is_new else np.stack([line.bass, line.drums], 1)[heard_T]
            chosen, ratings = choice.ranked(
                draws.tokens[:, heard_T],
                wishes.takes,
                roots_KxT=draws.roots[:, heard_T],
                odds_K=draws.odds,
                chords_KxSxHx2=chords,
                before_Tx2=before_Tx2,
            )
            each = zip(chosen, ratings, strict=True)
            written.append([WrittenParts(draws.tokens[i], float(x), draws.chords[i]) for i, x in each])
        return written

    def _scene(self, lines, size, like):
        batch = song_batches.empty(1 if len(lines) == 1 else SONGS_AT_ONCE, size)
        example = None if like is None else self._example(like)
        before, plays, shifts, dice = 0 if like is None else len(like.bars), [], [], [0] * len(batch["tempo"])
        for row, line in enumerate(lines):
            shift, plays_Sx2 = line.semitones_to_c, _plays(line)
            melody_T = transposed_line(line.tokens, shift)
            dice[row] = zlib.crc32(melody_T[: _OPENING * STEPS_PER_BAR].astype(np.uint8).tobytes())
            own = [*self._known(line, shift), plays_Sx2]
            self._silence(own[0], own[1], plays_Sx2)
            if example is not None:
                melody_T = np.concatenate([example[0], melody_T])
                own = map(np.concatenate, zip(example[1:], own, strict=True))
            song_batches.put_melody(batch, row, melody_T, line.tempo)
            for name, values in zip(("codes", "known", "given", "plays"), own, strict=True):
                batch[name][row, : len(values)] = values
            plays.append(plays_Sx2)
            shifts.append(shift)
        return _Scene(batch, before, plays, shifts, dice)

    def _silence(self, codes_SxK, is_known_SxP, plays_Sx2):
        """Makes known, in place, that bass or drums are silent where they do not play."""
        for part, plays_S in ((bar_codes.BASS, plays_Sx2[:, 0]), (bar_codes.DRUMS, plays_Sx2[:, 1])):
            own = np.array(bar_codes.CODES_OF_PART[part])
            if not plays_S.all():
                codes_SxK[np.ix_(~plays_S, own)] = self._silent_codes[own]
                is_known_SxP[~plays_S, part] = True

    @functools.cached_property
    def _silent_codes(self):
        """The codes of a bar in which bass and drums are silent, int64 [CODES]."""
        bar = np.zeros((1, STEPS_PER_BAR, 3), np.uint16)
        bar[0, 0, BASS] = NOTE_OFF
        return np.append(np.zeros(CHORDS_PER_BAR, int), codebook.codes_of(self.vae, bar, np.zeros((1, 2), int)))

    def _known(self, line, shift):
        """Codes of a song in C, int [S, CODES], and which parts of bars are known, [S, PARTS], and chords, [S, 2]."""
        bars = len(line.tokens) // STEPS_PER_BAR
        silent_T = np.zeros(len(line.tokens), np.int64)
        stays_Sx2 = ~_bars(line.written).any(1)
        is_known = np.stack([np.zeros(bars, bool), stays_Sx2[:, 1], stays_Sx2[:, 0]], 1)
        is_given_SxH = np.zeros((bars, CHORDS_PER_BAR), bool)
        if line.chords is not None:
            is_given_SxH = line.chords[..., 0] != UNKNOWN
            is_known[:, bar_codes.CHORDS] = is_given_SxH.all(1)
        if not (is_known.any() or is_given_SxH.any()):
            return np.zeros((bars, bar_codes.CODES), np.int32), is_known, is_given_SxH
        tokens_Tx3 = np.stack([line.tokens] + [silent_T if x is None else x for x in (line.bass, line.drums)], -1)
        chords = chord_reading.of_lines(tokens_Tx3[:, MELODY], tokens_Tx3[:, BASS])
        if line.chords is not None:
            chords = np.where(is_given_SxH[..., None], line.chords, chords)
        return self._codes(tokens_Tx3.reshape(bars, STEPS_PER_BAR, 3), chords, shift), is_known, is_given_SxH

    def _codes(self, bars_SxTx3, chords_SxHx2, shift):
        """Codes of bars in C, int [S, CODES]."""
        chord_SxH = song_batches.chord_codes(chords_SxHx2)
        codes = codebook.codes_of(self.vae, bars_SxTx3, song_batches.known_roots(chord_SxH))
        return transposed_codes(np.concatenate([chord_SxH, codes], axis=1), shift)

    def _example(self, like: ExampleSong):
        """The melody of an example in C, its codes, that all parts of it are known, and where bass and drums play."""
        melody_T = like.bars[..., MELODY].reshape(-1)
        shift = key_finder.find(melody_T, chords_SxHx2=like.chords).main.semitones_to_c
        codes = self._codes(like.bars, like.chords, shift)
        is_known = np.ones((len(like.bars), len(bar_codes.PARTS)), bool)
        plays = song_batches.plays(like.bars[..., BASS].reshape(-1), like.bars[..., DRUMS])
        return transposed_line(melody_T, shift), codes, is_known, np.zeros((len(codes), CHORDS_PER_BAR), bool), plays

    def _draws(self, scene, draws, seeds, temperatures):
        codes = song_sampler.draw(self.surrogate, scene.batch, draws=draws, seeds=seeds, temperatures=temperatures)
        songs = []
        for own, plays, shift in zip(codes, scene.plays, scene.shifts, strict=False):  # rows beyond the songs are empty
            own_KxSxC = transposed_codes(own[:, scene.before :][:, : len(plays)], -shift)
            chords = own_KxSxC[..., :CHORDS_PER_BAR]
            songs.append(
                (chords, np.concatenate([own_KxSxC[..., CHORDS_PER_BAR:], song_batches.known_roots(chords)], -1))
            )
        parts = self._music([bars_KxSxC for _, bars_KxSxC in songs])
        return [(own, song_batches.chord_labels(chords)) for own, (chords, _) in zip(parts, songs, strict=True)]

    def _whole(self, line, drawn, shift):
        """Draws with the basses of chords that are given, around what of the song's own stays."""
        tokens_KxTx2, chords = drawn
        if line.chords is not None:
            tokens_KxTx2 = chord_bass.played(tokens_KxTx2, line.chords)
        tokens_KxTx2 = with_what_stays(line, tokens_KxTx2)
        roots_KxT = chord_bass.sounding_roots(tokens_KxTx2, chords, line.chords)
        if line.bass is not None:
            odds_K = critic.log_odds(self.critic, line.tokens, tokens_KxTx2, shift)
        else:
            tokens_KxTx2, odds_K = critic.in_register(self.critic, line.tokens, tokens_KxTx2, shift)
        return Draws(tokens_KxTx2, chords, odds_K, roots_KxT)

    def _music(self, songs):
        """Bass and drums of songs, uint16 [K, T, 2] each, from each bar's codes and roots of half bars, [K, S, C] each.

        Most bars return, in a song and in its draws: each is decoded once.
        """
        bars_NxC = np.concatenate([bars_KxSxC.reshape(-1, _BAR) for bars_KxSxC in songs]).astype(np.int16)
        as_bytes_N = bars_NxC.view(f"V{bars_NxC[0].nbytes}")[:, 0]
        _, first_M, which_N = np.unique(as_bytes_N, return_index=True, return_inverse=True)
        first_M = np.pad(first_M, (0, -len(first_M) % BARS_AT_ONCE), mode="edge")  # so that one program does
        codes_MxC, roots_MxH = np.split(bars_NxC[first_M], [codebook.CODES_PER_BAR], axis=1)
        z = codebook.latents_of(self.vae, codes_MxC)
        parts_NxTx2 = self.vae.decode_bars(z, roots_MxH, tracks=(BASS, DRUMS))[which_N]
        ends = np.cumsum([bars_KxSxC[..., 0].size for bars_KxSxC in songs])
        each = zip(np.split(parts_NxTx2, ends[:-1]), songs, strict=True)
        return [own.reshape(len(bars_KxSxC), -1, 2) for own, bars_KxSxC in each]


def _bars(steps_TxX):
    """Steps by bars: [S * 16, ...] -> [S, 16, ...]."""
    return steps_TxX.reshape(-1, STEPS_PER_BAR, *steps_TxX.shape[1:])


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
    return np.where(_bars(line.written).any(1), written_S[:, None], own_Sx2)


def _padded(bars):
    return next((size for size in BAR_SIZES if size >= bars), -(-bars // BAR_SIZES[-1]) * BAR_SIZES[-1])


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
