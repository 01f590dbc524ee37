"""The user's cache folder: what was downloaded, and programs that JAX has compiled."""

import os
import pathlib

import platformdirs


def folder() -> pathlib.Path:
    """The folder, where the system keeps such (on Linux ~/.cache/musicvae_jax); it need not exist."""
    return platformdirs.user_cache_path("musicvae_jax", appauthor=False)


def keep_compiled_programs() -> None:
    """Lets JAX keep what it compiles in the cache folder, unless it already has a place or there can be none.

    It changes settings of the whole process, so only commands may call it.
    """
    import jax

    if jax.config.jax_compilation_cache_dir is not None:
        return
    programs = folder() / "xla"
    try:
        programs.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(programs, os.W_OK):
        return
    jax.config.update("jax_compilation_cache_dir", str(programs))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
