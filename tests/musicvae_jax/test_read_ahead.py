"""Items made ahead: in order, so many and no more, and an error when its item is due."""

import threading

import pytest

from musicvae_jax.read_ahead import read_ahead


def test_items_come_in_order_and_so_many_are_made_ahead():
    made, is_made = [], threading.Condition()

    def items():
        for number in range(9):
            with is_made:
                made.append(number)
                is_made.notify()
            yield number

    ahead = read_ahead(items(), 2)
    got = [next(ahead) for _ in range(3)]
    with is_made:
        assert is_made.wait_for(lambda: len(made) >= 4, timeout=20)
        assert len(made) <= 5
    assert got + list(ahead) == list(range(9))


def test_an_error_comes_when_its_item_is_due():
    def items():
        yield 1
        yield 2
        raise OSError("gone")

    ahead = read_ahead(items(), 2)
    assert [next(ahead), next(ahead)] == [1, 2]
    with pytest.raises(OSError, match="gone"):
        next(ahead)


def test_nothing_is_made_after_the_end_of_whoever_reads():
    ended = []

    def items():
        try:
            yield from range(1000)
        finally:
            ended.append(True)

    source = items()
    ahead = read_ahead(source, 2)
    next(ahead)
    ahead.close()
    source.close()
    assert ended
