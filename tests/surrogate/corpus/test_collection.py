"""What counts as a song, whatever it is wrapped in."""

import io
import tarfile
import zipfile

import pytest

from surrogate.corpus import archives, collection
from surrogate.corpus.errors import DatasetError

FILES = {"b.mid": b"song b", "deep/er/a.MIDI": b"song a", "c.kar": b"song c"}


def write_zip(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("read.me", "not music")
        for name, content in FILES.items():
            archive.writestr(name, content)


def write_tar(path, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content in {"read.me": b"not music", **FILES}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


ARCHIVES = {
    "x.zip": write_zip,
    "x.tar": write_tar,
    "x.tar.gz": lambda path: write_tar(path, "w:gz"),
    "x.tgz": lambda path: write_tar(path, "w:gz"),
    "x.tar.xz": lambda path: write_tar(path, "w:xz"),
}


@pytest.fixture
def folder(tmp_path):
    for name, content in {**FILES, "deep/read.me": b"not music"}.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    return tmp_path / "folder"


def read(source):
    """Name -> bytes, or the reason why there are none."""
    found = {}
    for content in collection.contents(collection.songs(str(source))):
        data = content.data
        if isinstance(data, str):
            with open(data, "rb") as stream:
                data = stream.read()
        found[content.song.name] = content.reason or data
    return found


def test_folders_are_searched_to_the_bottom_in_order_of_names(folder):
    assert read(folder) == FILES
    assert list(read(folder)) == sorted(FILES)


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_read_without_unpacking(tmp_path, name):
    ARCHIVES[name](tmp_path / name)
    assert read(tmp_path / name) == FILES
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_archives_and_files_may_be_mixed(folder):
    for name, write in ARCHIVES.items():
        write(folder / "deep" / name)
    inside = {f"deep/{name}/{song}": content for name in ARCHIVES for song, content in FILES.items()}
    assert read(folder) == FILES | inside
    half = collection.songs(str(folder))[::2]
    assert [content.song for content in collection.contents(half)] == half


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("folder/*.mid", ["b.mid"]),
        ("folder/**/*.[mM]*", ["b.mid", "deep/er/a.MIDI"]),
        ("fold*", [f"folder/{n}" for n in FILES]),
    ],
)
def test_globs_name_files_from_their_first_wildcard_on(folder, pattern, names):
    assert sorted(read(folder.parent / pattern)) == sorted(names)


def test_a_file_alone_is_a_collection(folder):
    assert read(folder / "b.mid") == {"b.mid": b"song b"}


@pytest.mark.parametrize("name", ARCHIVES)
def test_what_comes_before_the_break_of_an_archive_is_kept(tmp_path, name):
    ARCHIVES[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    folder = tmp_path / "cut"
    folder.mkdir()
    cuts = range(1, len(whole), 1 + len(whole) // 150)
    for cut in cuts:
        (folder / f"{cut:06d}{name[1:]}").write_bytes(whole[:cut])
    found = read(folder)
    assert {song.split("/")[0] for song in found} == {f"{cut:06d}{name[1:]}" for cut in cuts}
    for song, content in found.items():
        assert content in (FILES.get(song.partition("/")[2]), "broken archive")
    assert len({song for song, content in found.items() if content == "broken archive"}) > len(cuts) / 4


def test_a_damaged_or_huge_member_costs_only_itself(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.mid", "a song that will be damaged")
        archive.writestr("b.mid", bytes(archives.MOST_BYTES + 1), zipfile.ZIP_DEFLATED)
        archive.writestr("c.mid", "song c")
    raw = (tmp_path / "x.zip").read_bytes()
    (tmp_path / "x.zip").write_bytes(raw.replace(b"will be", b"has been"[:7]))
    assert read(tmp_path / "x.zip") == {"a.mid": "unreadable", "b.mid": "too large", "c.mid": b"song c"}


def test_what_holds_no_song_is_refused(tmp_path):
    (tmp_path / "read.me").write_text("not music")
    for source, why in (
        ("nowhere", "no such file or folder"),
        ("", "no MIDI file"),
        ("*.mid", "no MIDI file"),
        ("read.me", "no MIDI"),
    ):
        with pytest.raises(DatasetError, match=why):
            collection.songs(str(tmp_path / source))
