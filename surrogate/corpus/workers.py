"""A function over many items in worker processes, where one that hangs, crashes or eats memory costs only itself."""

import collections
import concurrent.futures
import ctypes
import itertools
import multiprocessing
import os
import sys
import threading
import time

import pebble

TOO_SLOW, TOO_MUCH_MEMORY, CRASHED = "too slow", "too much memory", "reader crashed"
FAILURES = (TOO_SLOW, TOO_MUCH_MEMORY, CRASHED)

_CHUNK = 16  # items a task: fewer costs time, more delays the first results
_AHEAD = 4  # tasks a worker that are under way or done and not yet asked for


class Failure(str):
    """Why an item has no result: one of FAILURES."""


def guarded_map(function, items, *, workers: int, seconds: float, megabytes: int):
    """Applies a function to items in worker processes.

    Args:
        function: can be pickled, as can the items and results.
        items: iterable; taken a little ahead of the results.
        workers: processes.
        seconds: an item that takes longer is given up.
        megabytes: the memory that an item can use on top of what a worker holds anyway (not limited on macOS, Windows).

    Yields:
        function(item) of every item, in order, or a Failure.
    """
    context = multiprocessing.get_context("spawn")  # a fork of a process that runs JAX's threads can hang
    items = iter(items)
    pool = pebble.ProcessPool(workers, initializer=_start, initargs=(megabytes, os.getpid()), context=context)

    def submit(chunk):
        return chunk, pool.schedule(_apply, (function, chunk), timeout=seconds)

    def collect(chunk, future):
        try:
            return future.result()
        except concurrent.futures.TimeoutError:
            failure = Failure(TOO_SLOW)
        except pebble.ProcessExpired:
            failure = Failure(CRASHED)
        if len(chunk) == 1:
            return [failure]
        # One of them: each for itself, then, with the whole time.
        return [result for alone in [submit([item]) for item in chunk] for result in collect(*alone)]

    tasks = collections.deque()
    try:
        while chunk := list(itertools.islice(items, _CHUNK)):
            tasks.append(submit(chunk))
            if len(tasks) >= _AHEAD * workers:
                yield from collect(*tasks.popleft())
        while tasks:
            yield from collect(*tasks.popleft())
    finally:
        pool.stop()
        pool.join()


def _apply(function, chunk):
    return [_one(function, item) for item in chunk]


def _one(function, item):
    try:
        return function(item)
    except MemoryError:
        return Failure(TOO_MUCH_MEMORY)
    except Exception:
        return Failure(CRASHED)


def _start(megabytes: int, parent: int) -> None:
    """Sets a worker's limits."""
    leave_with(parent)
    limit_memory(megabytes)
    keep_memory()


def limit_memory(megabytes: int) -> None:
    """Limits the memory that this process can take on top of what it holds (on Linux; does nothing elsewhere)."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    with open("/proc/self/statm") as stream:
        held = int(stream.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = held + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def keep_memory() -> None:
    """Tells glibc's malloc to keep what it was given: arrays of a song are so big that it gives their pages back."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        trim_threshold, mmap_threshold = -1, -3
        mallopt(trim_threshold, 1 << 28)
        mallopt(mmap_threshold, 1 << 25)


def leave_with(parent: int) -> None:
    """Ends this process soon after the parent, given by its id, was killed."""

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
