"""How well a model accompanies melodies of songs it never saw, between floors and ceilings: a table with intervals."""

import dataclasses

import numpy as np
import tqdm

from musicvae_jax.events import DRUMS, transpose
from surrogate.evaluation import drum_kit, forest, form, metrics, rows
from surrogate.evaluation.bootstrap import Bootstrap

VERSUS = (
    (rows.ACCOMPANY, rows.RULE),
    (rows.ACCOMPANY, rows.NEIGHBOUR),
    (rows.ACCOMPANY, rows.HUMAN),
    (rows.CHORDS_GIVEN, rows.ACCOMPANY),
)
RETURNS = {"bass": "return_bass", "bass_onsets": "return_bass_onsets", "drums": "return_drums"}
"""What surrogate.evaluation.form.returns tells -> its column; with CONTRAST, less the same of unlike phrases."""
CONTRAST = "_contrast"
FORM = (*RETURNS.values(), *(name + CONTRAST for name in RETURNS.values()), "fills")
AUC, UNPLAYABLE = "auc", "unplayable"
COLUMNS = (AUC, *metrics.LIKENESS, *FORM, *metrics.PROPERTIES, UNPLAYABLE)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Rows beside each other; an interval is {"value", "lo", "hi"}, its ends those of 95 %.

    table: {row: {column: interval}}.
    differences: {row: {other: {column: interval}}}, for the pairs of VERSUS, of the columns that both have.
    tells: {row: [forest.Tell]}, the most telling first; empty without a forest.
    """

    table: dict
    differences: dict
    tells: dict


def compare(songs, written, *, judge=True, seed=0, resamples=1000) -> Comparison:
    """Compare what was written in every way with the real bass and drums.

    Args:
        songs: list of selection.Song, n of them.
        written: what rows.write gives. Of a row's draws each column shows the median.
        judge: whether a forest is asked, for which scikit-learn is needed.
        seed: of the bootstrap and the forest.
        resamples: of the bootstrap.
    """
    bootstrap = Bootstrap([song.tune for song in songs], resamples=resamples, seed=seed)
    table, median_of, tells = {}, {}, {}
    for name, draws in tqdm.tqdm(written.items(), desc="rows", unit="row"):
        median_of[name] = medians([of_songs(songs, draw, is_real=name == rows.HUMAN) for draw in draws])
        table[name] = {column: bootstrap.ratio(*_sums(values)) for column, values in median_of[name].items()}
        if judge and name != rows.HUMAN:
            sides = [each for draw in draws if (each := forest.both_sides(songs, draw)) is not None]
            found = [each for side in sides if (each := forest.tell_apart(side, bootstrap, seed=seed)) is not None]
            if found:
                table[name][AUC] = found[_median([interval["value"] for interval in found])]
                tells[name] = forest.tells(sides[0])
    in_order = {name: {column: row[column] for column in COLUMNS if column in row} for name, row in table.items()}
    return Comparison(in_order, _differences(bootstrap, median_of), tells)


def of_songs(songs, written, *, is_real=False) -> dict[str, np.ndarray]:
    """Every column but the forest's, a value a song.

    Args:
        songs: list of selection.Song, n of them.
        written: music for each, uint16 [T, 3].
        is_real: whether that is the songs' own, which leaves out its likeness to itself.

    Returns:
        {column: float64 [n]}, nan where a song has no value.
    """
    values = [_of_song(song, tokens, is_real) for song, tokens in zip(songs, written, strict=True)]
    return {column: np.array([each[column] for each in values]) for column in values[0]}


def medians(values_of_draws) -> dict[str, np.ndarray]:
    """Of each column that of several draws whose mean over songs is the median, of an even number the lower one.

    Args:
        values_of_draws: list of what of_songs gives.
    """
    found = {}
    for column in values_of_draws[0]:
        values = [each[column] for each in values_of_draws]
        found[column] = values[_median([_ratio(*map(np.sum, _sums(each))) for each in values])]
    return found


def _of_song(song, written, is_real):
    pair = [transpose(tokens, song.shift)[None] for tokens in (song.tokens, written)]
    columns = metrics.PROPERTIES if is_real else metrics.LIKENESS | metrics.PROPERTIES
    found = {name: _ratio(*(part[0] for part in column(*pair))) for name, column in columns.items()}
    for name, (alike, unlike) in form.returns(written).items():
        found |= {RETURNS[name]: alike, RETURNS[name] + CONTRAST: alike - unlike}
    found["fills"] = _ratio(*form.fills(written[:, DRUMS]))
    found[UNPLAYABLE] = _ratio(*drum_kit.unplayable(written[:, DRUMS], song.tempo))
    return found


def _ratio(numerator, denominator):
    return float(numerator / denominator) if denominator else float("nan")


def _sums(values_n):
    """The mean over the songs that have a value as a ratio of sums: numerator and denominator, float64 [n] each."""
    has_value = np.isfinite(values_n)
    return np.where(has_value, values_n, 0), has_value.astype(np.float64)


def _median(values) -> int:
    """The place of the median; of an even number of values that of the lower one."""
    return int(np.argsort(values)[(len(values) - 1) // 2])


def _differences(bootstrap, values_of):
    differences = {}
    for one, other in VERSUS:
        if one in values_of and other in values_of:
            both = [column for column in COLUMNS if column in values_of[one] and column in values_of[other]]
            of_columns = {
                column: bootstrap.difference(*(_sums(values_of[row][column]) for row in (one, other)))
                for column in both
            }
            differences.setdefault(one, {})[other] = of_columns
    return differences
