"""Crops of a pack's songs: what the song model is trained on."""

import dataclasses

import jax
import numpy as np
from tqdm import tqdm

from musicvae_jax import codebook
from musicvae_jax.events import FIRST_PITCH, STEPS_PER_BAR
from musicvae_jax.sharding import own_rows
from surrogate.model import song_batches
from surrogate.model.bar_batches import complete_songs
from surrogate.model.bar_codes import PARTS
from surrogate.model.song_encoder import DENSITIES, PLACES
from surrogate.reading import keys

CROP_STARTS = 4
"""Crops begin at a multiple of so many bars."""
_OTHER_KEYS = (-5, 5, -2, 2, -7, 7, 3, -3)


@dataclasses.dataclass(frozen=True)
class _Song:
    """melodies: of each tokens uint8 [T] and semitones up to C. codes: int16 [S, CODES], in the song's own key."""

    melodies: list
    codes: np.ndarray
    plays: np.ndarray
    tempo: float


class SongCrops:
    """Random crops of a pack's songs, brought to C by a melody each.

    A song's melodies are drawn from, the likeliest most often, and a quarter of the songs stand in another key than
    their notes say. Of half of the songs parts are known: whole, not at all, bar by bar or four bars at once. Of half
    it is told how much bass or drums play. Of most the decoder forgets some parts, as in use it remembers its own.
    """

    def __init__(self, songs, vae, split: str, *, bars: int = 96, share: float = 1.0):
        """Reads a split of a pack.

        Args:
            songs: corpus.song_pack.Songs.
            vae: the BarMusicVAE whose codes the model learns.
            split: one of corpus.tunes.SPLITS.
            bars: of a crop.
            share: of the split's tunes, as Songs.indices takes it.

        Raises:
            TrainingError: no song of the split has melody, bass and drums.
        """
        self.bars, self.hits_of_code = bars, codebook.densities(vae)
        chosen = complete_songs(songs, split, share=share)
        bars_of_all, roots, chords = (
            np.concatenate(values)
            for values in zip(*((x.trio, x.roots, song_batches.chord_codes(x.chord)) for x in chosen), strict=True)
        )
        codes = np.concatenate([chords, codebook.codes_of(vae, bars_of_all, roots)], 1).astype(np.int16)
        ends = np.cumsum([song.bars for song in chosen])
        hidden = jax.process_index() > 0
        bar = tqdm(chosen, f"{split} songs", unit="song", delay=1, leave=False, dynamic_ncols=True, disable=hidden)
        self.songs = [
            _Song(_melodies(song), own, song_batches.plays(song.lines[:, -1].reshape(-1), song.drums), song.tempo)
            for song, own in zip(bar, np.split(codes, ends[:-1]), strict=True)
        ]
        self.long = [song for song in self.songs if len(song.codes) > bars] or self.songs

    def training(self, size: int, seed):
        """A function: step -> this process's rows of `size` crops that seed and step settle.

        Every fourth time they are half as many, and twice as long.
        """

        def batch_at(step):
            is_long = step % 4 == 3 and size > 1
            rows, bars, pool = (size // 2, 2 * self.bars, self.long) if is_long else (size, self.bars, self.songs)
            return self._crops(pool, rows, bars, [seed, step], plain=False)

        return batch_at

    def held_out(self, size: int, seed):
        """The same without all that is only for training: the likeliest melody in its key, nothing known or told."""
        return lambda step: self._crops(self.songs, size, self.bars, [seed, step], plain=True)

    def _crops(self, pool, rows, bars, seed, *, plain):
        own = range(rows)[own_rows(rows)]
        batch = song_batches.empty(len(own), bars)
        for row, number in enumerate(own):
            rng = np.random.default_rng([*seed, number])
            self._put(batch, row, pool[rng.integers(len(pool))], rng, plain)
        return batch

    def _put(self, batch, row, song, rng, plain):
        total, most = len(song.codes), batch["codes"].shape[1]
        starts = max((total - most) // CROP_STARTS + 2, 1) if total > most else 1
        first = min(int(rng.integers(starts)) * CROP_STARTS, (total - 1) // CROP_STARTS * CROP_STARTS)
        last = min(total, first + most)
        bars = last - first
        which = 0 if plain else min(int(rng.geometric(0.6)) - 1, len(song.melodies) - 1)
        melody, semitones = song.melodies[which]
        if not plain and rng.random() < 0.25:
            semitones += int(rng.choice(_OTHER_KEYS))
        own_T = song_batches.transposed_line(melody[first * STEPS_PER_BAR : last * STEPS_PER_BAR], semitones)
        song_batches.put_melody(batch, row, own_T, song.tempo)
        batch["place"][row, :bars] = np.arange(first, last) % PLACES
        batch["edge"][row, 0, 0], batch["edge"][row, bars - 1, 1] = first == 0, last == total
        codes = song_batches.transposed_codes(song.codes, semitones)[first:last]
        batch["codes"][row, :bars] = codes
        batch["plays"][row, :bars] = song.plays[first:last]
        if plain:
            return
        if rng.random() < 0.5:
            for part in range(len(PARTS)):
                batch["known"][row, :, part] = _known_bars(rng, most)
        of_crop = song_batches.density(codes, song.plays[first:last], self.hits_of_code)
        batch["density"][row] = song_batches.density_features(of_crop, rng.random(DENSITIES) < 0.5)
        if rng.random() < 0.6:
            batch["remembered"][row] = rng.random((most, len(PARTS))) > 0.4 * rng.random()


def _known_bars(rng, bars):
    kind = rng.random()
    share = 1.0 if kind < 0.35 else 0.0 if kind < 0.6 else rng.random()
    if rng.random() < 0.6:
        return np.repeat(rng.random(bars // 4 + 1) < share, 4)[:bars]
    return rng.random(bars) < share


def _melodies(song):
    lines = [song.lines[:, i].reshape(-1) for i in range(song.melodies)]
    return [(line, keys.semitones_to_c(line)) for line in lines if (line >= FIRST_PITCH).any()]
