"""One studio for all tests here, as its models take a while to be compiled."""

import pytest

from tests.surrogate.studio import studios


@pytest.fixture(scope="session")
def studio():
    """A client of a studio that runs."""
    with studios.client() as asked:
        yield asked


@pytest.fixture(scope="session")
def opened(studio):
    """The file of a work that plays on the grid, so that what is in a bar begins in it."""
    page = studios.Page(studio)
    page.change("choose", choices={"human": 0})
    return page.file("song.work")


@pytest.fixture
def page(studio, opened):
    """A page that has Korobeiniki open, 32 bars."""
    return studios.Page(studio, opened, "korobeiniki.work")
