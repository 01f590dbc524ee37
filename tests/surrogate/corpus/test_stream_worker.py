"""Generators in a worker: what they yield, what their end costs, and that an archive's headers stay out of this one."""

import ctypes
import gzip
import io
import itertools
import os
import subprocess
import sys
import tarfile
import time

import pytest

from surrogate.corpus.stream_worker import StreamWorker

PAX_BYTES = 200 << 20


def numbers_until(last, ending):
    yield from range(last)
    if ending == "hang":
        time.sleep(1000)
    if ending == "crash":
        ctypes.string_at(0)
    if ending == "eat":
        yield len(bytearray(1 << 31))
    if ending == "raise":
        raise IndexError("confused")


def process_id():
    yield os.getpid()


def import_what_is_missing():
    raise ImportError("no such package")


def endless():
    return itertools.count()


def worker(seconds=1.0):
    return StreamWorker(seconds=seconds, megabytes=256)


@pytest.mark.parametrize(
    ("ending", "failure"),
    [
        ("", []),
        ("hang", ["too slow"]),
        ("crash", ["reader crashed"]),
        ("raise", ["reader crashed"]),
        pytest.param(
            "eat",
            ["too much memory"],
            marks=pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited on Linux"),
        ),
    ],
)
def test_what_goes_wrong_ends_its_own_generator_alone(ending, failure):
    with worker() as stream_worker:
        for _ in range(2):
            assert list(stream_worker.stream(numbers_until, 3, ending)) == [0, 1, 2, *failure]
        assert list(stream_worker.stream(numbers_until, 2, "")) == [0, 1]


def test_a_process_serves_as_long_as_it_can():
    with worker() as stream_worker:
        first, second = (next(stream_worker.stream(process_id)) for _ in range(2))
        assert list(stream_worker.stream(import_what_is_missing)) == ["reader crashed"]
    assert os.getpid() not in (first, second)


def test_a_generator_that_is_not_wanted_any_more_is_ended():
    with worker() as stream_worker:
        stream = stream_worker.stream(endless)
        assert [next(stream) for _ in range(3)] == [0, 1, 2]
        stream.close()
        assert list(stream_worker.stream(numbers_until, 2, "")) == [0, 1]


def test_time_in_which_nothing_is_asked_for_does_not_count():
    with worker(seconds=0.5) as stream_worker:
        stream = stream_worker.stream(numbers_until, 3, "")
        assert next(stream) == 0
        time.sleep(0.8)
        assert list(stream) == [1, 2]


def write_giant_header(path):
    """A small tar.gz: a song, then a pax header of PAX_BYTES, then another song."""
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, PAX_BYTES
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for name in ("a.mid", "b.mid"):
            song = tarfile.TarInfo(name)
            song.size = 512
            if name == "b.mid":
                stream.write(header.tobuf(tarfile.USTAR_FORMAT))
                for _ in range(PAX_BYTES >> 20):
                    stream.write(bytes(1 << 20))
            stream.write(song.tobuf(tarfile.USTAR_FORMAT) + name.encode().ljust(512))
        stream.write(bytes(1024))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited on Linux")
def test_a_giant_header_takes_no_memory_here_and_is_accounted_for(tmp_path):
    write_giant_header(tmp_path / "x.tar.gz")
    with tarfile.open(tmp_path / "y.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("c.mid"), io.BytesIO())
    assert (tmp_path / "x.tar.gz").stat().st_size < 2 << 20
    code = f"""
import resource
from surrogate.corpus import collection
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
if __name__ == "__main__":
    collection.ARCHIVE_MEGABYTES = 100
    before = peak()
    for content in collection.contents(collection.songs({str(tmp_path)!r})):
        print(content.song.name, content.data is not None, content.reason)
    print(peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    *lines, megabytes = done.stdout.splitlines()
    assert lines == ["x.tar.gz/a.mid True None", "x.tar.gz False too much memory", "y.tar/c.mid True None"]
    assert int(megabytes) < 20
