"""Model folders: `config.json` (kind, sizes, training notes) beside Orbax parameters in `params/`."""

import dataclasses
import hashlib
import json
import pathlib
import tarfile

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax.model import MusicVAE, MusicVAEConfig

PRETRAINED = pathlib.Path(__file__).parent / "pretrained"
DEFAULT = "trio_16bar_small"


class CheckpointError(ValueError):
    """A model that cannot be found, read or used; the message is one line that names it."""


def resolve(name_or_folder):
    """The folder of a pretrained name or of a path; CheckpointError if there is neither."""
    for folder in (PRETRAINED / str(name_or_folder), pathlib.Path(name_or_folder)):
        if (folder / "config.json").is_file():
            return folder
    names = ", ".join(sorted(p.parent.name for p in PRETRAINED.glob("*/config.json"))) or "none"
    raise CheckpointError(f"{name_or_folder}: neither a pretrained model ({names}) nor a folder with a config.json")


def save_module(folder, module, *, kind, config, notes=None, dtype=None):
    """Write a module's parameters and its config; dtype (say "bfloat16") casts them, halving the folder."""
    params = {name: leaf if dtype is None else leaf.astype(dtype) for name, leaf in flat_params(module).items()}
    save_params(folder, params, kind=kind, config=config, notes=notes)


def save_params(folder, params, *, kind, config, notes=None, compress=True):
    """Write parameters by name, arrays of NumPy or JAX, and the config of their module.

    Of several processes all must call it, with NumPy arrays, as Orbax waits for them; process 0 writes.
    """
    ocp = orbax_v1()
    folder = pathlib.Path(folder).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    context = ocp.Context()
    context.array.saving.use_compression = compress
    context.memory.deepcopy_host_arrays = False  # they do not change while this waits
    with context:
        ocp.save(folder / "params", params, overwrite=True)
    if jax.process_index() > 0:
        return
    for note in (folder / "params").rglob("commit_success.txt"):
        note.unlink()  # it tells only the path on this machine
    text = json.dumps({"kind": kind, "config": dataclasses.asdict(config), "notes": notes or {}}, indent=1)
    (folder / "config.json").write_text(text + "\n")


def read_config(name_or_folder, *, kind):
    """The config, a dict, of a model folder or a pretrained name; CheckpointError if it is not of that kind."""
    path = resolve(name_or_folder) / "config.json"
    try:
        saved = json.loads(path.read_text())
        found, config = saved.get("kind"), saved["config"]
    except (json.JSONDecodeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path}: not a model's config ({type(error).__name__}: {error})") from None
    if found != kind:
        raise CheckpointError(f"{path.parent}: holds a {found}, not a {kind}")
    return config


def load_module(name_or_folder, *, kind, build, dtype="float32"):
    """Read a module that save_module wrote: build(config dict) makes it, its parameters come back in dtype.

    What the folder holds beyond the module's parameters stays unread.

    Raises CheckpointError when the folder is missing, of another kind, or its parameters do not fit its config.
    """
    folder = resolve(name_or_folder)
    config = read_config(folder, kind=kind)
    try:
        module = nnx.eval_shape(lambda: build(config))
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{folder}/config.json: not a model's config ({type(error).__name__}: {error})") from None
    shapes = {name: leaf.shape for name, leaf in flat_params(module).items()}
    try:
        read = _read(folder / "params", shapes)
        # Converted by NumPy and sent together: JAX would compile a conversion for each shape.
        params = jax.device_put({name: array.astype(jnp.dtype(dtype)) for name, array in read.items()})
    except Exception as error:  # TensorStore raises many types; a damaged folder is the user's problem, not a bug here
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{folder}: parameters cannot be read ({reason})") from None
    state = nnx.state(module)
    nnx.update(module, nnx.from_flat_state([(path, leaf.replace(params[_name(path)])) for path, leaf in _flat(state)]))
    return module


def _read(folder, shapes):
    """Arrays of NumPy by name, as Orbax keeps them in TensorStore: reading them there spares importing Orbax."""
    import tensorstore

    base = {"driver": "file", "path": f"{folder.absolute() / 'state'}/"}
    context = tensorstore.Context()
    opened = {}
    for name in shapes:
        place = {"driver": "ocdbt", "base": base, "path": f"{name}/"}
        opened[name] = tensorstore.open({"driver": "zarr3", "kvstore": place}, read=True, context=context)
    arrays = {name: opening.result() for name, opening in opened.items()}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} has the shape {arrays[name].shape}, not {shape}")
    reading = {name: array.read() for name, array in arrays.items()}
    return {name: np.asarray(read.result()) for name, read in reading.items()}


def save(folder, model, *, notes=None, dtype=None):
    """Write a MusicVAE as a model folder."""
    save_module(folder, model, kind="musicvae", config=model.config, notes=notes, dtype=dtype)


def load(name_or_folder=DEFAULT, *, dtype="float32", encoder=True):
    """A MusicVAE from a pretrained name or a folder that import or train wrote; CheckpointError if it cannot be.

    dtype: "bfloat16" computes in half the memory, faster where the hardware has such products; "float32" is exact.
    encoder: False leaves out the encoder, often the larger half, which decoding does not need.
    """

    def build(config):
        return MusicVAE(MusicVAEConfig(**config), rngs=nnx.Rngs(0), encoder=encoder)

    return load_module(name_or_folder, kind="musicvae", build=build, dtype=dtype)


def take_over(module, name_or_folder):
    """Give a MusicVAE, in place, those parameters of another that have the name and the shape of one of its own."""
    others = flat_params(load(name_or_folder))
    own = {path: leaf for path, leaf in _flat(nnx.state(module)) if _name(path) in others}
    fitting = [(path, leaf) for path, leaf in own.items() if leaf.shape == others[_name(path)].shape]
    nnx.update(module, nnx.from_flat_state([(path, leaf.replace(others[_name(path)])) for path, leaf in fitting]))


def split(folder, output, part_bytes=15_000_000):
    """Cut a folder into output/model.tar.000, .001, ... of at most part_bytes; `cat model.tar.* | tar x` joins them."""
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    whole = output / "model.tar"
    with tarfile.open(whole, "w") as tar:
        tar.add(folder, arcname=pathlib.Path(folder).name)
    parts = []
    with whole.open("rb") as stream:
        while data := stream.read(part_bytes):
            parts.append(output / f"model.tar.{len(parts):03d}")
            parts[-1].write_bytes(data)
    whole.unlink()
    return parts


def fingerprint(module) -> str:
    """A hash of a module's parameters, so that latents of another model are not mistaken for its own."""
    digest = hashlib.blake2b(digest_size=8)
    for name, leaf in sorted(flat_params(module).items()):
        digest.update(name.encode() + np.asarray(leaf).tobytes())
    return digest.hexdigest()


def flat_params(module):
    """A module's parameters by name, such as "tracks/0/output/kernel"."""
    return {_name(path): leaf.get_value() for path, leaf in _flat(nnx.state(module))}


def _flat(state):
    return nnx.to_flat_state(state)


def _name(path):
    return "/".join(map(str, path))


def orbax_v1():
    """Orbax's v1 interface, wherever this version keeps it."""
    # Imported late: two thirds of a second that only reading and writing a model needs.
    try:
        from orbax.checkpoint import v1
    except ImportError:
        from orbax.checkpoint.experimental import v1
    return v1
