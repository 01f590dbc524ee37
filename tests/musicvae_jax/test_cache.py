"""The user's cache folder."""

import sys

import pytest

from musicvae_jax import cache


@pytest.mark.skipif(sys.platform != "linux", reason="every system has a place of its own")
def test_on_linux_the_folder_stays_where_it_was(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.folder() == tmp_path / ".cache" / "musicvae_jax"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert cache.folder() == tmp_path / "elsewhere" / "musicvae_jax"


def test_compiled_programs_go_to_the_cache_folder_if_there_can_be_one(tmp_path, monkeypatch):
    import jax

    kept = {name: getattr(jax.config, name) for name in dir(jax.config) if name.startswith("jax_persistent_cache_min")}
    folder = jax.config.jax_compilation_cache_dir
    try:
        (tmp_path / "file").touch()
        jax.config.update("jax_compilation_cache_dir", None)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        cache.keep_compiled_programs()
        assert jax.config.jax_compilation_cache_dir is None
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        cache.keep_compiled_programs()
        assert jax.config.jax_compilation_cache_dir == str(tmp_path / "cache" / "musicvae_jax" / "xla")
        assert (tmp_path / "cache" / "musicvae_jax" / "xla").is_dir()
    finally:
        for name, value in {**kept, "jax_compilation_cache_dir": folder}.items():
            jax.config.update(name, value)
