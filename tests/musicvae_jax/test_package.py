"""What `import musicvae_jax` gives, and what it leaves for later."""

import ast
import inspect
import pathlib
import re
import subprocess
import sys
from importlib import metadata

import pytest

import musicvae_jax

FOLDER = pathlib.Path(musicvae_jax.__file__).parent


def test_every_public_name_is_there_for_readers_of_code_and_at_run_time():
    block = next(node for node in ast.parse((FOLDER / "__init__.py").read_text()).body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen | {"__version__"} == set(musicvae_jax.__all__) <= set(dir(musicvae_jax))
    for name in musicvae_jax.__all__:
        assert getattr(musicvae_jax, name)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = musicvae_jax.lode


def test_importing_it_and_reading_midi_brings_no_jax():
    code = "import sys, musicvae_jax as m; m.trio_windows; print(sys.modules.keys() & {'jax', 'flax'})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_version_is_the_installed_ones_or_says_that_none_is(monkeypatch):
    def missing(_):
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "version", lambda name: {"musicvae-jax": "1.2.3"}[name])
    assert musicvae_jax.__version__ == "1.2.3"
    monkeypatch.setattr(metadata, "version", missing)
    assert musicvae_jax.__version__ == "0+unknown"


PUBLIC = (
    *(getattr(musicvae_jax, name) for name in ("load", "push", "save", "tokens_to_midi", "trio_windows")),
    *(getattr(musicvae_jax.MusicVAE, name) for name in ("encode", "decode", "log_prob")),
    *(getattr(musicvae_jax.BarMusicVAE, f"{name}{bars}") for name in ("encode", "decode") for bars in ("", "_bars")),
)


@pytest.mark.parametrize("function", PUBLIC)
def test_what_users_call_is_annotated_and_explains_its_arguments(function):
    signature = inspect.signature(function)
    assert signature.return_annotation is not signature.empty
    described = re.split(r"\n\nArgs:\n", inspect.getdoc(function))[1]
    for name, parameter in signature.parameters.items():
        if name != "self":
            assert parameter.annotation is not signature.empty, name
            assert re.search(rf"^ *{name}: ", described, re.M), name


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_files_are_short_and_public_functions_have_docstrings(path):
    text = path.read_text()
    assert text.count("\n") <= 300
    tree = ast.parse(text)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for node in (node for owner in (tree, *classes) for node in owner.body):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name
