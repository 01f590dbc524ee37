"""How command lines are read, and how mistakes end: in one line on stderr, exit code 2."""

import argparse
import pathlib
import sys
from collections.abc import Callable
from typing import NoReturn


class UsageError(Exception):
    """Flags, or variables that stand for them, that a command cannot work with; the message says what to give."""


def refuse(command: str, mistake: object) -> int:
    """Print what is wrong on stderr, in one line after the command's name.

    Args:
        command: the name as it was called, a Parser's prog.
        mistake: an exception or a text; line breaks in it become spaces.

    Returns: the exit code, 2.
    """
    print(f"{command}: {' '.join(str(mistake).split())}", file=sys.stderr)
    return 2


def _called(name: str) -> str:
    """The name under which a command was called: musicvae-NAME where it is installed, NAME in a clone's scripts/."""
    installed = f"musicvae-{name.replace('_', '-')}"
    return installed if pathlib.Path(sys.argv[0]).stem == installed else name


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, without the usage, and exit code 2.

    Args:
        prog: the command's name in scripts/.
        description: what --help says above the flags, as it is written.
        allow_abbrev: whether the beginning of a flag stands for the flag.
    """

    def __init__(self, *, prog: str, description: str | None, allow_abbrev: bool = False):
        super().__init__(
            prog=_called(prog),
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=allow_abbrev,
        )

    def error(self, message: str) -> NoReturn:
        """Print the message in one line that points to --help, and exit with code 2."""
        sys.exit(refuse(self.prog, f"{message}; see --help"))


def whole_number(least: int) -> Callable[[str], int]:
    """The type of a flag that is a whole number from least on."""

    def number(text):
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"must be {least} or more, not {text}")
        return int(text)

    return number
