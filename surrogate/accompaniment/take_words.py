"""What takes are like, in words that tell them apart by ear."""

from collections.abc import Sequence

_HEARD = 1.15
"""So many times the notes are heard as more."""
_NOUNS = "bass notes", "drum hits"


def labels(counts: Sequence[tuple[int, int]]) -> list[str]:
    """A label for each take, as "take 1, the first choice" and "take 2, more drum hits"; counts as of words."""
    if len(counts) == 1:
        return ["take 1"]
    return [f"take {number}, {each}" for number, each in enumerate(words(counts), 1)]


def words(counts: Sequence[tuple[int, int]]) -> list[str]:
    """What each take is like.

    Args:
        counts: bass notes and drum hits of each take, the best first.
    """
    return ["the first choice", *(_beside(count, counts[0]) for count in counts[1:])]


def _beside(own, first):
    told = [_more(*each) for each in zip(own, first, _NOUNS, strict=True)]
    return " and ".join(filter(None, told)) or "close to take 1"


def _more(own, other, noun):
    if own > _HEARD * other:
        return f"more {noun}"
    return f"fewer {noun}" if other > _HEARD * own else ""
