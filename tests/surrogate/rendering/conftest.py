"""The page of takes, open in a headless Chromium, where there is one."""

import numpy as np
import pytest
import symusic

from surrogate.rendering import page
from tests import chromium, pages


@pytest.fixture(scope="package")
def scores():
    return pages.two_takes()


@pytest.fixture(scope="package")
def written(scores, tmp_path_factory):
    return pages.written(tmp_path_factory.mktemp("page"), scores)


@pytest.fixture(scope="package")
def browser(tmp_path_factory):
    if chromium.find() is None:
        pytest.skip("no Chromium here")
    with chromium.Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def opened(browser, written):
    """The browser with the page open; whatever it complains of fails the test."""
    browser.complaints.clear()
    browser.open(written)
    yield browser
    assert browser.complaints == []


@pytest.fixture(scope="package")
def long_page(tmp_path_factory):
    """200 bars of a single take."""
    score = symusic.Score(480)
    score.tracks = [pages.track([(480 * beat, 400, 60 + beat % 12, 80) for beat in range(800)])]
    path = tmp_path_factory.mktemp("long") / "long.html"
    page.write(path, title="Long", scores=[score], labels=["take"], roles=["melody"], bar_ticks=1920 * np.arange(201))
    return path
