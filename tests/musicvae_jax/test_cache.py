"""The user's cache folder."""

from musicvae_jax import cache


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
