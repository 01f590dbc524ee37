"""A corpus that many tests look at."""

import pytest

from surrogate.corpus import encoding_job


@pytest.fixture(scope="session")
def whole(corpus_settings, tmp_path_factory):
    """What one unbroken run writes."""
    folder = tmp_path_factory.mktemp("whole") / "corpus"
    encoding_job.run(corpus_settings(folder))
    return folder
