"""Magenta's TensorFlow checkpoints -> model folders here. The one place that imports TensorFlow.

Layout and sizes come from the variables' names and shapes (magenta/models/music_vae: lstm_models.py, configs.py);
whatever a model has no place for, such as optimizer slots, is left unread.
"""

import collections
import datetime
import importlib.metadata
import json
import os
import pathlib
import shutil
import tarfile

from flax import nnx
from tqdm import tqdm

from musicvae_jax import checkpoint
from musicvae_jax.checkpoint import CheckpointError
from musicvae_jax.download import sha256
from musicvae_jax.events import DEPTHS
from musicvae_jax.files import FilePath
from musicvae_jax.model import MusicVAE, MusicVAEConfig

OFFICIAL = "https://storage.googleapis.com/magentadata/models/music_vae/checkpoints/hierdec-trio_16bar.tar"


def import_checkpoint(source: FilePath, output: FilePath, *, dtype: str = "float32", origin: str | None = None) -> dict:
    """Writes a checkpoint of Magenta's as a model folder, whole or not at all.

    Args:
        source: a .tar, a folder or a checkpoint prefix (path/model.ckpt-123).
        output: the model folder to make; it must not exist.
        dtype: "float32", or "bfloat16" for half the size.
        origin: what config.json calls the source; its file name when None.

    Returns:
        What the folder's config.json holds.

    Raises:
        CheckpointError: the source is not a trio MusicVAE or is damaged, or the folder cannot be made.
    """
    source, output = pathlib.Path(source), pathlib.Path(output)
    check_output(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    workspace = output.with_name(f".{output.name}.part")  # on the disk that the model goes to: a tar may hold gigabytes
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir()
    try:
        prefix = find(source, workspace)
        config, params = read(prefix, dtype=dtype, called=source)
        notes = {
            "layout": layout(config),
            "source": origin or source.name,
            "sha256": {path.name: sha256(path) for path in ([source] if source.is_file() else _files(prefix))},
            "imported": datetime.date.today().isoformat(),
            "dtype": dtype,
            "parameters": sum(x.size for x in params.values()),
            "versions": {name: importlib.metadata.version(name) for name in ("jax", "flax", "safetensors")},
        }
        notes["versions"]["tensorflow"] = _tensorflow().__version__
        checkpoint.save_params(workspace / "model", params, kind="musicvae", config=config, notes=notes)
        os.replace(workspace / "model", output)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    return json.loads((output / checkpoint.CONFIG).read_text(encoding="utf-8"))


def check_output(output: FilePath) -> None:
    """Raises CheckpointError, before any work, if an import to this folder cannot end well."""
    if pathlib.Path(output).exists():
        raise CheckpointError(f"{output}: is already there; give another --output, or remove it")
    _tensorflow()


def find(source: FilePath, workspace: pathlib.Path) -> pathlib.Path:
    """Finds the prefix that a checkpoint's files have in common; of several checkpoints the newest's.

    Args:
        source: a folder, a .tar or a prefix.
        workspace: the folder that a .tar is unpacked into.

    Raises:
        CheckpointError: there is no checkpoint, or the .tar is damaged.
    """
    source = pathlib.Path(source)
    if source.is_dir():
        latest = _tensorflow().train.latest_checkpoint(str(source))  # as the file "checkpoint" there says
        prefixes = [latest] if latest else [path.with_suffix("") for path in source.glob("*.index")]
        if len(prefixes) != 1:
            raise CheckpointError(f"{source}: holds {len(prefixes) or 'no'} checkpoints (files that end in .index)")
        return pathlib.Path(prefixes[0])
    if source.is_file() and source.suffix not in (".index", ".meta") and ".data-" not in source.name:
        return _unpack(source, workspace)
    prefix = source.with_suffix("") if source.suffix == ".index" else source
    if not prefix.with_name(f"{prefix.name}.index").is_file():
        raise CheckpointError(f"{source}: neither a .tar nor a folder nor a checkpoint prefix")
    return prefix


def _unpack(source, workspace):
    """The first checkpoint of a .tar, as Magenta's TrainedModel takes it."""
    try:
        with tarfile.open(source) as tar:
            # A Windows path ends at either separator: what is written has no folders left on any system.
            members = {pathlib.PureWindowsPath(member.name).name: member for member in tar if member.isfile()}
            index = next((name for name in members if name.endswith(".index")), None)
            if index is None:
                raise CheckpointError(f"{source}: holds no checkpoint (no file that ends in .index)")
            prefix = index.removesuffix(".index")
            for name, member in members.items():
                if name == index or name.startswith(f"{prefix}.data-"):
                    with tar.extractfile(member) as packed, (workspace / name).open("wb") as unpacked:
                        shutil.copyfileobj(packed, unpacked, 1 << 20)
                    if (workspace / name).stat().st_size != member.size:
                        raise tarfile.ReadError("unexpected end of data")
    except (tarfile.TarError, EOFError) as error:
        reason = (str(error) or "it ends too early").splitlines()[0]
        raise CheckpointError(f"{source}: not a whole .tar file ({reason})") from None
    return workspace / prefix


def _files(prefix):
    return sorted(path for end in ("index", "data-*") for path in prefix.parent.glob(f"{prefix.name}.{end}"))


def read(prefix: FilePath, *, dtype: str = "float32", called: FilePath | None = None):
    """Reads a checkpoint.

    Args:
        prefix: what its files' names begin with.
        dtype: of the parameters.
        called: what errors call the checkpoint; its prefix when None.

    Returns:
        Its MusicVAEConfig, and its parameters by name, numpy arrays.

    Raises:
        CheckpointError: it cannot be read or is not a trio MusicVAE.
    """
    called = called or prefix
    tensorflow = _tensorflow()
    try:
        reader = tensorflow.train.load_checkpoint(str(prefix))
        shapes = {name: tuple(shape) for name, shape in reader.get_variable_to_shape_map().items()}
        config = infer(shapes)
        places = placements(config)
        check(shapes, places)
        params = {}
        for name, (_, blocks) in tqdm(places.items(), desc="read", unit="variable"):
            values, row = reader.get_tensor(name), 0
            for param, rows in blocks:
                if param is not None:
                    params[param] = values[row : row + rows].astype(dtype, copy=False)
                row += rows
    except CheckpointError as error:
        raise CheckpointError(f"{called}: {error}") from None
    except Exception as error:  # TensorFlow raises many types; a damaged file is the user's problem, not a bug here
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{called}: cannot be read ({reason})") from None
    return config, params


def layout(config: MusicVAEConfig) -> str:
    """The name that Magenta's configs give a layout."""
    if not config.conductor_sizes:
        return "flat-trio"
    return "hier-trio" if config.encoder == "hierarchical" else "hierdec-trio"


def infer(shapes: dict[str, tuple[int, ...]]) -> MusicVAEConfig:
    """Tells the config of a trio MusicVAE from its variables.

    Args:
        shapes: those of the variables, by name.

    Raises:
        CheckpointError: they are not those of a trio MusicVAE.
    """

    def layers(*patterns):
        """Units of each layer: the number that most of its variables tell, so that one odd shape is found out."""
        sizes = []
        while True:
            names = [f"{p.format(len(sizes))}/lstm_cell/{part}" for p in patterns for part in ("kernel", "bias")]
            votes = [shapes[name][-1] // 4 for name in names if shapes.get(name)]
            if not votes:
                return tuple(sizes)
            sizes.append(collections.Counter(votes).most_common(1)[0][0])

    def directions(start):
        return layers(*(f"{start}cell_{{}}/bidirectional_rnn/{way}/multi_rnn_cell/cell_0" for way in ("fw", "bw")))

    def named(start):
        return any(name.startswith(start) for name in shapes)

    hierarchical = named("encoder/hierarchical_level_")
    flat = not named("core_decoder/") and not named("decoder/hierarchical_level_")
    levels = (
        [directions(f"encoder/hierarchical_level_{i}/") for i in (0, 1)] if hierarchical else [directions("encoder/")]
    )
    conductor = () if flat else layers("decoder/hierarchical_level_0/cell_{}")
    decoders = ["decoder"] if flat else [f"core_decoder/core_decoder_{i}/decoder" for i in range(len(DEPTHS))]
    decoder = layers(*(f"{name}/multi_rnn_cell/cell_{{}}" for name in decoders))
    posterior = [f"encoder/{name}/{part}" for name in ("mu", "sigma") for part in ("kernel", "bias")]
    z_sizes = [shapes[name][-1] for name in posterior if shapes.get(name)]
    found = {"encoder": all(levels), "encoder/mu": z_sizes, decoders[0]: decoder, "a conductor": flat or conductor}
    for name, sizes in found.items():
        if not sizes:
            raise CheckpointError(f"not a trio MusicVAE of Magenta's: no variables of {name}")
    if hierarchical:
        levels = [[sizes[0] if len(sizes) == 1 else sizes for sizes in levels]]
    encoder = "hierarchical" if hierarchical else "bidirectional"
    z_size = collections.Counter(z_sizes).most_common(1)[0][0]
    return MusicVAEConfig(z_size, encoder, levels[0], conductor, decoder)


def placements(config: MusicVAEConfig):
    """Tells of every variable of a config its shape, and the parameters that its rows go to.

    Returns:
        {variable: (shape, [(parameter, or None for rows without one, number of rows)])}.
    """
    model = nnx.eval_shape(lambda: MusicVAE(config, rngs=nnx.Rngs(0)))
    shapes = {name: leaf.shape for name, leaf in checkpoint.flat_params(model).items()}
    places = {}

    def whole(variable, param):
        places[variable] = shapes[param], [(param, shapes[param][0])]

    def dense(variable, param):
        for part in ("kernel", "bias"):
            whole(f"{variable}/{part}", f"{param}/{part}")

    def cell(variable, param, unused_rows=0):
        """Magenta keeps one kernel, rows of the inputs first; here its row blocks are parameters of their own."""
        names = [f"{param}/{block}_kernel" for block in ("token", "input", "recurrent")]
        blocks = [(None, unused_rows), *((name, shapes[name][0]) for name in names if name in shapes)]
        shape = sum(rows for _, rows in blocks), shapes[f"{param}/bias"][0]
        places[f"{variable}/lstm_cell/kernel"] = shape, blocks
        whole(f"{variable}/lstm_cell/bias", f"{param}/bias")

    for i, sizes in enumerate(config.encoder_levels):
        level = f"hierarchical_level_{i}/" if config.encoder == "hierarchical" else ""
        for layer in range(len(sizes)):
            for way, direction in (("fw", "forward"), ("bw", "backward")):
                variable = f"encoder/{level}cell_{layer}/bidirectional_rnn/{way}/multi_rnn_cell/cell_0"
                cell(variable, f"encoder/levels/{i}/{direction}/{layer}")
    dense("encoder/mu", "encoder/mu")
    dense("encoder/sigma", "encoder/sigma")
    for layer in range(len(config.conductor_sizes)):
        # Magenta's conductor reads one input that is always 0, so that row of its kernel never matters.
        cell(f"decoder/hierarchical_level_0/cell_{layer}", f"conductor/cells/{layer}", unused_rows=int(layer == 0))
    decoders = ["decoder"]
    if config.conductor_sizes:
        dense("decoder/hierarchical_level_0/initial_state", "conductor/initial_state")
        decoders = [f"core_decoder/core_decoder_{i}/decoder" for i in range(len(DEPTHS))]
    for i, decoder in enumerate(decoders):
        dense(f"{decoder}/z_to_initial_state", f"tracks/{i}/initial_state")
        dense(f"{decoder}/output_projection", f"tracks/{i}/output")
        for layer in range(len(config.decoder_sizes)):
            cell(f"{decoder}/multi_rnn_cell/cell_{layer}", f"tracks/{i}/cells/{layer}")
    return places


def check(shapes: dict[str, tuple[int, ...]], places) -> None:
    """Checks the variables of a checkpoint.

    Args:
        shapes: those that were found, by name.
        places: those that the config asks for, from placements.

    Raises:
        CheckpointError: a variable is missing, or has a shape that does not fit the others; the message names it.
    """
    for name, (shape, _) in places.items():
        if name not in shapes:
            raise CheckpointError(f"variable {name} is missing")
        if shapes[name] != shape:
            raise CheckpointError(f"variable {name} has the shape {shapes[name]}; the others ask for {shape}")


def _tensorflow():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import tensorflow
    except ImportError:
        raise CheckpointError("reading Magenta's checkpoints needs TensorFlow: pip install '.[magenta]'") from None
    return tensorflow
