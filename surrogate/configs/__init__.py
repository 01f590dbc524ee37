"""The configurations that --config finds by name; a clone has them in configs/, beside the packages."""

import pathlib

_CLONE = pathlib.Path(__file__).parents[2]
if (_CLONE / "pyproject.toml").is_file():
    __path__.append(str(_CLONE / "configs"))


def files() -> dict[str, pathlib.Path]:
    """Name -> Python file of each configuration, in the order of the names."""
    found = {path.stem: path for folder in __path__ for path in pathlib.Path(folder).glob("*.py")}
    return {name: found[name] for name in sorted(found) if name != "__init__"}
