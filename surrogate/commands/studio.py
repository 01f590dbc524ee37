"""Open the studio: a page on this machine where a melody gets bass and drums, and one thing at a time is changed."""

import contextlib
import importlib.util
import os
import pathlib
import secrets
import socket
import sys
import threading
import webbrowser

from surrogate.commands.console import interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError

PORT = 8377
"""Where the page is unless another program is there: browsers keep works by address."""
_NEEDED = "starlette", "uvicorn"
_GET_EXTRA = "needs the extra studio: pip install '.[studio]'"
_HOST = "127.0.0.1"


def parser() -> Parser:
    """Builds the command line."""
    parser = Parser(prog="studio", description=__doc__)
    add = parser.add_argument
    add("melody", nargs="?", type=pathlib.Path, metavar="melody.mid", help="a melody to begin with")
    add("--checkpoint", help="a pretrained model's name or a model folder (default: the built-in one)")
    add("--port", type=int, help=f"of the address (default: {PORT}, or a free one)")
    add("--no-browser", dest="browser", action="store_false", help="print the address, open no browser")
    add("--soundfont", metavar="FILE.sf2", help="to listen with (default: looked for in the usual places)")
    return parser


@interruptible("studio")
def main(argv=None) -> int:
    """Runs the command line; returns the exit code: 0 after Ctrl-C, 2 after one line on stderr for a mistake."""
    reader = parser()
    flags = reader.parse_args(argv)
    if not all(map(importlib.util.find_spec, _NEEDED)):
        return refuse(reader.prog, _GET_EXTRA)
    from musicvae_jax.files import FileError

    try:
        listener = _listener(flags.port)
        with listener:
            return _serve(reader.prog, flags, listener)
    except (UsageError, FileError) as mistake:
        return refuse(reader.prog, mistake)


def _listener(port) -> socket.socket:
    """A socket at a port of this machine: the one asked for, or PORT, or a free one."""
    listener = socket.socket()
    if os.name == "posix":  # elsewhere it would let two programs have one port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for place in (PORT, 0) if port is None else (port,):
        try:
            listener.bind((_HOST, place))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "there is no such port"
        else:
            listener.listen()  # so that a page that comes early waits
            return listener
    listener.close()
    raise UsageError(f"argument --port: {port} cannot be used ({reason}); give another one")


def _serve(prog, flags, listener) -> int:
    import uvicorn

    from musicvae_jax import cache
    from surrogate.rendering import sound
    from surrogate.studio import examples, guard, server
    from surrogate.studio.bandleader import LENGTHS, Bandleader
    from surrogate.studio.melody_reader import MelodyFile, MelodyReader

    begin_with = None if flags.melody is None else MelodyFile(flags.melody.name, _bytes(flags.melody))
    soundfont = sound.find_soundfont("the sound", flags.soundfont) if flags.soundfont else _found_soundfont(sound)
    if flags.checkpoint is not None:
        _check_model(flags.checkpoint)
    cache.keep_compiled_programs()
    token, port = secrets.token_urlsafe(24), listener.getsockname()[1]
    with MelodyReader() as reader:

        def load():
            from surrogate.accompaniment.models import kept_band

            threading.Thread(target=reader.start, daemon=True).start()
            leader = Bandleader(kept_band(flags.checkpoint), reader)
            leader.warm_up()
            return leader

        studio = server.Studio(load, examples.found(), soundfont, begin_with, warm_up=LENGTHS)
        app = guard.Guard(studio.app(), port=port, token=token)
        config = uvicorn.Config(app, log_level="critical", log_config=None, timeout_graceful_shutdown=1, lifespan="on")
        address = f"http://{_HOST}:{port}/{token}/" + ("" if begin_with is None else f"#{server.FIRST}")
        code = tell(prog, f"the studio is at {address} until Ctrl-C")
        if flags.browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it
            uvicorn.Server(config).run([listener])
    sys.stdout.flush()
    os._exit(code)  # a thread that compiles cannot be stopped otherwise


def _check_model(checkpoint):
    """Raises UsageError where there is no such model; whether it can be loaded is told by the page."""
    from musicvae_jax.checkpoint import CheckpointError, resolve  # late: brings JAX, a second of import

    try:
        resolve(checkpoint)
    except CheckpointError as mistake:
        raise UsageError(str(mistake)) from None


def _bytes(path):
    from musicvae_jax.files import FileError

    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from None


def _found_soundfont(sound):
    from musicvae_jax.files import FileError

    try:
        return sound.find_soundfont("the sound")
    except FileError:  # the page has a synthesiser of its own
        return None
