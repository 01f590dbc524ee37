"""encode_corpus writes over nothing: not what it reads, nothing of a model, no file that another job left."""

import shutil

import numpy as np
import pytest

from surrogate.corpus import dataset, encoding_job
from surrogate.corpus.errors import DatasetError
from tests.surrogate.corpus.corpus_jobs import files_of

MINE = {
    "the input pack": ("pack.npz", "is what --config.input names"),
    "the input pack in other case": ("PACK.npz", "is what --config.input names"),
    "the input pack by a link": ("link.npz", "is what --config.input names"),
    "the table of tunes": ("tunes.csv", "is what --config.tunes names"),
    "the model": ("model", "is in a model's folder"),
    "a new folder in the model": ("model/corpus", "is in a model's folder"),
    "a new pack in the model, by a link": ("linked/new.npz", "is in a model's folder"),
    "an array beside the model": ("model/attributes.npz", "is in a model's folder"),
    "another array": ("mine.npz", "is there already, and not from this very job"),
    "text": ("text.npz", "is there already, and not from this very job"),
    "a folder": ("folder.npz", "is there already, and not from this very job"),
    "a link to nowhere": ("dangling.npz", "is there already, and not from this very job"),
}


@pytest.fixture(scope="module")
def pack(corpus_settings, tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "pack.npz"
    encoding_job.run(corpus_settings(path))
    return path


@pytest.mark.parametrize("case", MINE)
def test_nothing_is_written_over(case, pack, songs, model_folder, corpus_settings, tmp_path):
    output, message = MINE[case]
    shutil.copy(pack, tmp_path / "pack.npz")
    shutil.copy(songs / "tunes.csv", tmp_path)
    shutil.copytree(model_folder, tmp_path / "model")
    np.savez(tmp_path / "mine.npz", manifest="{}", years_of_work=np.ones(3))
    (tmp_path / "text.npz").write_text("years of work")
    (tmp_path / "folder.npz").mkdir()
    for link, target in (("link.npz", "pack.npz"), ("linked", "model"), ("dangling.npz", "nowhere")):
        (tmp_path / link).symlink_to(target)
    before = files_of(tmp_path)
    reads = dict(input=str(tmp_path / "pack.npz"), tunes=str(tmp_path / "tunes.csv"))
    with pytest.raises(DatasetError, match=f"^{tmp_path}/{output}: {message}.* give another output$"):
        encoding_job.run(corpus_settings(tmp_path / output, **reads))
    assert files_of(tmp_path) == before


def test_a_pack_that_is_complete_is_left_as_it_is_and_others_are_refused(pack, corpus_settings, tmp_path):
    before = files_of(pack.parent), pack.stat().st_mtime_ns
    assert encoding_job.run(corpus_settings(pack)) == f"{pack}: complete already, nothing to do"
    for changes in (dict(hop_bars=2), dict(tunes=""), dict(in_c=True), dict(seed=1)):
        with pytest.raises(DatasetError, match="is there already, and not from this very job; remove it or give"):
            encoding_job.run(corpus_settings(pack, **changes))
    assert (files_of(pack.parent), pack.stat().st_mtime_ns) == before


def test_a_pack_of_whole_songs_is_left_as_it_is_too(corpus_settings, tmp_path):
    settings = corpus_settings(tmp_path / "songs.npz", unit="song")
    encoding_job.run(settings)
    assert encoding_job.run(settings) == f"{tmp_path}/songs.npz: complete already, nothing to do"
    with pytest.raises(DatasetError, match="is there already"):
        encoding_job.run(corpus_settings(tmp_path / "songs.npz"))


def test_a_pack_of_an_earlier_version_is_not_taken_for_this_jobs(pack, corpus_settings, tmp_path):
    arrays = dict(np.load(pack))
    np.savez(tmp_path / "pack.npz", **arrays | {"manifest": '{"config": {}, "model": "", "tune_table": {}}'})
    with pytest.raises(DatasetError, match="is there already"):
        encoding_job.run(corpus_settings(tmp_path / "pack.npz"))
    assert len(dataset.open(tmp_path / "pack.npz")) == len(dataset.open(pack))
