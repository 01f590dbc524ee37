"""Model folders: `config.json` (kind, sizes, training notes) beside `params.safetensors`, parts in sub-folders."""

import dataclasses
import hashlib
import json
import pathlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
import safetensors.numpy
from flax import nnx
from jax.experimental import multihost_utils

from musicvae_jax import hub
from musicvae_jax.bar_model import BarMusicVAE, BarMusicVAEConfig
from musicvae_jax.files import FilePath, whole_file
from musicvae_jax.model import MusicVAE, MusicVAEConfig

PRETRAINED = pathlib.Path(__file__).parent / "pretrained"
DEFAULT = "trio_16bar_small"
CONFIG, PARAMS = "config.json", "params.safetensors"
KINDS = {
    "musicvae": (MusicVAEConfig.of_saved, MusicVAE),
    "bar_musicvae": (lambda config: BarMusicVAEConfig(**config), BarMusicVAE),
}
"""What a model folder may hold: what reads its config, and the type of its module."""
_ORBAX_PARAMS = "params"  # a folder, where earlier versions kept them
_Module = TypeVar("_Module", bound=nnx.Module)


class CheckpointError(ValueError):
    """A model that cannot be found, read, written or used; the message is one line that names it."""


def resolve(name_or_folder: FilePath) -> pathlib.Path:
    """Finds the folder of a model.

    Args:
        name_or_folder: a pretrained name, a path, or "hf:owner/name@revision", a model on the Hugging Face hub.

    Raises:
        CheckpointError: it is none of them, or cannot be fetched.
    """
    if str(name_or_folder).startswith(hub.PREFIX):
        try:
            name_or_folder = hub.fetch(str(name_or_folder))
        except hub.HubError as error:
            raise CheckpointError(str(error)) from None
    for folder in (PRETRAINED / str(name_or_folder), pathlib.Path(name_or_folder)):
        if (folder / CONFIG).is_file():
            return folder
    trained = pathlib.Path(name_or_folder) / "model"
    if (trained / CONFIG).is_file():
        raise CheckpointError(f"{name_or_folder}: is the work folder of a training; its model is {trained}")
    names = ", ".join(sorted(p.parent.name for p in PRETRAINED.glob(f"*/{CONFIG}"))) or "none"
    raise CheckpointError(f"{name_or_folder}: neither a pretrained model ({names}) nor a folder with a {CONFIG}")


def model_around(path: FilePath) -> pathlib.Path | None:
    """Finds the model folder, or the folder of a model's part, that a path is or lies in; None where it is in none."""
    path = pathlib.Path(path).resolve()
    for folder in (path, *path.parents):
        if (folder / CONFIG).is_file() and any((folder / params).exists() for params in (PARAMS, _ORBAX_PARAMS)):
            return folder
    return None


def save_module(
    folder: FilePath, module: nnx.Module, *, kind: str, config, notes=None, dtype: str | None = None
) -> None:
    """Writes a module's parameters and its config.

    Args:
        folder, kind, config, notes: as save_params takes them.
        module: whose parameters to write.
        dtype: what they are cast to, say "bfloat16", which halves the folder; None leaves them.

    Raises:
        CheckpointError: the folder cannot be written.
    """
    params = {name: np.asarray(leaf) for name, leaf in flat_params(module).items()}
    if dtype is not None:
        params = {name: _cast(array, dtype) for name, array in params.items()}
    save_params(folder, params, kind=kind, config=config, notes=notes)


