"""How commands tell of a mistake: one line on stderr, exit code 2."""

import sys


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
