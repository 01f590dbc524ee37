"""Worker processes survive whatever an item does."""

import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from surrogate.corpus import workers


def act(item):
    if item == "hang":
        time.sleep(1000)
    if item == "spin":
        while True:
            pass
    if item == "crash":
        ctypes.string_at(0)
    if item == "leave":
        os._exit(3)
    if item == "eat":
        return len(bytearray(1 << 31))
    if item == "raise":
        raise IndexError("confused")
    return item * 2


def test_an_item_that_goes_wrong_costs_only_itself():
    bad = {
        "hang": "too slow",
        "spin": "too slow",
        "crash": "reader crashed",
        "leave": "reader crashed",
        "raise": "reader crashed",
    }
    if sys.platform.startswith("linux"):
        bad["eat"] = "too much memory"
    items = [item for number, name in enumerate(bad) for item in (number, name)] + list(range(40))
    results = list(workers.guarded_map(act, items, workers=2, seconds=2, megabytes=512))
    assert results == [bad.get(item, item) if isinstance(item, str) else item * 2 for item in items]
    assert all(
        isinstance(result, workers.Failure) == isinstance(item, str)
        for item, result in zip(items, results, strict=True)
    )


def test_results_come_before_all_items_are_taken():
    taken = []

    def items():
        for number in range(10_000):
            taken.append(number)
            yield number

    results = workers.guarded_map(act, items(), workers=1, seconds=10, megabytes=512)
    assert [next(results), next(results)] == [0, 2]
    assert len(taken) < 1000
    results.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_workers_go_when_their_parent_is_killed():
    code = """
import time
from surrogate.corpus import workers
from tests.surrogate.corpus import test_workers
for _ in workers.guarded_map(test_workers.act, [1] * 16 + ["hang"], workers=2, seconds=100, megabytes=512):
    print("begun", flush=True)
"""
    command = [sys.executable, "-c", code]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(signal.SIGKILL)
    process.wait()

    def left():
        """Whether a process of its session still lives."""
        sessions = set()
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                sessions.add(int(stat.read_text().rpartition(")")[2].split()[3]))
        return process.pid in sessions

    until = time.monotonic() + 30
    while left() and time.monotonic() < until:
        time.sleep(0.2)
    assert not left()
