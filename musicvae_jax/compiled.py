"""Programs that are compiled once: kept in JAX's folder, so that the next process neither traces nor compiles them."""

import contextlib
import functools
import hashlib
import os
import pathlib
import pickle
import platform
import threading
import uuid
import zlib
from collections.abc import Callable

import jax
from jax.experimental import serialize_executable

from musicvae_jax.files import FileError, write_whole

_PACKAGES = pathlib.Path(__file__).parent, pathlib.Path(__file__).parents[1] / "surrogate"
_programs: dict = {}
_making: dict = {}
"""A lock for each program: threads that want one have it made once."""


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
    path = pathlib.Path(folder) / f"{_prefix()}{_hash(name, [(leaf.shape, str(leaf.dtype)) for leaf in leaves])}"
    if path not in _programs:
        with _lock(path):
            if path not in _programs:
                _programs[path] = _loaded(path) or _made(path, function, leaves)
    return _programs[path](*leaves)


def load_last(count: int = 3) -> None:
    """Has the programs that were loaded or made last loaded by a thread, while what they will be called with is made.

    Args:
        count: how many; one more than are called costs a fifth of a second of a core.
    """
    folder = jax.config.jax_compilation_cache_dir
    if folder is not None:
        threading.Thread(target=_load_last, args=(pathlib.Path(folder), count)).start()


def _load_last(folder, count):
    with contextlib.suppress(OSError, RuntimeError):  # a JAX that does not start is told where it is needed
        for path in sorted(folder.glob(f"{_prefix()}*"), key=os.path.getmtime)[-count:]:
            with _lock(path):
                if path not in _programs and (program := _loaded(path)):
                    _programs[path] = program


def _lock(path):
    return _making.setdefault(path, threading.Lock())


def _loaded(path):
    """The program in a file, None where there is none: missing, damaged or of another version."""
    try:
        kept = pickle.loads(zlib.decompress(path.read_bytes()))
        program = serialize_executable.deserialize_and_load(*kept, execution_devices=jax.local_devices()[:1])
        os.utime(path)
        return program
    except Exception:
        return None


def _made(path, function, leaves):
    # What JAX finds in its own cache runs, but kept from there it lacks functions: a name of its own is never found.
    def renamed(*leaves):
        return function(*leaves)

    renamed.__name__ = f"{function.__name__}_{uuid.uuid4().hex}"
    program = jax.jit(renamed).lower(*leaves).compile()
    # A disk that is full, or a device whose programs cannot be kept, costs the next process time, no more.
    with contextlib.suppress(FileError, OSError, RuntimeError, ValueError):
        write_whole(path, zlib.compress(pickle.dumps(serialize_executable.serialize(program)), 1))
    return program


def _hash(*told):
    return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()


@functools.cache
def _prefix():
    """What files of programs are called by all that these depend on beside name and shapes: the code, what compiles
    it and what it is compiled for."""
    files = sorted(path for package in _PACKAGES for path in package.rglob("*.py"))
    stats = [(path.name, stat.st_size, stat.st_mtime_ns) for path in files for stat in (path.stat(),)]
    device = jax.devices()[0]
    versions = jax.__version__, jax.lib.__version__, device.client.platform_version, os.environ.get("XLA_FLAGS")
    return f"program-{_hash(stats, versions, device.device_kind, _processor())}-"


def _processor():
    """A home folder may be that of several machines, and what is compiled for one processor may not run on another."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
