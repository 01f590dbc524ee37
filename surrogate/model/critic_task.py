"""The training of the critic, on people's songs and on what the surrogate draws for the same melodies."""

import functools

import numpy as np
from flax import nnx
from tqdm import tqdm

from musicvae_jax import checkpoint
from musicvae_jax.bar_model import BarMusicVAE
from musicvae_jax.events import BARS_PER_WINDOW, BASS, DRUMS, MELODY
from musicvae_jax.sharding import own_rows
from musicvae_jax.training import TrainingError
from surrogate.model import critic, song_band, song_batches
from surrogate.model.band import MelodyLine, Wishes
from surrogate.model.band_statistics import STATISTICS, statistics, windows
from surrogate.model.bar_batches import complete_songs
from surrogate.model.critic import Critic, CriticConfig
from surrogate.model.song_crops import CROP_STARTS
from surrogate.model.task import SPLITS, Task, about_songs, copied, share_of, sizes
from surrogate.reading import keys

_LEAST_PLAYED = 0.75
"""Of a window's bars, by bass and by drums each, for the window to count: the surrogate always plays."""
_SCALE_BATCHES = 4
_HELD_OUT_SEED = 5


class Contests:
    """Windows of people's songs, each beside those of all that a band draws for its melody."""

    def __init__(self, songs, split: str, band, *, bars: int, share: float = 1.0):
        """Reads a split of a pack.

        Args:
            songs: corpus.song_pack.Songs.
            split: one of corpus.tunes.SPLITS.
            band: what draws, a SongBand without a critic.
            bars: of a crop at most, a multiple of 16.
            share: of the split's tunes, as Songs.indices takes it.

        Raises:
            TrainingError: no song of the split has melody, bass and drums and 16 bars, or there are no such crops.
        """
        if bars < BARS_PER_WINDOW or bars % BARS_PER_WINDOW:
            raise TrainingError(f"bars must be a multiple of {BARS_PER_WINDOW}, not {bars}")
        complete = complete_songs(songs, split, share=share)
        self.songs = [song for song in complete if song.bars >= BARS_PER_WINDOW]
        if not self.songs:
            raise TrainingError(f"no {split} song of the pack has {BARS_PER_WINDOW} bars")
        self.band, self.bars = band, bars

    def batch(self, rows, seed) -> dict[str, np.ndarray]:
        """Windows of some of the songs that a seed draws.

        Args:
            rows: numbers of the songs' draws.
            seed: a list of numbers.

        Returns:
            statistics float32 [B, 1 + K, W, F], people's first; counts bool [B, W].
        """
        crops = [self._crop(np.random.default_rng([*seed, row])) for row in rows]
        lines = [MelodyLine(bars[..., MELODY].reshape(-1), tempo) for bars, tempo in crops]
        wishes = Wishes(takes=song_band.DRAWS, seed=int(np.random.default_rng(seed).integers(2**31)))
        most = self.bars // BARS_PER_WINDOW
        found = np.zeros((len(crops), 1 + song_band.DRAWS, most, STATISTICS), np.float32)
        counts = np.zeros((len(crops), most), bool)
        for row, (line, takes, (bars, _)) in enumerate(zip(lines, self.band.write(lines, wishes), crops, strict=True)):
            people = bars[..., (BASS, DRUMS)].reshape(-1, 2)
            semitones = keys.semitones_to_c(line.tokens)
            for column, parts in enumerate((people, *(take.tokens for take in takes))):
                cut = windows(np.column_stack([line.tokens, parts]))
                found[row, column, : len(cut)] = statistics(cut, semitones)
            plays = song_batches.plays(*people.T).reshape(-1, BARS_PER_WINDOW, 2).mean(1)
            counts[row, : len(plays)] = (plays >= _LEAST_PLAYED).all(-1)
        return {"statistics": found, "counts": counts}

    def batches(self, size: int, seed: int):
        """A function: step -> this process's rows of `size` songs that seed and step settle."""
        own = range(size)[own_rows(size)]
        return lambda step: self.batch(own, [seed, step])

    def _crop(self, rng):
        """Whole windows of a song, uint16 [S, 16, 3], and its tempo."""
        song = self.songs[rng.integers(len(self.songs))]
        bars = min(song.bars, self.bars) // BARS_PER_WINDOW * BARS_PER_WINDOW
        first = CROP_STARTS * int(rng.integers((song.bars - bars) // CROP_STARTS + 1))
        return song.trio[first : first + bars], song.tempo


def song_critic(config, songs) -> Task:
    """The training of a Critic of the surrogate of config.checkpoint, as tasks.build."""
    vae = checkpoint.load(config.checkpoint)
    if not isinstance(vae, BarMusicVAE):
        raise TrainingError(f"{config.checkpoint}: only draws of whole songs have a critic; this writes windows")
    surrogate = song_band.load_surrogate(config.checkpoint)
    band = song_band.SongBand(vae, surrogate)
    train, validation = (
        Contests(songs, split, band, bars=config.bars, share=share_of(split, config.share)) for split in SPLITS
    )
    module = Critic(sizes(CriticConfig, config.model), rngs=nnx.Rngs(config.seed))
    held_out_at = validation.batches(config.batch_size, _HELD_OUT_SEED)
    steps = [(train.batch, (range(config.batch_size), [config.seed, config.steps + i])) for i in range(_SCALE_BATCHES)]
    steps += [(held_out_at, (i,)) for i in range(config.evaluate_batches)]
    drawn = [batch(*which) for batch, which in tqdm(steps, "songs to measure by", unit="batch", dynamic_ncols=True)]
    counted = [batch["statistics"].swapaxes(1, 2)[batch["counts"]] for batch in drawn[:_SCALE_BATCHES]]
    module.fit_scale(np.concatenate(counted).reshape(-1, STATISTICS))
    return Task(
        module=module,
        loss=functools.partial(critic.loss, dropout=config.dropout),
        score=critic.loss,
        batch_at=train.batches(config.batch_size, config.seed),
        held_out=drawn[_SCALE_BATCHES:],
        save=copied(config.checkpoint, critic.save),
        about=about_songs(songs, config.share),
        part=critic.PART,
        origins={"checkpoint": checkpoint.fingerprint(vae), "surrogate": checkpoint.fingerprint(surrogate)},
    )
