"""What installing brings: the commands, their names in messages, and help without a traceback."""

import ast
import importlib
import re
import sys
import tomllib

import pytest

from tests.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMMANDS = PROJECT["project"]["scripts"]
MODULES = sorted(path.stem for path in (ROOT / "scripts").glob("*.py"))


def module_of(command):
    return COMMANDS[command].removeprefix("surrogate.commands.").removesuffix(":main")


def main_of(module):
    return importlib.import_module(f"surrogate.commands.{module}").main


def test_only_the_two_packages_are_installed():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["musicvae_jax", "surrogate"] and wheel["force-include"] == {
        "configs": "surrogate/configs",
        "examples": "surrogate/studio/examples",
    }
    assert (ROOT / "musicvae_jax/py.typed").exists() and (ROOT / "surrogate/py.typed").exists()


def test_commands_in_a_clone_are_those_that_are_installed():
    assert set(map(module_of, COMMANDS)) == set(MODULES) - {
        "fit_beats",
        "fit_feel",
        "fit_keys",
    }  # which write the package's own tables again
    for module in MODULES:
        assert importlib.import_module(f"scripts.{module}").main is main_of(module)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_message_begins_with_the_name_that_was_called(command, monkeypatch, capsys):
    module = module_of(command)
    for called, name in ((f"/somewhere/bin/{command}", command), (str(ROOT / f"scripts/{module}.py"), module)):
        monkeypatch.setattr(sys, "argv", [called])
        with pytest.raises(SystemExit) as stop:
            sys.exit(main_of(module)(["--port=no"] if module == "studio" else None))
        out, err = capsys.readouterr()
        assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(f"{name}: ") and re.search("required|give --config|--port", err)


@pytest.mark.parametrize("module", MODULES)
def test_help_is_printed_and_names_the_flags(module, capsys):
    with pytest.raises(SystemExit) as stop:
        main_of(module)(["--help"])
    out, err = capsys.readouterr()
    assert (stop.value.code, err) == (0, "") and f"usage: {module} " in out and "--" in out


def test_what_the_packages_import_is_declared():
    files = [file for package in ("musicvae_jax", "surrogate", "configs") for file in (ROOT / package).rglob("*.py")]
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    imported = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names
    extras = PROJECT["project"]["optional-dependencies"]
    lines = [*PROJECT["project"]["dependencies"], *(line for name in extras if name != "dev" for line in extras[name])]
    declared = {re.match(r"[\w-]+", line).group().lower().replace("-", "_") for line in lines}
    declared_as = {
        "absl": "absl_py",
        "orbax": "orbax_checkpoint",
        "google": "tensorflow",
        "sklearn": "scikit_learn",
    }  # which brings protobuf
    used = {declared_as.get(name, name).lower() for name in imported - {"musicvae_jax", "surrogate"}}
    assert used <= declared and declared - used <= {"tinysoundfont"}
