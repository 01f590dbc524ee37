"""Programs that are compiled once and kept for other processes."""

import concurrent.futures
import os
import subprocess
import sys
import threading
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from musicvae_jax import compiled


@pytest.fixture
def folder(tmp_path):
    """Where JAX keeps what it compiles, and nothing of other tests."""
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    compiled._programs.clear()
    yield tmp_path
    jax.config.update("jax_compilation_cache_dir", before)
    compiled._programs.clear()


def double(x, y):
    return 2 * x + y


def never(*_):
    raise AssertionError("traced again")


NUMBERS = np.arange(3, dtype=np.float32), np.ones(3, np.float32)


def test_it_is_compiled_once_for_all_processes(folder):
    np.testing.assert_array_equal(compiled.call(double, "double", *NUMBERS), [1, 3, 5])
    assert len(list(folder.glob("program-*"))) == 1
    np.testing.assert_array_equal(compiled.call(never, "double", *NUMBERS), [1, 3, 5])
    compiled._programs.clear()  # as in another process
    np.testing.assert_array_equal(compiled.call(never, "double", *NUMBERS), [1, 3, 5])


def test_threads_that_want_one_program_have_it_compiled_once(folder):
    traces = []

    def slow(x, y):
        traces.append(None)
        time.sleep(0.2)
        return double(x, y)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: compiled.call(slow, "slow", *NUMBERS).tolist(), range(3)))
    assert made == [[1, 3, 5]] * 3 and len(traces) == 1


def test_threads_that_want_different_programs_make_them_at_the_same_time(folder):
    both_are_traced = threading.Barrier(2, timeout=60)

    def make(name):
        def waiting(x, y):
            both_are_traced.wait()
            return double(x, y)

        return compiled.call(waiting, name, *NUMBERS).tolist()

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(make, ("one", "other"))) == [[1, 3, 5]] * 2


OTHER_PROCESS = """
import jax, jax.numpy as jnp, numpy as np
from musicvae_jax import compiled
def mixed(x):
    return jax.nn.softmax(jnp.sin(x @ x.T) @ x, -1).sum(0, keepdims=True) + jnp.sort(x, 0)
print(compiled.call(mixed, "mixed", np.ones((4, 9), np.float32)).shape)
"""


def test_what_jax_kept_itself_is_compiled_again(tmp_path):
    least = {"JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0", "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1"}
    told = os.environ | least | {"JAX_COMPILATION_CACHE_DIR": str(tmp_path)}
    for calls in range(3):  # it is kept by JAX, made while JAX has it, and loaded
        run = subprocess.run([sys.executable, "-c", OTHER_PROCESS], env=told, capture_output=True, text=True)
        assert run.stdout == "(4, 9)\n", run.stderr
        [path] = tmp_path.glob("program-*")
        if calls == 0:
            assert len(list(tmp_path.glob("jit_*"))) >= 1
            path.unlink()


def test_other_names_and_shapes_are_other_programs(folder):
    compiled.call(double, "double", *NUMBERS)
    assert compiled.call(jnp.subtract, "less", *NUMBERS).tolist() == [-1, 0, 1]
    assert compiled.call(double, "double", *(x[:2] for x in NUMBERS)).tolist() == [1, 3]
    assert len(list(folder.glob("program-*"))) == 3


def test_a_damaged_file_is_made_anew(folder):
    compiled.call(double, "double", *NUMBERS)
    [path] = folder.glob("program-*")
    path.write_bytes(path.read_bytes()[:40])
    compiled._programs.clear()
    assert compiled.call(double, "double", *NUMBERS).tolist() == [1, 3, 5]
    assert len(path.read_bytes()) > 40


def test_what_was_called_last_is_loaded_beforehand(folder):
    for name in ("first", "second", "third"):
        compiled.call(double, name, *NUMBERS)
    compiled._programs.clear()
    compiled.call(never, "first", *NUMBERS)
    compiled._programs.clear()
    [path] = set(folder.glob("program-*")) - _loaded_last(2)
    path.write_bytes(b"")
    assert _loaded_last(3) == set(folder.glob("program-*")) - {path}  # what is damaged is left to call
    for name in ("first", "third"):
        compiled.call(never, name, *NUMBERS)
    compiled.call(double, "second", *NUMBERS)


def _loaded_last(count):
    before = set(threading.enumerate())
    compiled.load_last(count)
    for thread in set(threading.enumerate()) - before:
        thread.join()
    return set(compiled._programs)


def test_another_processor_or_code_has_programs_of_its_own(folder, monkeypatch):
    compiled.call(double, "double", *NUMBERS)
    for surroundings in (("_processor", lambda: "another"), ("_PACKAGES", [folder])):
        with monkeypatch.context() as changed:
            changed.setattr(compiled, *surroundings)
            compiled._prefix.cache_clear()
            assert compiled.call(jnp.add, "double", *NUMBERS).tolist() == [1, 2, 3]
    compiled._prefix.cache_clear()
    assert len(list(folder.glob("program-*"))) == 3


def test_without_a_folder_nothing_is_kept(folder):
    jax.config.update("jax_compilation_cache_dir", None)
    assert compiled.call(double, "double", *NUMBERS).tolist() == [1, 3, 5]
    assert not list(folder.iterdir())
