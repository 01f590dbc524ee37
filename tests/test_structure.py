"""The shape of the repository: packages, rooms and modules import one way; files are short; a name means one thing."""

import ast
import graphlib
import subprocess

import pytest

import musicvae_jax
import surrogate
from tests.paths import ROOT

MOST_LINES = 300
PACKAGES = ("musicvae_jax", "surrogate")
ROOMS = {  # of surrogate, and which others each may import
    "reading": set(),
    "model": {"reading"},
    "rendering": {"reading"},
    "corpus": {"reading", "model"},
    "accompaniment": {"reading", "model", "rendering"},
    "studio": {"reading", "model", "rendering", "corpus", "accompaniment"},
    "exploration": {"reading", "model", "rendering", "corpus"},
    "evaluation": {"reading", "model", "rendering", "corpus"},
    "configs": set(),
    "commands": {
        *("reading", "model", "rendering", "corpus", "accompaniment", "studio", "exploration", "evaluation"),
        "configs",
    },
}


def module_files():
    """Name -> file of each module of the packages."""
    files = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    dotted = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in files}
    return {name.removesuffix(".__init__"): file for name, file in dotted.items()}


def imports():
    """Name -> names of the modules that each module of the packages imports from them, wherever in the file."""
    files = module_files()
    found = {name: set() for name in files}
    for name, file in files.items():
        for node in ast.walk(ast.parse(file.read_text())):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name}: a relative import"
                imported = [f"{node.module}.{each}" for each in imported]
            for each in imported:
                module = each if each in files else each.rpartition(".")[0]
                found[name] |= {module} & (files.keys() - {name})
    return found


IMPORTS = imports()


def room(module):
    """The room of surrogate that a module is in; "" for surrogate itself, None for another package."""
    package, *inside = module.split(".")
    return None if package != "surrogate" else inside[0] if inside else ""


def test_no_modules_import_each_other():
    graphlib.TopologicalSorter(IMPORTS).prepare()  # raises CycleError, which names them


def test_musicvae_jax_knows_nothing_of_surrogates():
    edges = [(name, each) for name in IMPORTS for each in IMPORTS[name]]
    assert not [(name, each) for name, each in edges if room(name) is None and room(each) is not None]


def test_every_room_is_in_the_table_and_says_what_it_is_for():
    files = module_files()
    assert {room(name) for name in IMPORTS} - {None, ""} == ROOMS.keys()
    for name in PACKAGES + tuple(f"surrogate.{each}" for each in ROOMS):
        assert ast.get_docstring(ast.parse(files[name].read_text())), name


@pytest.mark.parametrize("name", ROOMS)
def test_rooms_import_only_what_lies_below(name):
    wrong = {
        f"{module} -> {each}"
        for module in IMPORTS
        for each in IMPORTS[module]
        if room(module) == name and room(each) not in {None, name} | ROOMS[name]
    }
    assert not wrong


def test_the_table_of_rooms_has_no_circle():
    graphlib.TopologicalSorter(ROOMS).prepare()


def test_no_file_is_long():
    listed = subprocess.run(["git", "ls-files", "*.py", "*.js"], cwd=ROOT, capture_output=True, text=True, check=True)
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in listed.stdout.split()}
    assert len(lengths) > 100
    assert not {name: lines for name, lines in lengths.items() if lines > MOST_LINES}


@pytest.mark.parametrize("package", [musicvae_jax, surrogate])
def test_no_public_name_is_a_module_too(package):
    modules = {name.removeprefix(f"{package.__name__}.") for name in IMPORTS}
    assert not modules & set(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__doc__, name
