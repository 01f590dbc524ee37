"""Files of written scores: MusicXML, compressed or not, and ABC, opened with care, as anyone may have made them."""

import contextlib
import importlib.util
import io
import os
import re
import stat
import warnings
import zipfile
from xml.etree import ElementTree

from musicvae_jax.files import FileError, FilePath
from musicvae_jax.midi_chunks import MidiChunks
from surrogate.reading import musicxml_numbers, written_music
from surrogate.reading.written_music import Notation

ABC, COMPRESSED = ".abc", ".mxl"
SUFFIXES = (".musicxml", ".xml", COMPRESSED, ABC)
MOST_BYTES = 16 << 20
"""Of a score, uncompressed."""
_MOST_ELEMENTS, _MOST_OF_MEASURE, _DEEPEST = 300_000, 10_000, 64
"""Of MusicXML: what is read in two minutes."""
_HEAD = 4096
"""Bytes in which MusicXML says what it is."""
_LOOKS = {
    "accidental",
    "appearance",
    "beam",
    "credit",
    "defaults",
    "identification",
    "notations",
    "notehead",
    "print",
    "stem",
}
"""Elements that tell how a score looks, not how it sounds."""
_ENTITY = re.compile(rb"<\0?!\0?E\0?N\0?T\0?I\0?T\0?Y")
"""In any encoding that XML may be in."""
_WITH_NOUGHT = re.compile(r"(?m)^[LMQ]:.*\b0+\b.*\n|\[[LMQ]:[^]\n]*\b0+\b[^]\n]*\]")
"""Of ABC: a unit, a meter or a tempo that is none, as M:0/4."""
_NEEDS = "needs music21; pip install '.[scores]'"


def is_one(path: FilePath) -> bool:
    """Whether a file's name says that it is a written score."""
    return os.path.splitext(os.fspath(path))[1].lower() in SUFFIXES


def may_be_song(path: FilePath) -> bool:
    """Whether a file may be accompanied: folders hold XML of other kinds than scores."""
    if os.path.splitext(os.fspath(path))[1].lower() != ".xml":
        return True
    try:
        with open(path, "rb") as file:
            return b"score-" in file.read(_HEAD).replace(b"\0", b"")
    except OSError:
        return True


def read(path: FilePath) -> tuple[MidiChunks, Notation]:
    """Reads a score, and plays out its repeats; of ABC the first tune that has notes.

    Raises:
        FileError: it cannot be read, or music21 is missing.
    """
    if importlib.util.find_spec("music21") is None:
        raise FileError(path, _NEEDS)
    from surrogate.reading import abc_score, notation

    suffix = os.path.splitext(os.fspath(path))[1].lower()
    content = _content(path)
    is_abc = suffix == ABC
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            if is_abc:
                tune, title, which = _first_tune(path, content, abc_score.MOST_CHARACTERS)
                music = notation.of_abc(tune)._replace(title=title, which=which)
            else:
                root = _tree(path, _unpacked(path, content))
                musicxml_numbers.check(root)
                music = notation.of_musicxml(root)._replace(title=_title(root))
        return written_music.play_out(music)
    except FileError:
        raise
    except Exception as error:  # music21 has no common base for what it raises on broken scores
        reason = f"cannot be read as {'ABC' if is_abc else 'MusicXML'}: {error or type(error).__name__}"
        raise FileError(path, reason) from None


def _content(path) -> bytes:
    try:
        status = os.stat(path)  # before it is opened, which of a pipe may take for ever
        if not stat.S_ISREG(status.st_mode):
            raise FileError(path, "is no regular file; save the score in one")
        if status.st_size > MOST_BYTES:
            raise _too_large(path)
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise FileError(path, "there is no such file") from None
    except OSError as error:
        raise FileError(path, f"cannot be opened: {error.strerror}") from None
    if not content:
        raise FileError(path, "is empty")
    return content


def _too_large(path):
    return FileError(path, f"is too large for a song: more than {MOST_BYTES >> 20} MiB")


def _unpacked(path, content) -> bytes:
    """The score of a compressed file; others are as they are."""
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.infolist():
                if entry.filename.lower().endswith((".xml", ".musicxml")) and not entry.filename.startswith("META-INF"):
                    with archive.open(entry) as file:
                        score = file.read(MOST_BYTES + 1)
                    if len(score) > MOST_BYTES:
                        raise _too_large(path)
                    return score
    except FileError:
        raise
    except Exception as error:  # of a broken archive: BadZipFile, zlib.error, EOFError, RuntimeError and others
        raise FileError(path, f"is a broken archive: {error}") from None
    raise FileError(path, "holds no MusicXML")


class _BoundedTree(ElementTree.TreeBuilder):
    """Builds a tree of so many elements at most."""

    count = depth = before_measure = 0

    def start(self, tag, attrs):
        self.count, self.depth = self.count + 1, self.depth + 1
        if tag == "measure":
            self.before_measure = self.count
        if self.count > _MOST_ELEMENTS or self.count - self.before_measure > _MOST_OF_MEASURE:
            raise ValueError(f"more than {_MOST_ELEMENTS} elements, or {_MOST_OF_MEASURE} in a measure, are too many")
        if self.depth > _DEEPEST:
            raise ValueError(f"more than {_DEEPEST} elements in each other are too many")
        return super().start(tag, attrs)

    def end(self, tag):
        self.depth -= 1
        return super().end(tag)


def _tree(path, content) -> ElementTree.Element:
    """The elements of MusicXML that tell how it sounds."""
    if _ENTITY.search(content):
        raise FileError(path, "declares entities of its own, which may grow without bounds; save it without")
    root = ElementTree.XML(content, ElementTree.XMLParser(target=_BoundedTree()))
    if root.tag == "score-timewise":
        raise FileError(path, "is ordered by time; save it by parts, as score-partwise")
    if root.tag != "score-partwise":
        raise FileError(path, "is no MusicXML score")
    for parent in list(root.iter()):
        for child in [child for child in parent if child.tag in _LOOKS]:
            parent.remove(child)
    return root


def _title(root) -> str:
    """The title of a MusicXML score, of its movement if it has one."""
    titles = (" ".join(root.findtext(path, "").split()) for path in ("movement-title", "work/work-title"))
    return next(filter(None, titles), "")


def _first_tune(path, content, most) -> tuple[str, str, str]:
    """The first tune of a file in ABC with what its header tells of all, its title, and which it is of several."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    text = _WITH_NOUGHT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    header, *tunes = re.split(r"(?m)^(?=X:)", text)
    header, tunes = (header, tunes) if tunes else ("", [f"X:1\n{header}"])
    tune = tunes[0]
    if not re.search(r"(?m)^K:", tune):
        raise FileError(path, "is no ABC: no line begins with K:, the key")
    if len(tune) > most:
        raise FileError(path, f"has a tune of more than {most} characters; write a shorter one")
    fields = "".join(re.findall(r"(?m)^[LMQ]:.*\n", header))
    if not re.search(r"(?m)^[LM]:", fields + tune):
        fields += "L:1/8\n"
    number, _, rest = tune.partition("\n")
    found = re.search(r"(?m)^T:[ \t]*(\S.*?)\s*$", tune)
    title = found[1] if found else ""
    which = f"tune 1 of {len(tunes)}" + f', "{title}"' * bool(title) if len(tunes) > 1 else ""
    return f"{number}\n{fields}{rest}", title, which
