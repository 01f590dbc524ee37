"""Generators in a worker process, where one that hangs, crashes or eats memory costs only what it still had to give."""

import contextlib
import multiprocessing
import os
import signal

from surrogate.corpus import workers
from surrogate.corpus.workers import CRASHED, TOO_MUCH_MEMORY, TOO_SLOW, Failure

_BEGUN, _ITEM, _ENDED = "begun", "item", "ended"


class StreamWorker:
    """One worker process, started when it is needed and again after it had to be ended; use as a context."""

    def __init__(self, *, seconds: float, megabytes: int):
        """Sets the limits of what is streamed.

        Args:
            seconds: the longest time from one item to the next.
            megabytes: the memory that a generator can use on top of what the worker holds when it begins (not limited
                on macOS, Windows).
        """
        self._seconds, self._megabytes = seconds, megabytes
        self._process = self._connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    def stream(self, function, *arguments):
        """Yields what a generator yields in the worker.

        Args:
            function: returns the generator, at leisure and without a limit, so that it can import what that needs; can
                be pickled, as can the arguments and all items.

        Yields:
            The items; at last a workers.Failure where there should have been more.
        """
        if self._process is None:
            self._start()
        ended, seconds = False, None  # for what it imports it may take its time
        try:
            self._connection.send((function, arguments))
            while self._connection.poll(seconds):
                seconds = self._seconds
                what, item = self._connection.recv()
                if what == _ITEM:
                    yield item
                elif what == _ENDED:
                    ended = True
                    if item:
                        yield Failure(item)
                    return
            yield Failure(TOO_SLOW)
        except (EOFError, ConnectionError):
            yield Failure(CRASHED)
        finally:
            if not ended:
                self._end()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork of a process that runs JAX's threads can hang
        self._connection, far_end = context.Pipe()
        self._process = context.Process(target=_serve, args=(far_end, self._megabytes, os.getpid()), daemon=True)
        self._process.start()
        far_end.close()

    def _end(self) -> None:
        if self._process is not None:
            self._connection.close()
            self._process.kill()
            self._process.join()
            self._process = None


def _serve(connection, megabytes: int, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    workers.leave_with(parent)
    with contextlib.suppress(EOFError, ConnectionError):  # the parent has enough
        while True:
            function, arguments = connection.recv()
            connection.send((_ENDED, _send_items(connection, function, arguments, megabytes)))


def _send_items(connection, function, arguments, megabytes) -> str | None:
    """Sends what the generator yields; returns why it broke off."""
    try:
        items = function(*arguments)
        workers.limit_memory(megabytes)
        connection.send((_BEGUN, None))
        for item in items:
            connection.send((_ITEM, item))
    except MemoryError:
        return TOO_MUCH_MEMORY
    except ConnectionError:
        raise
    except Exception:
        return CRASHED
    return None
