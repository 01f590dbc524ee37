"""What is trained: for each task a module, its loss, what it is evaluated by, and how it is saved."""

import dataclasses
import functools
import shutil
import typing

import jax
from flax import nnx

from musicvae_jax import checkpoint, elbo
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from musicvae_jax.training import TrainingError
from surrogate.model import compatibility, objective, window_surrogate
from surrogate.model.window_surrogate import WindowSurrogate, WindowSurrogateConfig

_SAMPLED = 16  # every so many windows are enough for frequencies


@dataclasses.dataclass(frozen=True)
class Task:
    """What musicvae_jax.training.fit needs, and what becomes of the module.

    module: what learns. loss, score: as fit takes them. frozen: modules that the loss needs besides.
    prepare: a batch of the data -> what the loss reads, arrays of NumPy.
    save: (folder, module, notes=..., dtype=...) -> None, writes it as a model folder, or into a copy of one.
    part: its folder in the model's; "" for a MusicVAE.
    in_c: whether the songs are in C; None where nothing tells.
    origins: fingerprints of the models that it depends on, {setting that names it: fingerprint}.
    warnings: what could not be checked, a line each.
    """

    module: nnx.Module
    loss: typing.Callable
    score: typing.Callable
    save: typing.Callable
    part: str
    in_c: bool | None
    prepare: typing.Callable = lambda batch: batch
    frozen: dict[str, nnx.Module] = dataclasses.field(default_factory=dict)
    origins: dict[str, str] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)


def build(config, data) -> Task:
    """Makes what a config describes, if config, data and models belong together.

    Args:
        config: one of configs/; config.task is "musicvae" or "window_surrogate".
        data: the corpus.dataset.Dataset to train on.

    Raises:
        TrainingError: they do not belong together, or there are no such sizes.
        CheckpointError: a model that the config names cannot be loaded.
    """
    builders = {"musicvae": _musicvae, "window_surrogate": _window_surrogate}
    if config.task not in builders:
        raise TrainingError(f"task must be one of {', '.join(builders)}, not {config.task}")
    return builders[config.task](config, data)


def _musicvae(config, data):
    settings = _sizes(MusicVAEConfig, config.model)
    module = MusicVAE(settings, rngs=nnx.Rngs(config.seed))
    module.start_from_frequencies(_sample(data))

    def loss(module, batch, key):
        return elbo.loss(module, batch["tokens"], key, beta=config.beta, free_bits=config.free_bits)

    return Task(module, loss, loss, checkpoint.save, "", compatibility.data_in_c(data))


def _window_surrogate(config, data):
    if not config.checkpoint:
        raise TrainingError("give --config.checkpoint=MODEL, the MusicVAE whose latents the corpus holds")
    latent = MusicVAEConfig.of_saved(checkpoint.read_config(config.checkpoint, kind="musicvae"))
    found = compatibility.fingerprint(config.checkpoint, data)
    warnings = compatibility.check_latents(data, config.data, config.checkpoint, latent.z_size, found)
    in_c, more_warnings = _in_c(config, data)
    settings = _sizes(WindowSurrogateConfig, dict(config.model) | dict(z_size=latent.z_size, in_c=in_c))
    module = WindowSurrogate(settings, rngs=nnx.Rngs(config.seed))
    weights = config.objective.to_dict()
    frozen = {}
    if weights["likelihood"]:
        frozen["vae"] = checkpoint.load(config.checkpoint, encoder=False, dtype=config.dtype)
    loss = functools.partial(objective.loss, **weights)
    save = _saver(config.checkpoint, functools.partial(window_surrogate.save, part=config.part))
    return Task(
        module, loss, loss, save, config.part, in_c, prepare=window_surrogate.with_features, frozen=frozen,
        origins={"checkpoint": found}, warnings=warnings + more_warnings,
    )  # fmt: skip


def _sizes(kind, settings):
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        raise TrainingError(f"model: {error}") from None


def _sample(data):
    return data.rows(data.indices("train")[::_SAMPLED], "tokens")


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


def _saver(model, save_part):
    """A function that saves a part of a model inside a copy of its folder, without what was measured on other parts."""

    def save(folder, module, **options):
        if jax.process_index() == 0:
            left_out = shutil.ignore_patterns("README.md")
            shutil.copytree(checkpoint.resolve(model), folder, dirs_exist_ok=True, ignore=left_out)
        save_part(folder, module, **options)

    return save