def save_params(folder: FilePath, params: Mapping[str, np.ndarray], *, kind: str, config, notes=None) -> None:
    """Writes parameters and the config of their module; the folder counts as a model once both are whole.

    Of several processes all must call it: process 0 writes, the others wait until the model is there.

    Args:
        folder: where to; made if need be, and other files in it stay.
        params: arrays by name.
        kind: what the module is, say "musicvae"; load_module asks for it.
        config: a dataclass, the module's sizes.
        notes: what else is to be known of the model, for json.

    Raises:
        CheckpointError: the folder cannot be written.
    """
    if jax.process_index() == 0:
        text = json.dumps({"kind": kind, "config": dataclasses.asdict(config), "notes": notes or {}}, indent=1)
        folder = pathlib.Path(folder)
        # safetensors reads memory as if its rows lay in order, and puts the file in place when it is whole.
        arrays = {name: np.asarray(array, order="C") for name, array in params.items()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with whole_file(folder / CONFIG) as file:  # put in place after the parameters: without it there is no model
                file.write(f"{text}\n".encode())
                safetensors.numpy.save_file(arrays, folder / PARAMS)
            (folder / PARAMS).chmod((folder / CONFIG).stat().st_mode)  # safetensors lets only its owner read it
        except (OSError, ValueError, safetensors.SafetensorError) as error:
            raise CheckpointError(f"{folder}: cannot be written ({_reason(error)})") from None
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices("a model was written")


def read_config(name_or_folder: FilePath, *, kind: str) -> dict:
    """Reads the config of a model.

    Args:
        name_or_folder: a pretrained name or a model folder.
        kind: what it must hold, as save_params was told.

    Raises:
        CheckpointError: there is no such model, or it is of another kind.
    """
    folder = resolve(name_or_folder)
    saved = read_saved(folder)
    if saved["kind"] != kind:
        raise CheckpointError(f"{folder}: holds a {saved['kind']}, not a {kind}")
    return saved["config"]


def read_saved(name_or_folder: FilePath) -> dict:
    """Reads what a model folder tells of its parameters: kind, config and notes; CheckpointError if it cannot be."""
    path = resolve(name_or_folder) / CONFIG
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        return {"kind": saved.get("kind"), "config": saved["config"], "notes": saved.get("notes") or {}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path}: not a model's config ({type(error).__name__}: {error})") from None


def load_module(
    name_or_folder: FilePath, *, kind: str, build: Callable[[dict], _Module], dtype: str = "float32"
) -> _Module:
    """Reads a module that save_module wrote; what the folder holds beyond its parameters stays unread.

    Args:
        name_or_folder: a pretrained name or a model folder.
        kind: as save_params was told.
        build: makes the module from its config, a dict.
        dtype: of the parameters.

    Raises:
        CheckpointError: the folder is missing, of another kind, or its parameters do not fit its config.
    """
    folder = resolve(name_or_folder)
    config = read_config(folder, kind=kind)
    try:
        module = nnx.eval_shape(lambda: build(config))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CheckpointError(f"{folder / CONFIG}: not a model's config ({type(error).__name__}: {error})") from None
    shapes = {name: leaf.shape for name, leaf in flat_params(module).items()}
    jax.devices()  # started here, so that what is wrong with JAX is not taken for damage of the folder
    is_of_earlier_version = (folder / _ORBAX_PARAMS).exists() and not (folder / PARAMS).exists()
    read = _read_orbax if is_of_earlier_version else _read
    try:
        # Converted by NumPy, as JAX would compile a conversion for each shape; one at a time, for memory.
        params = {
            name: jax.device_put(_cast(_fitting(name, array, shapes[name]), dtype))
            for name, array in read(folder, shapes)
        }
    except Exception as error:  # Orbax raises many types; a damaged folder is the user's problem, not a bug here
        raise CheckpointError(f"{folder}: parameters cannot be read ({_reason(error)})") from None
    state = nnx.state(module)
    nnx.update(module, nnx.from_flat_state([(path, leaf.replace(params[_name(path)])) for path, leaf in _flat(state)]))
    return module


def _read(folder, names) -> Iterator[tuple[str, np.ndarray]]:
    # A mapped file would be in memory twice for as long as it is read.
    with safetensors.safe_open(folder / PARAMS, "numpy", backend="pread") as file:
        for name in names:
            yield name, file.get_tensor(name)


def _read_orbax(folder, names) -> Iterator[tuple[str, np.ndarray]]:
    """The same of a folder that an earlier version wrote."""
    with warnings.catch_warnings(action="ignore"):  # that the parameters go to other devices than they came from
        saved = orbax_v1().load(folder.absolute() / _ORBAX_PARAMS)
    for name in names:
        yield name, np.asarray(saved[name])


def _fitting(name, array, shape):
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape}, not {shape}")
    return array


def _cast(array, dtype):
    """An array of numbers with a point in dtype; others stay."""
    return array if np.issubdtype(array.dtype, np.integer) else array.astype(jnp.dtype(dtype), copy=False)


def _reason(error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def save(
    folder: FilePath, model: MusicVAE | BarMusicVAE, *, notes: dict | None = None, dtype: str | None = None
) -> None:
    """Writes a MusicVAE as a model folder.

    Args:
        folder: where to; made if need be.
        model: what to write.
        notes: what else is to be known of the model; it goes into config.json.
        dtype: what the parameters are cast to, say "bfloat16", which halves the folder; None leaves them.

    Raises:
        CheckpointError: the folder cannot be written.
    """
    [kind] = [kind for kind, (_, module) in KINDS.items() if isinstance(model, module)]
    save_module(folder, model, kind=kind, config=model.config, notes=notes, dtype=dtype)


def load(name_or_folder: FilePath = DEFAULT, *, dtype: str = "float32", encoder: bool = True) -> MusicVAE | BarMusicVAE:
    """Reads a MusicVAE.

    Args:
        name_or_folder: a pretrained name, a folder that import or train wrote, or "hf:owner/name@revision", a model on
            the Hugging Face hub, which needs the extra hub.
        dtype: "bfloat16" computes in half the memory, faster where the hardware has such products; "float32" is exact.
        encoder: False leaves out the encoder, often the larger half, which decoding does not need; not of BarMusicVAEs.

    Raises:
        CheckpointError: there is no such model, or it cannot be read.
    """
    kind = read_saved(name_or_folder)["kind"]
    if kind not in KINDS:
        raise CheckpointError(f"{resolve(name_or_folder)}: holds a {kind}, not a MusicVAE")
    read, module_type = KINDS[kind]
    options = {"encoder": encoder} if module_type is MusicVAE else {}

    def build(config):
        return module_type(read(config), rngs=nnx.Rngs(0) if module_type is MusicVAE else None, **options)

    return load_module(name_or_folder, kind=kind, build=build, dtype=dtype)


def fingerprint(module: nnx.Module) -> str:
    """A hash of a module's parameters, so that latents of another model are not mistaken for its own."""
    digest = hashlib.blake2b(digest_size=8)
    for name, leaf in sorted(flat_params(module).items()):
        digest.update(name.encode() + np.asarray(leaf).tobytes())
    return digest.hexdigest()


def flat_params(module: nnx.Module) -> dict[str, jax.Array]:
    """A module's parameters by name, such as "tracks/0/output/kernel"."""
    return {_name(path): leaf.get_value() for path, leaf in _flat(nnx.state(module))}


def _flat(state):
    return nnx.to_flat_state(state)


def _name(path):
    return "/".join(map(str, path))


def orbax_v1():
    """Orbax's v1 interface, wherever this version keeps it."""
    # Imported late: two thirds of a second that only training, and models of earlier versions, need.
    try:
        from orbax.checkpoint import v1
    except ImportError:
        from orbax.checkpoint.experimental import v1
    return v1
