"""Outputs are planned and checked before anything is written: what is read is never written over."""

import pathlib

import pytest

import musicvae_jax
from surrogate.accompaniment.outputs import Destination, OutputFiles, model_folders, plan_outputs


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


CLASHES = {
    "a take over the melody": (["tune_1.mid"], dict(takes=2, midi="tune.mid"), "tune_1.mid: is the melody itself"),
    "a page over the melody": (["tune.mid"], dict(page="tune.mid"), "tune.mid: is the melody itself"),
    "a name in other case": (["tune.mid"], dict(midi="TUNE.mid"), "TUNE.mid: is the melody itself"),
    "an accent composed otherwise": (["\u00e9.mid"], dict(midi="e\u0301.mid"), "is the melody itself"),
    "by way of a folder": (["tune.mid"], dict(midi="x/../tune.mid"), "is the melody itself"),
    "by a symbolic link": (["tune.mid"], dict(midi="symbolic.mid"), "is the melody itself"),
    "by a linked folder": (["x/a.mid"], dict(midi="linked/a.mid"), "is the melody itself"),
    "by a hard link": (["tune.mid"], dict(midi="hard.mid"), "is the melody itself"),
    "another's melody": (["x/a.mid", "x/a_accompanied.mid"], dict(), "is one of the melodies"),
    "a melody in a folder": (["x", "y/a.mid"], dict(midi="x"), "is one of the melodies"),
    "the song to be like": (["tune.mid"], dict(midi="like.mid"), "is the song that is to be like"),
    "a take over the song to be like": (["tune.mid"], dict(midi="like.mid", takes=2), "like_1.mid: is the song"),
    "the soundfont": (["tune.mid"], dict(sound="font.sf2"), "is the soundfont"),
    "the model": (["tune.mid"], dict(midi="model/params/x"), "is part of a model"),
    "the embedded model": (["tune.mid"], dict(midi="linked_model/config.json"), "is part of a model"),
    "two songs of one name": (["x/a.mid", "y/a.mid"], dict(midi="out"), "x/a.mid and"),
    "two pages of one name": (["x/a.mid", "y/a.mid"], dict(page="out"), "a_accompanied.html: would be written twice"),
    "one melody twice": (["x/a.mid", "x/a.mid"], dict(), "would be written twice"),
    "names alike but for case": (["x/a.mid", "y/A.mid"], dict(midi="out"), "would be written twice"),
    "an accent composed in two ways": (["x/\u00e9.mid", "y/e\u0301.mid"], dict(midi="out"), "would be written twice"),
    "page and sound in one": (["tune.mid"], dict(page="look", sound="look"), "would be written twice"),
    "a file as a folder": (["x", "c.mid"], dict(midi="out", page="out/a_accompanied.mid"), "is to be a file"),
    "a folder": (["tune.mid"], dict(page="x"), "x: is not a file"),
    "takes named as a folder": (["tune.mid"], dict(takes=2, midi="x"), "x: is not a file"),
    "in no folder": (["tune.mid"], dict(midi="no/out.mid"), "No such file or directory"),
    "below a file": (["x", "c.mid"], dict(midi="tune.mid/out"), "Not a directory"),
    "nowhere": (["x"], dict(), "give --output"),
}


@pytest.mark.parametrize("case", CLASHES)
def test_a_clash_is_found_before_anything_is_written(case, tmp_path):
    melodies, places, complaint = CLASHES[case]
    touch(tmp_path, "tune.mid", "tune_1.mid", "like.mid", "like_1.mid", "c.mid", "font.sf2", "y/a.mid", "x/a.mid")
    touch(tmp_path, "x/a_accompanied.mid", "model/config.json", "model/params/x")
    (tmp_path / "symbolic.mid").symlink_to("tune.mid")
    (tmp_path / "hard.mid").hardlink_to(tmp_path / "tune.mid")
    (tmp_path / "linked").symlink_to("x")
    embedded = pathlib.Path(musicvae_jax.__file__).parent / "pretrained" / "trio_16bar_small"
    (tmp_path / "linked_model").symlink_to(embedded)
    like = tmp_path / ("like_1.mid" if "take" in case else "like.mid")
    before = listing(tmp_path)
    read = dict(like=like, soundfont=tmp_path / "font.sf2", models=model_folders(tmp_path / "model"))
    with pytest.raises(musicvae_jax.FileError) as error:
        planned(tmp_path, melodies, **places).check(**read)
    assert complaint in str(error.value) and "\n" not in str(error.value)
    assert listing(tmp_path) == before


def test_what_is_not_read_may_be_written_again(tmp_path):
    touch(tmp_path, "tune.mid", "tune_accompanied.mid", "roll.png", "model/config.json")
    plans = planned(tmp_path, ["tune.mid"], picture="roll.png", sound="model/new.wav")
    plans.check(models=model_folders(tmp_path / "model"))
