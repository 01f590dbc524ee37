"""What is trained: for each task a module, its loss, what it is evaluated by, and how it is saved."""

import functools

import numpy as np
from flax import nnx

from musicvae_jax import checkpoint, elbo
from musicvae_jax.bar_model import BarMusicVAEConfig
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from musicvae_jax.training import TrainingError
from surrogate.model import compatibility, critic_task, objective, song_tasks, window_surrogate
from surrogate.model.task import SPLITS, Task, copied, share_of, sizes
from surrogate.model.window_surrogate import WindowSurrogate, WindowSurrogateConfig

_SAMPLED = 16  # every so many windows are enough for frequencies
_VALIDATION_SEED = 0
OF_SONGS = {
    "bar_musicvae": song_tasks.bar_musicvae,
    "song_surrogate": song_tasks.song_surrogate,
    "song_critic": critic_task.song_critic,
}
"""Tasks whose data is a pack of whole songs."""


def build(config, data) -> Task:
    """Makes what a config describes, if config, data and models belong together.

    Args:
        config: one of configs/; config.task is one of OF_SONGS, "musicvae" or "window_surrogate".
        data: what to train on: a corpus.song_pack.Songs for OF_SONGS, else a corpus.dataset.Dataset.

    Raises:
        TrainingError: they do not belong together, or there are no such sizes.
        DatasetError: the data holds less than a batch.
        CheckpointError: a model that the config names cannot be loaded.
    """
    builders = OF_SONGS | {"musicvae": _musicvae, "window_surrogate": _window_surrogate}
    if config.task not in builders:
        raise TrainingError(f"task must be one of {', '.join(builders)}, not {config.task}")
    return builders[config.task](config, data)


def _musicvae(config, data):
    module = MusicVAE(sizes(MusicVAEConfig, config.model), rngs=nnx.Rngs(config.seed))
    module.start_from_frequencies(data.rows(data.indices("train")[::_SAMPLED], "tokens"))

    def loss(module, batch, key):
        return elbo.loss(module, batch["tokens"], key, beta=config.beta, free_bits=config.free_bits)

    batches = _batches(config, data, transpose=config.transpose)
    return Task(module=module, loss=loss, save=checkpoint.save, about=_about(data, 1.0), **batches)


def _window_surrogate(config, data):
    if not config.checkpoint:
        raise TrainingError("give --config.checkpoint=MODEL, the MusicVAE whose latents the corpus holds")
    z_size = _window_size(config)
    found = compatibility.fingerprint(config.checkpoint, data)
    warnings = compatibility.check_latents(data, config.data, config.checkpoint, z_size, found)
    in_c, more_warnings = _in_c(config, data)
    settings = sizes(WindowSurrogateConfig, dict(config.model) | dict(z_size=z_size, in_c=in_c))
    weights = config.objective.to_dict()
    frozen = {}
    if weights["likelihood"]:
        frozen["vae"] = checkpoint.load(config.checkpoint, encoder=False, dtype=config.dtype)
    return Task(
        module=WindowSurrogate(settings, rngs=nnx.Rngs(config.seed)),
        loss=functools.partial(objective.loss, **weights),
        save=copied(config.checkpoint, functools.partial(window_surrogate.save, part=config.part)),
        about=_about(data, config.share) | {"in_c": in_c},
        part=config.part,
        frozen=frozen,
        origins={"checkpoint": found},
        warnings=warnings + more_warnings,
        **_batches(config, data, window_surrogate.with_features, share=config.share),
    )


def _window_size(config) -> int:
    """The size of the latent of a window; those of a model of bars, end to end, are for experiments alone."""
    saved = checkpoint.read_saved(config.checkpoint)
    if saved["kind"] != "bar_musicvae":
        return MusicVAEConfig.of_saved(checkpoint.read_config(config.checkpoint, kind="musicvae")).z_size
    if config.part == window_surrogate.PART or config.objective.likelihood:
        raise TrainingError(
            f"{config.checkpoint}: is a model of bars, whose surrogate is trained by configs/transformer.py"
        )
    return BarMusicVAEConfig(**saved["config"]).z_size


def _batches(config, data, prepare=lambda batch: batch, **options):
    """What to train on and what to evaluate by, each batch prepared."""
    training_at = data.batches("train", config.batch_size, seed=config.seed, **options)
    validation_at = data.batches("validation", config.batch_size, seed=_VALIDATION_SEED)
    count = max(1, config.evaluate_windows // config.batch_size)
    return {
        "batch_at": lambda step: prepare(training_at(step)),
        "held_out": [prepare(validation_at(i)) for i in range(count)],
    }


def _about(data, share):
    """Counts of windows, songs and tunes of each split that is trained on, and whether they are in C, for the card."""
    rows = {split: data.indices(split, share_of(split, share)) for split in SPLITS}
    counts = {
        "windows": {split: len(rows[split]) for split in SPLITS},
        "tunes": {split: len(np.unique(data.tune[rows[split]])) for split in SPLITS},
    }
    if "source" in data[0]:
        counts["songs"] = {split: len(np.unique(data.rows(rows[split], "source"))) for split in SPLITS}
    return counts | {"in_c": compatibility.data_in_c(data)}


def _in_c(config, data):
    """(whether the songs are in C, warnings): as the data tells, and else as the config or the model does."""
    of_data = compatibility.data_in_c(data)
    of_model = compatibility.model_in_c(config.checkpoint)
    claims = {config.data: of_data, "model.in_c": config.model.in_c, config.checkpoint: of_model}
    in_c = bool(compatibility.agree_on_c(claims))
    if of_data is not None:
        return in_c, []
    keys = compatibility.describe_keys(in_c)
    return in_c, [f"{config.data} does not tell whether its songs are in C; trusting that they are {keys}"]
