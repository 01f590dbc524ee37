"""Programs that are traced once: kept beside what JAX has compiled, so that the next process need not trace them."""

import contextlib
import functools
import hashlib
import pathlib
import threading
from collections.abc import Callable

import flatbuffers  # noqa: F401  # which export needs and JAX does not bring
import jax
from jax import export

from musicvae_jax.files import FileError, write_whole

_PACKAGES = pathlib.Path(__file__).parent, pathlib.Path(__file__).parents[1] / "surrogate"
_programs: dict = {}
_making = threading.Lock()


def call(function: Callable, name: str, *leaves):
    """Calls a function of arrays, as it was traced before if JAX keeps what it compiles in a folder.

    Args:
        function: of arrays; the same name, shapes and source must mean the same function.
        name: what tells it from other functions that take arrays of the same shapes.
        leaves: the arrays.
    """
    folder = jax.config.jax_compilation_cache_dir
    if folder is None:
        return function(*leaves)
    shapes = [(leaf.shape, str(leaf.dtype)) for leaf in leaves]
    told = repr((jax.__version__, jax.default_backend(), name, shapes, _source()))
    path = pathlib.Path(folder) / f"traced-{hashlib.blake2b(told.encode(), digest_size=16).hexdigest()}"
    if path not in _programs:
        with _making:  # threads that want one program have it made once
            if path not in _programs:
                _programs[path] = jax.jit(_traced(function, path, leaves).call)
    return _programs[path](*leaves)


def _traced(function, path, leaves):
    try:
        return export.deserialize(bytearray(path.read_bytes()))
    except Exception:  # missing, damaged or of another version: made anew
        traced = export.export(jax.jit(function))(*leaves)
        with contextlib.suppress(FileError, OSError):  # a disk that is full costs the next process time, no more
            write_whole(path, bytes(traced.serialize()))
        return traced


@functools.cache
def _source():
    """What changes when the code does."""
    files = sorted(path for package in _PACKAGES for path in package.rglob("*.py"))
    return [(path.name, stat.st_size, stat.st_mtime_ns) for path in files for stat in (path.stat(),)]
