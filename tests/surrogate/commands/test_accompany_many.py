"""The command accompany with several files: each gets its own, and a bad one does not stop the rest."""

import os
import shutil
from xml.etree import ElementTree

import pytest

import musicvae_jax
import surrogate
from musicvae_jax import midi
from surrogate.rendering import sound
from tests.commands import accompany
from tests.melodies import quarters, write_midi
from tests.notation_files import LEAD_SHEET, TWO_TUNES, compress, musicxml
from tests.paths import ROOT
from tests.soundfont import soundfont


def test_many_files_of_which_a_bad_one_does_not_stop_the_rest(capsys, accompanist, tmp_path):
    songs, out = tmp_path / "songs", tmp_path / "out"
    (songs / "b").mkdir(parents=True)
    for name, bars in (("one", 3), ("b/two", 20), ("b/three", 17)):
        write_midi(songs / f"{name}.mid", quarters(bars))
    (songs / "bad.mid").write_bytes(b"no MIDI")
    (songs / "notes.txt").write_text("not music")
    code, told, err = accompany(
        capsys, songs, f"--output={out}", f"--checkpoint={accompanist}", f"--html={tmp_path / 'pages'}"
    )
    assert code == 2 and err.count("\n") == 1 and "bad.mid" in err
    assert told.count("wrote") == told.count("\n") == 3
    written = sorted(str(file.relative_to(out)) for file in out.rglob("*.mid"))
    assert written == ["b/three_accompanied.mid", "b/two_accompanied.mid", "one_accompanied.mid"]
    assert len(list((tmp_path / "pages").rglob("*.html"))) == 3
    alone = surrogate.accompany(songs / "b/two.mid", checkpoint=accompanist)
    assert (out / "b/two_accompanied.mid").read_bytes() == alone.takes[0].content


def test_scores_in_a_folder_and_a_score_of_each(capsys, accompanist, tmp_path):
    songs, out = tmp_path / "songs", tmp_path / "out"
    songs.mkdir()
    (songs / "tunes.abc").write_text(TWO_TUNES)
    compress(songs / "sheet.mxl", musicxml(LEAD_SHEET))
    write_midi(songs / "one.mid", quarters(3))
    (songs / "page.xml").write_text("<html/>")
    (songs / "cut.musicxml").write_text(musicxml(LEAD_SHEET)[:900])
    code, told, err = accompany(capsys, songs, f"--output={out}", f"--score={out}", f"--checkpoint={accompanist}")
    assert code == 2 and err.count("\n") == 1 and "cut.musicxml: cannot be read as MusicXML" in err
    written = sorted(str(file.relative_to(out)) for file in out.rglob("*"))
    names = ("one", "sheet", "tunes")
    assert written == [f"{name}_accompanied.{suffix}" for name in names for suffix in ("mid", "musicxml")]
    assert 'melody: tune 1 of 2, "The Lark"; track 1' in told and "pickup: 1 beat;" in told
    sung = [lyric.text for track in midi.read(out / "tunes_accompanied.mid").tracks for lyric in track.lyrics]
    assert sung == ["Oh, ", "the ", "lark ", "is ", "up ", "the ", "lark ", "is "]
    root = ElementTree.parse(out / "tunes_accompanied.musicxml").getroot()
    assert [f"{text.text} " for text in root.findall(".//lyric/text")] == sung
    with pytest.raises(musicvae_jax.FileError, match="has bass and drums of its own, which stay"):
        surrogate.accompany(out / "sheet_accompanied.musicxml", checkpoint=accompanist, keep="all")


def test_songs_of_one_name_get_files_of_their_own(capsys, accompanist, tmp_path):
    songs, out = tmp_path / "songs", tmp_path / "out"
    (songs / "b").mkdir(parents=True)
    write_midi(songs / "tune.mid", quarters(3))
    write_midi(songs / "b" / "tune.mid", quarters(4))
    (songs / "tune.abc").write_text(TWO_TUNES)
    flags = f"--output={out}", f"--html={out}", f"--checkpoint={accompanist}"
    code, told, err = accompany(capsys, songs / "tune.mid", songs / "tune.abc", songs / "b" / "tune.mid", *flags)
    assert (code, err) == (0, "")
    for line, number, name in zip(
        told.splitlines(), ("", "_2", "_3"), ("tune.mid", "tune.abc", "b/tune.mid"), strict=True
    ):
        files = f"wrote {out}/tune{number}_accompanied.mid, {out}/tune{number}_accompanied.html"
        told_so = f" (numbered, as another song is called like {songs / name})" if number else ""
        assert line.startswith(f"accompany: {files}{told_so}: ") or line.startswith(f"{files}{told_so}: ")
    assert len(list(out.iterdir())) == 6
    alone = surrogate.accompany(songs / "b" / "tune.mid", checkpoint=accompanist)
    assert (out / "tune_3_accompanied.mid").read_bytes() == alone.takes[0].content


