"""A classifier two-sample test: can a random forest tell a row's bass and drums from people's by windows of 16 bars?

Source: Lopez-Paz & Oquab 2017; the forest, Breiman 2001.
"""

import typing

import numpy as np

from musicvae_jax.events import WINDOW_STEPS
from surrogate.evaluation import window_features
from surrogate.evaluation.bootstrap import Bootstrap
from surrogate.evaluation.selection import windows

FOLDS, TREES, LEAST_WINDOWS_A_LEAF = 5, 300, 5
MISSING = "no auc: it needs scikit-learn; pip install '.[evaluate]'"


class Sides(typing.NamedTuple):
    """N windows, half of them people's and half of them a row's, of the same places in the same songs.

    values: float64 [N, F], their features. names: of the features. is_row: bool [N]. song: int [N].
    """

    values: np.ndarray
    names: tuple[str, ...]
    is_row: np.ndarray
    song: np.ndarray


class Tell(typing.NamedTuple):
    """How well one feature tells a row from people: its AUC alone, and its mean of both."""

    feature: str
    auc: float
    people: float
    row: float


def is_there() -> bool:
    """Whether scikit-learn is installed."""
    try:
        import sklearn.ensemble  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def both_sides(songs, written) -> Sides | None:
    """The windows of songs, end to end, of which both the original and what was written hold enough to be judged.

    Args:
        songs: list of selection.Song.
        written: music for each, uint16 [T, 3].

    Returns:
        None where there is none.
    """
    people, row = (_whole_windows(music) for music in ([song.tokens for song in songs], written))
    song_W = np.repeat(np.arange(len(songs)), [len(song.tokens) // WINDOW_STEPS for song in songs])
    both = np.flatnonzero(window_features.judged(people) & window_features.judged(row))
    if not len(both):
        return None
    song_N = song_W[np.tile(both, 2)]
    found = window_features.features(
        np.concatenate([people[both], row[both]]), np.array([song.shift for song in songs])[song_N]
    )
    is_row_N = np.repeat([False, True], len(both))
    return Sides(np.stack(list(found.values()), axis=-1), tuple(found), is_row_N, song_N)


def tell_apart(sides: Sides, bootstrap: Bootstrap, *, seed: int = 0) -> dict[str, float] | None:
    """The AUC of a forest that is asked about the songs of each fifth of the tunes after it was shown the others.

    Args:
        sides: the windows to tell apart.
        bootstrap: of their songs.
        seed: of the forest.

    Returns:
        {"value", "lo", "hi"}, the ends those of the 95 % interval over tunes, of the same predictions; None with fewer
        than two tunes.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import GroupKFold, cross_val_predict

    tune_N = bootstrap.tune[sides.song]
    folds = min(FOLDS, len(np.unique(tune_N)))
    if folds < 2:
        return None
    forest = RandomForestClassifier(TREES, min_samples_leaf=LEAST_WINDOWS_A_LEAF, n_jobs=-1, random_state=seed)
    options = dict(groups=tune_N, cv=GroupKFold(folds), method="predict_proba")
    score_N = cross_val_predict(forest, sides.values, sides.is_row, **options)[:, 1]
    draws = [auc(score_N, sides.is_row, counts_U[tune_N]) for counts_U in bootstrap.counts_RxU]
    lo, hi = np.nanpercentile(draws, (2.5, 97.5))
    return {"value": auc(score_N, sides.is_row), "lo": float(lo), "hi": float(hi)}


def tells(sides: Sides) -> list[Tell]:
    """How well each feature alone tells a row from people, the most telling first."""
    found = []
    for name, values_N in zip(sides.names, sides.values.T, strict=True):
        people, row = (float(values_N[side].mean()) for side in (~sides.is_row, sides.is_row))
        found.append(Tell(name, auc(values_N, sides.is_row), people, row))
    return sorted(found, key=lambda tell: -abs(tell.auc - 0.5))


def auc(score_N, is_row_N, weight_N=None) -> float:
    """The area under the ROC curve: how often a window of the row has the higher score than one of people, a tie half.

    Args:
        score_N: float [N].
        is_row_N: bool [N].
        weight_N: how often each window counts; None: once.

    Returns:
        0 to 1; nan without windows of both.
    """
    weight_N = np.ones(len(score_N)) if weight_N is None else weight_N
    levels, level_N = np.unique(score_N, return_inverse=True)
    people, row = (np.bincount(level_N, weight_N * side, len(levels)) for side in (~is_row_N, is_row_N))
    pairs = people.sum() * row.sum()
    return float(row @ (people.cumsum() - people / 2) / pairs) if pairs else float("nan")


def _whole_windows(music):
    return np.concatenate([windows(tokens)[: len(tokens) // WINDOW_STEPS] for tokens in music])
