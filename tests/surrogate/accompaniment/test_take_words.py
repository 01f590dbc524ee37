"""Takes in words."""

from surrogate.accompaniment import take_words


def test_takes_are_told_apart_by_how_much_is_played():
    assert take_words.labels([(100, 300)]) == ["take 1"]
    assert take_words.labels([(100, 300), (110, 310), (130, 200), (0, 300)]) == [
        "take 1, the first choice",
        "take 2, close to take 1",
        "take 3, more bass notes and fewer drum hits",
        "take 4, fewer bass notes",
    ]
