"""Outputs are planned and checked before anything is written: what is read is never written over."""

import pathlib

import pytest

import musicvae_jax
import surrogate
from surrogate.accompaniment.outputs import Destination, OutputFiles, plan_outputs


def planned(folder, melodies, takes=1, **places):
    """A plan of files in a folder."""
    destination = Destination(**{kind: folder / place for kind, place in places.items()})
    return plan_outputs([folder / melody for melody in melodies], destination, takes=takes)


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def listing(folder):
    return {str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_one_melody_is_written_beside_itself_or_where_it_is_wanted(tmp_path):
    [song] = planned(tmp_path, ["a.mid"]).songs
    assert song == OutputFiles(tmp_path / "a.mid", (tmp_path / "a_accompanied.mid",))
    [song] = planned(tmp_path, ["a.mid"], takes=2, midi="out.x.mid", page="p.html", sound="s.wav").songs
    assert [path.name for path in song.paths] == ["out.x_1.mid", "out.x_2.mid", "p.html", "s.wav"]


def test_folders_keep_their_layout(tmp_path):
    touch(tmp_path, "songs/a.mid", "songs/deep/b.MID", "songs/notes.txt", "c.mid")
    plans = planned(tmp_path, ["songs", "c.mid"], midi="out", picture="looks")
    written = [[str(path.relative_to(tmp_path)) for path in song.paths] for song in plans.songs]
    assert written == [
        ["out/a_accompanied.mid", "looks/a_accompanied.png"],
        ["out/deep/b_accompanied.mid", "looks/deep/b_accompanied.png"],
        ["out/c_accompanied.mid", "looks/c_accompanied.png"],
    ]
    before = listing(tmp_path)
    plans.check()
    assert listing(tmp_path) == before, "checking makes no folder"


SAME_NAMES = {  # melodies, where to, and the files of each
    "other kinds": (["a.mid", "a.musicxml", "a.abc"], dict(midi="o"), ["o/a", "o/a_2", "o/a_3"]),
    "other folders": (["x/a.mid", "y/a.mid"], dict(midi="o"), ["o/a", "o/a_2"]),
    "in case": (["x/a.mid", "y/A.mid"], dict(midi="o"), ["o/a", "o/A_2"]),
    "in how an accent is composed": (["x/\u00e9.mid", "y/e\u0301.mid"], dict(midi="o"), ["o/\u00e9", "o/e\u0301_2"]),
    "pages alone": (["x/a.mid", "y/a.mid"], dict(page="o"), ["x/a", "y/a_2"]),
    "a number that is taken": (["a.mid", "a_2.mid", "a.abc"], dict(midi="o"), ["o/a", "o/a_2", "o/a_3"]),
    "a number that will be": (["a.mid", "a.abc", "a_2.mid"], dict(midi="o"), ["o/a", "o/a_2", "o/a_2_2"]),
    "the same file": (["a.mid", "x/../a.mid"], dict(), ["a"]),
}


@pytest.mark.parametrize("case", SAME_NAMES)
def test_melodies_of_one_name_get_files_of_their_own(case, tmp_path):
    melodies, places, expected = SAME_NAMES[case]
    touch(tmp_path, *melodies)
    plan = planned(tmp_path, melodies, **places)
    plan.check()
    assert [song.takes for song in plan.songs] == [(tmp_path / f"{stem}_accompanied.mid",) for stem in expected]
    stems = [pathlib.Path(melody).stem for melody in melodies[: len(expected)]]
    renamed = [not stem.endswith(f"/{own}") and stem != own for stem, own in zip(expected, stems, strict=True)]
    assert [song.is_renamed for song in plan.songs] == renamed
    assert len({song.page for song in plan.songs}) == len(plan.songs) or "page" not in places


CLASHES = {
    "a take over the melody": (["tune_1.mid"], dict(takes=2, midi="tune.mid"), "tune_1.mid: is the melody itself"),
    "a page over the melody": (["c.html"], dict(page="c.html"), "c.html: is the melody itself"),
    "a name in other case": (["tune.mid"], dict(midi="TUNE.mid"), "TUNE.mid: is the melody itself"),
    "an accent composed otherwise": (["\u00e9.mid"], dict(midi="e\u0301.mid"), "is the melody itself"),
    "by way of a folder": (["tune.mid"], dict(midi="x/../tune.mid"), "is the melody itself"),
    "by a symbolic link": (["tune.mid"], dict(midi="symbolic.mid"), "is the melody itself"),
    "by a linked folder": (["x/a.mid"], dict(midi="linked/a.mid"), "is the melody itself"),
    "by a hard link": (["tune.mid"], dict(midi="hard.mid"), "is the melody itself"),
    "another's melody": (["x/a.mid", "x/a_accompanied.mid"], dict(), "is one of the melodies"),
    "a melody in the folder of outputs": (["y/a.mid", "x/a_accompanied.mid"], dict(midi="x"), "is one of the melodies"),
    "the song to be like": (["tune.mid"], dict(midi="like.mid"), "is the song that is to be like"),
    "a take over the song to be like": (["tune.mid"], dict(midi="like.mid", takes=2), "like_1.mid: is the song"),
    "the soundfont": (["tune.mid"], dict(sound="font.wav"), "is the soundfont"),
    "the model": (["tune.mid"], dict(midi="model/params/x.mid"), "is part of a model"),
    "the embedded model": (["tune.mid"], dict(midi="pretrained/x.mid"), "the program's own files"),
    "the page's script": (["tune.mid"], dict(page="program/rendering/player/page.html"), "the program's own files"),
    "beside a table": (["tune.mid"], dict(picture="program/rendering/tables/x.png"), "the program's own files"),
    "picture and page in one": (["tune.mid"], dict(picture="a.html", page="a.html"), "would be written twice"),
    "no name of a MIDI file": (["tune.mid"], dict(midi="a.txt"), "a.txt: must end in .mid or .midi or .kar"),
    "no suffix": (["tune.mid"], dict(takes=2, midi="out"), "out_1: must end in .mid or .midi or .kar"),
    "no name of a page": (["tune.mid"], dict(page="a.mid"), "a.mid: must end in .html or .htm"),
    "no name of a sound": (["tune.mid"], dict(sound="a.mp3"), "a.mp3: must end in .wav"),
    "a file as a folder": (["x", "c.mid"], dict(midi="out", page="out/a_accompanied.mid"), "is to be a file"),
    "a folder": (["tune.mid"], dict(page="x.html"), "x.html: is not a file"),
    "takes named as a folder": (["tune.mid"], dict(takes=2, midi="x"), "x: is not a file"),
    "in no folder": (["tune.mid"], dict(midi="no/out.mid"), "no/out.mid: cannot be written: there is no folder "),
    "below a file": (["x", "c.mid"], dict(midi="tune.mid/out"), "Not a directory"),
    "nowhere": (["x"], dict(), "give --output"),
}


@pytest.mark.parametrize("case", CLASHES)
def test_a_clash_is_found_before_anything_is_written(case, tmp_path):
    melodies, places, complaint = CLASHES[case]
    touch(
        tmp_path,
        "tune.mid",
        "tune_1.mid",
        "like.mid",
        "like_1.mid",
        "c.mid",
        "c.html",
        "font.wav",
        "y/a.mid",
        "x/a.mid",
    )
    (tmp_path / "x.html").mkdir()
    touch(tmp_path, "x/a_accompanied.mid", "model/config.json", "model/params/x.mid")
    (tmp_path / "symbolic.mid").symlink_to("tune.mid")
    (tmp_path / "hard.mid").hardlink_to(tmp_path / "tune.mid")
    (tmp_path / "linked").symlink_to("x")
    embedded = pathlib.Path(musicvae_jax.__file__).parent / "pretrained" / "trio_16bar_small"
    (tmp_path / "pretrained").symlink_to(embedded)
    (tmp_path / "program").symlink_to(pathlib.Path(surrogate.__file__).parent)
    like = tmp_path / ("like_1.mid" if "take" in case else "like.mid")
    before = listing(tmp_path)
    read = dict(like=like, soundfont=tmp_path / "font.wav", checkpoint=tmp_path / "model")
    with pytest.raises(musicvae_jax.FileError) as error:
        planned(tmp_path, melodies, **places).check(**read)
    assert complaint in str(error.value) and "\n" not in str(error.value)
    assert listing(tmp_path) == before


def test_what_was_written_and_what_is_hidden_is_no_melody_unless_named(tmp_path):
    touch(tmp_path, "songs/a.mid", "songs/a_accompanied.mid", "songs/a_accompanied_12.mid", "songs/a_accompanied_x.mid")
    touch(tmp_path, "songs/._a.mid", "songs/.git/b.mid", "songs/c_accompanied.mid")
    in_folder = [pathlib.Path(song.melody).name for song in planned(tmp_path, ["songs"], midi="songs").songs]
    assert in_folder == ["a.mid", "a_accompanied_x.mid"]
    named = ["songs/c_accompanied.mid", "songs/._a.mid"]
    assert [song.melody for song in planned(tmp_path, named).songs] == [tmp_path / name for name in named]
    plan = planned(tmp_path, ["songs"], midi="songs")
    plan.check()
    assert plan.songs[0].takes == (tmp_path / "songs/a_accompanied.mid",), "written again"


def test_files_are_known_by_their_suffix_in_any_case(tmp_path):
    touch(tmp_path, "tune.mid")
    for place, names in (("midi", ("a.MID", "a.kar")), ("page", ("a.htm", "a.HTML")), ("sound", ("a.Wav",))):
        for name in names:
            planned(tmp_path, ["tune.mid"], **{place: name}).check()


def test_what_is_not_read_may_be_written_again(tmp_path):
    touch(tmp_path, "tune.mid", "tune_accompanied.mid", "roll.png", "model/config.json")
    plans = planned(tmp_path, ["tune.mid"], picture="roll.png", sound="model/new.wav")
    plans.check(checkpoint=tmp_path / "model")
