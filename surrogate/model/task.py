"""What a training is made of, whatever is trained."""

import dataclasses
import shutil
import typing

import jax
import numpy as np
from flax import nnx

from musicvae_jax import checkpoint
from musicvae_jax.training import TrainingError

SPLITS = "train", "validation"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """What musicvae_jax.training.fit needs, and what becomes of the module.

    module: what learns. loss, batch_at, held_out, score: as fit takes them. frozen: modules that the loss needs.
    save: (folder, module, notes=..., dtype=...) -> None, writes it as a model folder, or into a copy of one.
    about: what is to be known of the data, for the card, for JSON.
    part: its folder in the model's; "" for a MusicVAE.
    origins: fingerprints of the models that it depends on, {setting that names it: fingerprint}.
    warnings: what could not be checked, a line each.
    """

    module: nnx.Module
    loss: typing.Callable
    batch_at: typing.Callable
    held_out: list
    save: typing.Callable
    about: dict
    score: typing.Callable | None = None
    part: str = ""
    frozen: dict[str, nnx.Module] = dataclasses.field(default_factory=dict)
    origins: dict[str, str] = dataclasses.field(default_factory=dict)
    warnings: list[str] = dataclasses.field(default_factory=list)


def share_of(split: str, share: float) -> float:
    """The share of a split's tunes that is used: what is asked for of the training, and all of the validation."""
    return share if split == "train" else 1.0


def sizes(kind, settings):
    """A config dataclass of these settings; TrainingError where there can be none."""
    try:
        return kind(**settings)
    except (TypeError, ValueError) as error:
        raise TrainingError(f"model: {error}") from None


def about_songs(songs, share: float) -> dict:
    """Counts of songs, bars and tunes of each split of a pack of whole songs that is trained on, for the card."""
    chosen = {split: songs.indices(split, complete=True, share=share_of(split, share)) for split in SPLITS}
    return {
        "bars": {split: int((songs.end_bar - songs.first_bar)[own].sum()) for split, own in chosen.items()},
        "songs": {split: len(own) for split, own in chosen.items()},
        "tunes": {split: len(np.unique(songs.tune[own])) for split, own in chosen.items()},
    }


def copied(model, save_part, *, without=()):
    """A function that saves a part of a model inside a copy of its folder, without what was measured on other parts.

    without: names of its parts that are left out, which were made for the part that is replaced.
    """

    def save(folder, module, **options):
        if jax.process_index() == 0:
            left_out = shutil.ignore_patterns("README.md", *without)
            shutil.copytree(checkpoint.resolve(model), folder, dirs_exist_ok=True, ignore=left_out)
        save_part(folder, module, **options)

    return save
