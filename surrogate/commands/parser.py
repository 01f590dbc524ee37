"""How command lines are read; a mistake in one ends in one line on stderr, exit code 2."""

import argparse
import pathlib
import sys
from collections.abc import Callable
from typing import NoReturn

from surrogate.commands.console import called, refuse, tell


class UsageError(Exception):
    """Flags, or variables that stand for them, that a command cannot work with; the message says what to give."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, without the usage, and exit code 2; names and paths are not empty.

    Args:
        prog: the command's name in scripts/.
        description: what --help says above the flags, as it is written.
    """

    def __init__(self, *, prog: str, description: str | None):
        super().__init__(
            prog=called(prog),
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.register("type", None, _not_empty)
        self.register("type", pathlib.Path, lambda text: pathlib.Path(_not_empty(text)))

    def error(self, message: str) -> NoReturn:
        """Print the message in one line that points to --help, and exit with code 2."""
        sys.exit(refuse(self.prog, f"{message}; see --help"))

    def print_help(self, file=None) -> None:
        """Print all flags on stdout."""
        if code := tell(self.prog, self.format_help().rstrip()):
            self.exit(code)


def _not_empty(text):
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of a flag that is a whole number from least on, up to most where there is one."""
    allowed = f"{least} or more" if most is None else f"{least} to {most}"

    def number(text):
        if int(text) < least or (most is not None and int(text) > most):
            raise argparse.ArgumentTypeError(f"must be {allowed}, not {text}")
        return int(text)

    return number


def file_ending_in(suffix: str) -> Callable[[str], pathlib.Path]:
    """The type of a flag that is a file of one kind, which its name must tell."""

    def file(text):
        if pathlib.Path(text).suffix != suffix:
            raise argparse.ArgumentTypeError(f"must end in {suffix}, not {text}")
        return pathlib.Path(text)

    return file