@pytest.fixture
def tunes(tmp_path):
    """A folder of tunes, a song to be like and a soundfont."""
    for name in ("tune", "tune_1", "like", "x/a", "y/a", "x/a_accompanied", "done/a_accompanied"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_midi(tmp_path / f"{name}.mid", quarters(2))
    (tmp_path / "empty").mkdir()
    (tmp_path / "font.wav").write_bytes(soundfont())
    return tmp_path


CLASHES = {
    "a take over the melody": ("tune_1.mid --output=tune.mid --takes=2", "tune_1.mid: is the melody itself"),
    "another melody": ("x/a.mid x/a_accompanied.mid", "x/a_accompanied.mid: is one of the melodies"),
    "the song to be like": ("tune.mid --like=like.mid --output=like.mid", "is the song that is to be like"),
    "a score over a melody": ("score.musicxml --score=score.musicxml", "score.musicxml: is the melody itself"),
    "no name of a score": ("tune.mid --score=out.pdf", "out.pdf: must end in .musicxml or .xml"),
    "the soundfont": ("tune.mid --soundfont=font.wav --wav=font.wav", "is the soundfont"),
    "the program's own files": ("tune.mid --html=program/page.html", "lies among the program's own files"),
    "what was written": ("done --output=done", "done: holds no MIDI file or score to accompany"),
    "the model": ("tune.mid --output=model/take.mid", "is part of a model"),
    "no melody": ("empty --output=out", "holds no MIDI file"),
    "no place": ("x", "give --output"),
}


@pytest.mark.parametrize("case", CLASHES)
def test_no_file_is_written_where_one_would_be_lost(case, capsys, accompanist, tunes, monkeypatch):
    words, complaint = CLASHES[case]
    monkeypatch.chdir(tunes)
    shutil.copytree(accompanist, "model")
    shutil.copy("like.mid", "model/take.mid")
    (tunes / "program").symlink_to(ROOT / "surrogate")
    monkeypatch.setattr(sound, "ready", lambda path, font: (None, font))  # whether or not there is a synthesiser
    before = {path: path.is_file() and path.read_bytes() for path in tunes.rglob("*")}
    code, out, err = accompany(capsys, *words.split(), "--checkpoint=model")
    assert (code, out, err.count("\n")) == (2, "", 1) and complaint in err
    assert {path: path.is_file() and path.read_bytes() for path in tunes.rglob("*")} == before


def test_a_folder_is_made_for_what_can_be_written_alone(capsys, accompanist, tmp_path):
    (tmp_path / "songs").mkdir()
    (tmp_path / "songs" / "bad.mid").write_bytes(b"no MIDI")
    code, out, _ = accompany(capsys, tmp_path / "songs", f"--output={tmp_path / 'out'}", f"--checkpoint={accompanist}")
    assert (code, out) == (2, "") and not (tmp_path / "out").exists()


def test_the_folder_of_melodies_may_be_that_of_outputs_again_and_again(capsys, accompanist, tunes):
    folder = tunes / "y"
    for _ in range(2):
        code, out, err = accompany(capsys, folder, f"--output={folder}", f"--checkpoint={accompanist}")
        assert (code, out.count("\n"), err) == (0, 1, "")
        assert sorted(path.name for path in folder.iterdir()) == ["a.mid", "a_accompanied.mid"]


def test_a_failure_tells_which_files_were_written_before(capsys, accompanist, tunes, monkeypatch):
    replace = os.replace

    def full(draft, target):
        if str(target).endswith(".html"):
            raise OSError(28, "No space left on device")
        replace(draft, target)

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.chdir(tunes)
    flags = "--takes=2", "--output=o.mid", "--html=o.html", f"--checkpoint={accompanist}"
    code, out, err = accompany(capsys, "tune.mid", *flags)
    assert (code, out) == (2, "")
    assert err == "accompany: o.html: cannot be written: No space left on device; written before it: o_1.mid, o_2.mid\n"
    assert {"o_1.mid", "o_2.mid"} < set(os.listdir()) and "o.html" not in os.listdir()
