"""Programs that are compiled once: kept in JAX's folder, so that the next process neither traces nor compiles them."""

import contextlib
import functools
import hashlib
import os
import pathlib
import pickle
import platform
import threading
import zlib
from collections.abc import Callable

import jax
from jax.experimental import serialize_executable

from musicvae_jax.files import FileError, write_whole

_PACKAGES = pathlib.Path(__file__).parent, pathlib.Path(__file__).parents[1] / "surrogate"
_programs: dict = {}
_making = threading.Lock()


def call(function: Callable, name: str, *leaves):
    """Calls a function of arrays, as it was compiled before if JAX keeps what it compiles in a folder.

    Args:
        function: of arrays; the same name, shapes and source must mean the same function.
        name: what tells it from other functions that take arrays of the same shapes.
        leaves: the arrays.
    """
    folder = jax.config.jax_compilation_cache_dir
    if folder is None:
        return function(*leaves)
    shapes = [(leaf.shape, str(leaf.dtype)) for leaf in leaves]
    told = repr((name, shapes, _surroundings()))
    path = pathlib.Path(folder) / f"program-{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"
    if path not in _programs:
        with _making:  # threads that want one program have it made once
            if path not in _programs:
                _programs[path] = _compiled(function, path, leaves)
    return _programs[path](*leaves)


def _compiled(function, path, leaves):
    try:
        kept = pickle.loads(zlib.decompress(path.read_bytes()))
        return serialize_executable.deserialize_and_load(*kept, execution_devices=jax.devices()[:1])
    except Exception:  # missing, damaged or of another version: made anew
        made = jax.jit(function).lower(*leaves).compile()
        with contextlib.suppress(FileError, OSError):  # a disk that is full costs the next process time, no more
            write_whole(path, zlib.compress(pickle.dumps(serialize_executable.serialize(made)), 1))
        return made


@functools.cache
def _surroundings():
    """What a program depends on beside its name and shapes: the code, what compiles it and what it is compiled for."""
    files = sorted(path for package in _PACKAGES for path in package.rglob("*.py"))
    stats = [(path.name, stat.st_size, stat.st_mtime_ns) for path in files for stat in (path.stat(),)]
    device = jax.devices()[0]
    versions = jax.__version__, jax.lib.__version__, device.client.platform_version, os.environ.get("XLA_FLAGS")
    return stats, versions, device.device_kind, _processor()


def _processor():
    """A home folder may be that of several machines, and what is compiled for one processor may not run on another."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
