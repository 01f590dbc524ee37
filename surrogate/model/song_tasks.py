"""Trainings on a pack of whole songs: the MusicVAE with a latent for each bar, and its surrogate."""

import functools

import jax
from flax import nnx

from musicvae_jax import bar_model, checkpoint, codebook
from musicvae_jax.bar_model import BarMusicVAE, BarMusicVAEConfig
from musicvae_jax.training import TrainingError
from surrogate.model import critic, song_band, song_model
from surrogate.model.bar_batches import PackBars
from surrogate.model.song_crops import SongCrops
from surrogate.model.song_model import SongSurrogate, SongSurrogateConfig
from surrogate.model.task import SPLITS, Task, about_songs, copied, share_of, sizes

_HELD_OUT_SEED = 5


def bar_musicvae(config, songs) -> Task:
    """The training of a BarMusicVAE, as tasks.build; its codebooks are made when it is saved."""
    bars = {split: PackBars(songs, split, share=share_of(split, config.share)) for split in SPLITS}
    module = BarMusicVAE(sizes(BarMusicVAEConfig, config.model), rngs=nnx.Rngs(config.seed))

    def save(folder, module, **options):
        train = bars["train"]
        try:
            codebook.fill(module, train.bars, train.roots)
        except ValueError as error:
            raise TrainingError(f"{config.data}: {error}") from None
        checkpoint.save(folder, module, **options)

    return Task(
        module=module,
        loss=functools.partial(bar_model.loss, beta=config.beta),
        batch_at=bars["train"].batches(config.batch_size, config.seed),
        held_out=_first(bars["validation"].batches(config.batch_size, _HELD_OUT_SEED), config),
        save=save,
        about=about_songs(songs, config.share),
    )


def song_surrogate(config, songs) -> Task:
    """The training of a SongSurrogate for the BarMusicVAE of config.checkpoint, as tasks.build."""
    long, devices = config.batch_size // 2, jax.device_count()
    if config.batch_size > 1 and long % devices:
        raise TrainingError(
            f"batch_size {config.batch_size}: half of it (long crops) does not divide over {devices} devices"
        )
    vae = checkpoint.load(config.checkpoint)
    if not isinstance(vae, BarMusicVAE):
        raise TrainingError(f"{config.checkpoint}: has a latent for each window; train configs/window_transformer.py")
    train, validation = (
        SongCrops(songs, vae, split, bars=config.bars, share=share_of(split, config.share)) for split in SPLITS
    )
    settings = sizes(SongSurrogateConfig, dict(config.model) | {"codes": vae.config.codes})
    module, origins = SongSurrogate(settings, rngs=nnx.Rngs(config.seed)), {"checkpoint": checkpoint.fingerprint(vae)}
    if config.get("start"):
        module = song_band.load_surrogate(config.start)
        if module.config != settings:
            raise TrainingError(f"{config.start}: has other sizes than config.model: {module.config}")
        origins["start"] = checkpoint.fingerprint(module)
    return Task(
        module=module,
        loss=functools.partial(song_model.loss, dropout=config.dropout),
        score=song_model.loss,
        batch_at=train.training(config.batch_size, config.seed),
        held_out=_first(validation.held_out(config.batch_size, _HELD_OUT_SEED), config),
        save=copied(config.checkpoint, song_band.save_surrogate, without=[critic.PART]),
        about=about_songs(songs, config.share),
        part=song_band.PART,
        origins=origins,
    )


def _first(batch_at, config):
    return [batch_at(step) for step in range(config.evaluate_batches)]
