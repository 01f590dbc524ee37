"""Encoded corpora: of the embedded model, and of a small one of windows."""

import pytest

from surrogate.corpus import encoding_job
from tests.paths import DATA

SYNTH = DATA / "synth"


@pytest.fixture(scope="session")
def bar_corpus(tmp_path_factory, corpus_settings):
    """Synthetic songs, encoded by the embedded model; some are held out."""
    folder = tmp_path_factory.mktemp("bars") / "corpus"
    changes = dict(input=str(SYNTH), tunes="", checkpoint="trio_16bar_small", max_windows=2, shard_windows=64)
    encoding_job.run(corpus_settings(folder, **changes))
    return folder


@pytest.fixture(scope="session")
def window_corpus(tmp_path_factory, corpus_settings):
    """Eight of them, encoded by the small model of windows in model_folder."""
    folder = tmp_path_factory.mktemp("windows") / "corpus"
    encoding_job.run(corpus_settings(folder))
    return folder
