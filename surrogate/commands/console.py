"""What commands say and how they end: results on stdout, mistakes in one line on stderr, quietly when interrupted."""

import _thread
import contextlib
import functools
import gc
import os
import pathlib
import re
import sys
import threading
from collections.abc import Callable, Iterator

from musicvae_jax.files import escape_controls

INTERRUPTED, STOPPED = 130, 143  # as shells number them


def called(name: str) -> str:
    """The name under which a command was called: musicvae-NAME where it is installed, NAME in a clone's scripts/."""
    installed = f"musicvae-{name.replace('_', '-')}"
    return installed if pathlib.Path(sys.argv[0]).stem == installed else name


def refuse(command: str, mistake: object) -> int:
    """Print what is wrong on stderr, in one line after the command's name.

    Args:
        command: the name as it was called, a Parser's prog.
        mistake: an exception or a text; line breaks in it become spaces, and of an OSError file and reason are told.

    Returns: the exit code, 2.

    Raises: KeyboardInterrupt where the mistake came of one, which JAX may turn into another error.
    """
    cause = mistake if isinstance(mistake, BaseException) else None
    while cause is not None:
        if isinstance(cause, KeyboardInterrupt):
            raise cause
        cause = cause.__context__
    if isinstance(mistake, OSError) and mistake.filename is not None:
        mistake = f"{mistake.filename}: {mistake.strerror}"
    line = re.sub(r"\s*\n\s*", " ", str(mistake).strip())
    print(f"{command}: {escape_controls(line)}", file=sys.stderr)
    return 2


def tell(command: str, text: str) -> int:
    """Print a result on stdout; what its encoding lacks becomes escapes.

    A reader who has gone needs no more: nothing is said to it then. Where stdout cannot be written for another reason,
    as on a full disk, a line on stderr says so, and nothing more is printed.

    Args:
        command: the name as it was called, a Parser's prog.
        text: one or more lines.

    Returns: the exit code, 0 or 2.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:
        _silence_stdout()
    except OSError as error:
        _silence_stdout()
        return refuse(command, f"stdout cannot be written: {error.strerror}")
    return 0


def _silence_stdout():
    """What is still in its buffer would be an error again when Python ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Import without looking for garbage: modules stay, and looking through them is a seventh of a command's start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def interruptible(name: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Decorate a command's main() so that Ctrl-C ends it with one quiet line and exit code 130.

    Args:
        name: the command's name in scripts/.
    """

    def decorate(main):
        @functools.wraps(main)
        def run(argv=None) -> int:
            hook = sys.unraisablehook
            sys.unraisablehook = functools.partial(_interrupt_again, hook)
            try:
                return main(argv)
            except KeyboardInterrupt:
                refuse(called(name), "interrupted")
                return INTERRUPTED
            finally:
                sys.unraisablehook = hook

        return run

    return decorate


def _interrupt_again(hook, lost):
    """An interrupt that falls into a callback of the garbage collector, as JAX has one, would be lost."""
    if lost.exc_type is KeyboardInterrupt:
        threading.Timer(0.01, _thread.interrupt_main).start()
    else:
        hook(lost)
