"""Songs as the song model reads them: the crops that it is trained on, and melodies to accompany."""

import dataclasses

import numpy as np

from musicvae_jax import beats, codebook
from musicvae_jax.events import FIRST_PITCH, LINE_CLASSES, STEPS_PER_BAR, held_tokens
from musicvae_jax.training import TrainingError
from surrogate.model.bar_batches import song_roots
from surrogate.model.bar_features import FEATURES_PER_BAR, LIKENESS_FEATURES, likeness, melody_features
from surrogate.model.song_encoder import DENSITIES, PLACES
from surrogate.model.song_model import CHORDS_PER_BAR, CODES, PARTS
from surrogate.reading import keys

CROP_STARTS = 4
"""Crops begin at a multiple of so many bars."""
_OTHER_KEYS = (-5, 5, -2, 2, -7, 7, 3, -3)
_TEMPO = 120.0


def empty(songs: int, bars: int) -> dict[str, np.ndarray]:
    """A batch of B songs of S bars of which nothing is known.

    melody float32 [B, S, F] and likeness float32 [B, S, S, L], see bar_features; is_bar bool [B, S]; place int [B, S],
    the number of the bar in its song modulo PLACES; edge float32 [B, S, 2], 1 where a song begins, and where it ends;
    tempo float32 [B], octaves above 120 beats a minute; density float32 [B, 4], see density_features; plays float32
    [B, S, 2], 1 where the bass plays, and where drums do; codes int
    [B, S, CODES]; known bool [B, S, PARTS], of which bars' parts the codes are given; remembered bool [B, S, PARTS],
    which of them the decoder remembers.
    """
    return {
        "melody": np.zeros((songs, bars, FEATURES_PER_BAR), np.float32),
        "likeness": np.zeros((songs, bars, bars, LIKENESS_FEATURES), np.float32),
        "is_bar": np.zeros((songs, bars), bool),
        "place": np.zeros((songs, bars), np.int32),
        "edge": np.zeros((songs, bars, 2), np.float32),
        "tempo": np.zeros(songs, np.float32),
        "density": np.zeros((songs, 2 * DENSITIES), np.float32),
        "plays": np.zeros((songs, bars, DENSITIES), np.float32),
        "codes": np.zeros((songs, bars, CODES), np.int32),
        "known": np.zeros((songs, bars, len(PARTS)), bool),
        "remembered": np.ones((songs, bars, len(PARTS)), bool),
    }


def put_melody(batch, row: int, melody_T, tempo: float) -> None:
    """Puts the melody of a song, in C, into a row of a batch.

    Args:
        batch: as empty makes it.
        row: which.
        melody_T: int [S' * 16], tokens of no more bars than the batch has.
        tempo: beats a minute.
    """
    bars = len(melody_T) // STEPS_PER_BAR
    batch["melody"][row, :bars] = melody_features(melody_T)
    batch["likeness"][row, :bars, :bars] = likeness(melody_T)
    batch["is_bar"][row, :bars] = True
    batch["place"][row, :bars] = np.arange(bars) % PLACES
    batch["edge"][row, 0, 0] = batch["edge"][row, bars - 1, 1] = 1
    batch["tempo"][row] = np.log2(tempo / _TEMPO)


def density_features(log2_density_2, known_2) -> np.ndarray:
    """What the model is told of a song's density.

    Args:
        log2_density_2: of bass notes and drum hits a bar, as `density` gives them.
        known_2: bool, which are told.

    Returns:
        float32 [4].
    """
    return np.concatenate([np.where(known_2, np.asarray(log2_density_2) / 2 - 1, 0), known_2]).astype(np.float32)


def plays(bass_T, drums_T) -> np.ndarray:
    """In which bars a bass, int [S * 16] tokens, sounds, and drums are struck: bool [S, 2]."""
    sounds = held_tokens(bass_T).reshape(-1, STEPS_PER_BAR).any(1)
    return np.stack([sounds, np.asarray(drums_T).reshape(-1, STEPS_PER_BAR).any(1)], axis=1)


def density(codes_SxK, plays_Sx2, hits_of_code) -> np.ndarray:
    """Logarithms to base 2 of half a note more than bass notes, and drum hits, a bar in which they play: float64 [2].

    Args:
        codes_SxK: int [S, CODES].
        plays_Sx2: bool, as plays gives it.
        hits_of_code: as codebook.densities gives them.
    """
    drums, bass = np.split(np.asarray(codes_SxK)[:, CHORDS_PER_BAR:], 2, axis=1)
    low, high, notes = hits_of_code
    hits = low[drums[:, ::2]].sum() + high[drums[:, 1::2]].sum()
    return np.log2(0.5 + np.array([notes[bass[:, ::2]].sum(), hits]) / np.maximum(plays_Sx2.sum(0), 1))


