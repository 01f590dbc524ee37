"""The user's cache folder: what was downloaded, and programs that JAX has compiled."""

import os
import pathlib


def folder() -> pathlib.Path:
    """$XDG_CACHE_HOME/musicvae_jax, or ~/.cache/musicvae_jax; it need not exist."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return pathlib.Path(home) / "musicvae_jax"


def keep_compiled_programs() -> None:
    """Let JAX keep what it compiles in the cache folder, unless it already has a place or there can be none."""
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
