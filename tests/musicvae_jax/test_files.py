"""Files appear whole or not at all, whoever else writes them."""

import os
import threading

import pytest

import musicvae_jax
from musicvae_jax import files


def test_two_threads_that_write_one_path_at_once_do_not_meet(tmp_path):
    path, both_write, failed = tmp_path / "song.mid", threading.Barrier(2, timeout=10), []

    def write(content):
        try:
            with files.whole_file(path) as file:
                file.write(content[:1000])
                both_write.wait()  # now both have a draft open
                file.write(content[1000:])
        except Exception as error:
            failed.append(error)

    contents = [letter * 100_000 for letter in (b"a", b"b")]
    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert path.read_bytes() in contents
    assert os.listdir(tmp_path) == ["song.mid"]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), files.whole_file(path) as file:
        file.write(b"half of the ")
        raise ZeroDivisionError
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["song.mid"]


def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path):
    path = tmp_path / ("é" * 125 + ".mid")
    files.write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_place_that_cannot_be_written_is_one_line(tmp_path):
    for path, reason in ((tmp_path / "no" / "a.mid", "there is no folder"), (tmp_path, "cannot be written: is a")):
        with pytest.raises(musicvae_jax.FileError, match=f"^[^\n]*{reason}[^\n]*$"):
            files.write_whole(path, "text")
    assert not os.listdir(tmp_path)


def test_text_keeps_the_bytes_of_file_names_that_are_none(tmp_path):
    files.write_whole(tmp_path / "list.csv", os.fsdecode(b"caf\xe9.mid\n") + "é")
    assert (tmp_path / "list.csv").read_bytes() == b"caf\xe9.mid\n" + "é".encode()


def test_a_file_is_known_whatever_its_path_says(tmp_path):
    (tmp_path / "\u00e9.mid").write_text("a song")
    (tmp_path / "other.mid").write_text("another")
    (tmp_path / "symbolic.mid").symlink_to("\u00e9.mid")
    (tmp_path / "hard.mid").hardlink_to(tmp_path / "\u00e9.mid")
    known = set(files.names(tmp_path / "\u00e9.mid"))
    for same in ("x/../e\u0301.MID", "symbolic.mid", "hard.mid"):
        assert known & set(files.names(tmp_path / same)), same
    for other in ("other.mid", "nowhere.mid"):
        assert not known & set(files.names(tmp_path / other)), other


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for place, reason in (("file", "file: is a file; give a folder"), ("file/x", "file/x: cannot be made: Not a dir")):
        with pytest.raises(musicvae_jax.FileError, match=f"^[^\n]*{reason}[^\n]*$"):
            files.make_folder(tmp_path / place)
    files.make_folder(tmp_path / "new" / "folder")
    files.make_folder(tmp_path / "new")
    assert (tmp_path / "new" / "folder").is_dir()