def chord_codes(chords_xHx3) -> np.ndarray:
    """Codes of chord labels, int [..., H, 3] as surrogate.reading.chords.label gives them: int [..., H]."""
    root, quality = (np.asarray(chords_xHx3)[..., i].astype(np.int64) for i in (0, 1))
    return np.where(root < 0, 0, 1 + 12 * quality + root)


def chord_roots(codes_x) -> np.ndarray:
    """Roots of chords' codes: pitch classes, beats.NO_ROOT where there is none."""
    codes_x = np.asarray(codes_x)
    return np.where(codes_x > 0, (codes_x - 1) % 12, beats.NO_ROOT)


def chord_labels(codes_x) -> np.ndarray:
    """Root and quality (the place in QUALITIES) of chords' codes: int64 [..., 2], -1 for none."""
    codes_x = np.asarray(codes_x, np.int64)
    quality, root = np.divmod(codes_x - 1, 12)
    return np.where(codes_x[..., None] > 0, np.stack([root, quality], -1), -1)


def transposed_chords(codes_x, semitones: int) -> np.ndarray:
    """Chords' codes, their roots moved up by semitones."""
    codes_x = np.asarray(codes_x)
    return np.where(codes_x > 0, (codes_x - 1) // 12 * 12 + (codes_x - 1 + semitones) % 12 + 1, 0)


@dataclasses.dataclass(frozen=True)
class _Song:
    """melodies: of each tokens uint8 [T] and semitones up to C. codes: int16 [S, CODES], in the song's own key."""

    melodies: list
    codes: np.ndarray
    plays: np.ndarray
    tempo: float


class SongBatches:
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
        chosen = [songs[i] for i in songs.indices(split, complete=True, share=share)]
        if not chosen:
            raise TrainingError(f"no {split} song of the pack has melody, bass and drums")
        chords, roots = [chord_codes(song.chord) for song in chosen], [song_roots(song) for song in chosen]
        tokens = [np.stack([song.lines[:, 0], song.lines[:, -1], song.drums], -1) for song in chosen]
        codes = codebook.codes_of(vae, np.concatenate(tokens), np.concatenate(roots))
        codes = np.concatenate([np.concatenate(chords), codes], 1).astype(np.int16)
        ends = np.cumsum([song.bars for song in chosen])
        self.songs = [
            _Song(_melodies(song), own, plays(song.lines[:, -1].reshape(-1), song.drums), song.tempo)
            for song, own in zip(chosen, np.split(codes, ends[:-1]), strict=True)
        ]
        self.long = [song for song in self.songs if len(song.codes) > bars] or self.songs

    def training(self, size: int, seed):
        """A function: step -> `size` crops that seed and step settle; every fourth time half as many, twice as long."""

        def batch_at(step):
            is_long = step % 4 == 3 and size > 1
            rows, bars, pool = (size // 2, 2 * self.bars, self.long) if is_long else (size, self.bars, self.songs)
            return self._crops(pool, rows, bars, [seed, step], plain=False)

        return batch_at

    def held_out(self, size: int, seed):
        """The same without all that is only for training: the likeliest melody in its key, nothing known or told."""
        return lambda step: self._crops(self.songs, size, self.bars, [seed, step], plain=True)

    def _crops(self, pool, rows, bars, seed, *, plain):
        rng = np.random.default_rng(seed)
        batch = empty(rows, bars)
        for row in range(rows):
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
        put_melody(
            batch, row, transposed_line(melody[first * STEPS_PER_BAR : last * STEPS_PER_BAR], semitones), song.tempo
        )
        batch["place"][row, :bars] = np.arange(first, last) % PLACES
        batch["edge"][row, 0, 0], batch["edge"][row, bars - 1, 1] = first == 0, last == total
        codes = song.codes[first:last].astype(np.int32)
        codes[:, :CHORDS_PER_BAR] = transposed_chords(codes[:, :CHORDS_PER_BAR], semitones)
        batch["codes"][row, :bars] = codes
        batch["plays"][row, :bars] = song.plays[first:last]
        if plain:
            return
        if rng.random() < 0.5:
            for part in range(len(PARTS)):
                batch["known"][row, :, part] = _known_bars(rng, most)
        of_crop = density(codes, song.plays[first:last], self.hits_of_code)
        batch["density"][row] = density_features(of_crop, rng.random(DENSITIES) < 0.5)
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


def transposed_line(line_T, semitones: int) -> np.ndarray:
    """A line's tokens, int [T], moved up by semitones; what would leave the vocabulary stays at its end."""
    line_T = np.asarray(line_T).astype(np.int64)
    return np.where(line_T >= FIRST_PITCH, np.clip(line_T + semitones, FIRST_PITCH, LINE_CLASSES - 1), line_T)
