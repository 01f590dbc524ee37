"""Files of encoded corpora and packs, written whole or not at all."""

import io
import json
import os
import pathlib
import shutil
import typing
import zipfile
import zlib

import numpy as np

from musicvae_jax import events
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.hashing import hash_of

_WINDOW_BYTES = events.WINDOW_STEPS * len(events.TRACKS) * 2
_FIELD_BYTES = 8 + 4 + 1  # tune, source and split


class Blocks(typing.NamedTuple):
    """An array of which one part after the other is made as it is written: its shape, dtype and the parts."""

    shape: tuple[int, ...]
    dtype: str
    blocks: typing.Iterable[np.ndarray]


def name_of(number: int) -> str:
    """The folder name of a shard."""
    return f"shard-{number:05d}"


def write(folder: pathlib.Path, number: int, arrays: dict) -> None:
    """Writes a shard, with shard.json that tells sizes and hashes; it appears whole or not at all.

    Args:
        folder: of the corpus.
        number: of the shard, from 0.
        arrays: by name, of one row a window.
    """
    name = name_of(number)
    draft = folder / f".{name}.part"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir()
        files = {}
        for field, values in sorted(arrays.items()):
            stream = io.BytesIO()
            np.save(stream, values)
            _write(draft / f"{field}.npy", stream.getbuffer())
            files[f"{field}.npy"] = {"bytes": stream.tell(), "blake2b": hash_of(stream)}
        record = {"name": name, "windows": len(arrays["tokens"]), "files": files}
        _write(draft / "shard.json", json.dumps(record, indent=1).encode())
        os.replace(draft, folder / name)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def write_pack(path, tokens, fields: dict, manifest: dict | None = None) -> None:
    """Writes windows as one compressed file.

    Args:
        tokens: blocks of windows, uint16 [n, 256, 3] each, one after the other, as many in all as fields tell of.
        fields: arrays of one value a window; tune, source and split.
        manifest: how they were cut, as JSON types; dataset.Dataset.manifest gives it back.
    """
    shape = (len(fields["tune"]), events.WINDOW_STEPS, len(events.TRACKS))
    write_arrays(path, {"tokens": Blocks(shape, "<u2", tokens)} | fields, manifest)


def write_arrays(path, arrays: dict, manifest: dict | None = None) -> None:
    """Writes one compressed file that np.load reads, whole or not at all.

    Args:
        path: where to.
        arrays: arrays or Blocks by name.
        manifest: how they came about, as JSON types.
    """
    path = pathlib.Path(path)
    draft = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for field, values in (arrays | {"manifest": json.dumps(manifest or {})}).items():
                with archive.open(_member(field), "w", force_zip64=True) as stream:
                    _write_array(stream, values)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def read_arrays(path, fields) -> tuple[dict[str, np.ndarray], dict | None]:
    """Reads a file that write_arrays wrote.

    Args:
        path: of the file.
        fields: those that are wanted.

    Returns:
        The arrays of those that it has, by name; and its manifest, None where it has none.

    Raises:
        ValueError: it is no such file; with the reason.
    """
    try:
        with zipfile.ZipFile(path), np.load(path) as pack:  # of what is no archive NumPy says how to unpickle it
            manifest = json.loads(str(pack["manifest"])) if "manifest" in pack else None
            if not isinstance(manifest, dict | None):
                raise ValueError("its manifest is none")
            return {field: pack[field] for field in fields if field in pack}, manifest
    # It may be any file.
    except (OSError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(str(error)) from None


def _write_array(stream, values) -> None:
    if not isinstance(values, Blocks):
        np.lib.format.write_array(stream, np.asarray(values))
        return
    header = {"descr": values.dtype, "fortran_order": False, "shape": values.shape}
    np.lib.format.write_array_header_1_0(stream, header)
    for block in values.blocks:
        stream.write(np.ascontiguousarray(block, values.dtype).tobytes())


def _member(field: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(f"{field}.npy")  # of a fixed date, so that equal packs are equal files
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def check_room(folder, windows: int, z_size: int) -> None:
    """Looks whether there is room for encoded windows.

    Args:
        folder: of the corpus.
        windows: how many are to be written.
        z_size: numbers of a latent.

    Raises:
        DatasetError: the disk has too little room.
    """
    needed = windows * (_WINDOW_BYTES + _FIELD_BYTES + 8 * z_size) * 1.01 + 2**20
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DatasetError(
            f"{folder}: takes {needed / 1e6:.0f} MB more, and the disk has {free / 1e6:.0f} MB left; make room first"
        )


def _write(path, data) -> None:
    with open(path, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
