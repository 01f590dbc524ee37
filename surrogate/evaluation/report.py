"""An evaluation from songs to its table, results.json, results.csv and pictures."""

import csv
import io
import json
import math
import pathlib
import sys

import numpy as np

import musicvae_jax
from musicvae_jax import files
from musicvae_jax.checkpoint import DEFAULT, CheckpointError
from musicvae_jax.events import STEPS_PER_BAR, WINDOW_STEPS
from surrogate.evaluation import comparison, forest, half_bars, rows, selection
from surrogate.evaluation.bootstrap import Bootstrap
from surrogate.model import bands
from surrogate.rendering import plot

MOST_NEIGHBOURS = 20_000
NO_NEIGHBOURS = "no nearest neighbour: it needs --neighbours=PACK, a pack of whole songs with training songs"
TELLS = 10


def run(
    input, *, checkpoint=None, neighbours=None, tunes=None, output=None,
    max_songs=400, rolls=4, seeds=3, seed=0, tells=False,
) -> str:  # fmt: skip
    """Compare what a model writes for the melodies of songs with the real bass and drums, and with baselines.

    What is left out, and why, and the progress are printed on stderr as it goes.

    Args:
        input: a folder of MIDI files, or a pack of whole songs.
        checkpoint: a pretrained name or a model folder; None: the embedded default.
        neighbours: a pack of whole songs, whose training songs are the nearest neighbours, or None.
        tunes: a table that tells which files of a folder are one tune, or None.
        output: a folder for results.json, results.csv, bars.png and roll-N.png, or None; made where it is not there.
        max_songs: how many are drawn from all.
        rolls: how many songs to draw pictures of.
        seeds: how many takes of each song are written, of whose columns the median is shown.
        seed: of all that is drawn, and of the first take.
        tells: whether to print which features give the model away.

    Returns:
        The table and what follows from it, as text.

    Raises:
        surrogate.corpus.dataset.DatasetError, musicvae_jax.CheckpointError, musicvae_jax.FileError, OSError: what was
            given cannot be used, or the results cannot be written.
    """
    checkpoint = checkpoint or DEFAULT
    vae = musicvae_jax.load(checkpoint)
    band = _band_around(vae, checkpoint)
    songs = selection.read(input, max_songs, tunes=tunes, seed=seed)
    training = None
    if neighbours is None:
        _say(NO_NEIGHBOURS)
    else:
        training = selection.training_windows(neighbours, MOST_NEIGHBOURS, seed=seed)
    output = None if output is None else pathlib.Path(output)
    if output is not None:
        files.make_folder(output)
    can_draw = output is not None and _can_draw(output)
    has_forest = forest.is_there()
    if not has_forest:
        _say(forest.MISSING)
    written = rows.write(songs, band=band, vae=vae, neighbours=training, seed=seed, seeds=seeds)
    compared = comparison.compare(songs, written, judge=has_forest, seed=seed)
    tunes_of_songs = Bootstrap([song.tune for song in songs], seed=seed)
    harmony = (
        half_bars.compare(band, songs, tunes_of_songs, seed=seed) if band is not None and band.knows_chords else {}
    )
    about = {
        "input": str(input),
        "checkpoint": str(checkpoint),
        "neighbours": None if neighbours is None else str(neighbours),
        "songs": len(songs),
        "tunes": len({song.tune for song in songs}),
        "bars": sum(len(song.tokens) for song in songs) // STEPS_PER_BAR,
        "seed": seed,
        "seeds": seeds,
    }
    if harmony:
        about["half_bars"] = harmony
    if output is not None:
        write(output, about, compared)
    if can_draw:
        draw(output, songs[:rolls], written, compared)
    title = "{songs} songs, {tunes} tunes, {bars} bars, of {input}".format(**about)
    parts = [title, as_markdown(compared.table), *versus(compared.differences)]
    if harmony:
        parts.append(as_markdown(harmony, half_bars.COLUMNS))
    if tells and rows.ACCOMPANY in compared.tells:
        parts.append(as_text(compared.tells[rows.ACCOMPANY][:TELLS]))
    return "\n\n".join(parts)


def _say(text):
    print(f"evaluate: {text}", file=sys.stderr)


def _band_around(vae, checkpoint):
    """The band of a MusicVAE and its folder, or None where it has no surrogate."""
    try:
        return bands.around(vae, checkpoint)
    except CheckpointError as error:
        _say(f"{error}; its row is left out")
        return None


def _can_draw(folder) -> bool:
    try:
        plot.check(folder / "bars.png")
    except files.FileError as error:
        _say(f"no pictures: {error}")
        return False
    return True


def columns(table) -> list[str]:
    """Those of comparison.COLUMNS in which any row of a table, {row: {column: interval}}, has a value."""
    return [name for name in comparison.COLUMNS if any(name in row for row in table.values())]


def as_markdown(table, shown=None) -> str:
    """A table {row: {column: {"value", "lo", "hi"}}} as text; a cell without a finite value is blank."""
    shown = columns(table) if shown is None else shown
    cells = [["", *shown]]
    for name, row in table.items():
        cells.append([name, *(_number(row[column]["value"]) if column in row else "" for column in shown)])
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    lines = [
        "| " + " | ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]) + " |" for line in cells
    ]
    lines.insert(1, "|" + "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])]) + "|")
    return "\n".join(lines)


def _number(value):
    if value is None or not np.isfinite(value):
        return ""
    return f"{value:z.3f}" if abs(value) < 10 else f"{value:.1f}"


def versus(differences):
    """What each pair of rows differs in by more than chance: a line of text for each pair of Comparison.differences."""
    for row, others in differences.items():
        for other, of_columns in others.items():
            sure = {name: x for name, x in of_columns.items() if x["lo"] > 0 or x["hi"] < 0}
            shown = ", ".join(f"{name} {x['value']:+.3f} [{x['lo']:.3f}, {x['hi']:.3f}]" for name, x in sure.items())
            level = ", ".join(name for name in of_columns if name not in sure)
            yield f"{row} less {other}: {shown or 'nothing'}; within chance: {level or 'nothing'}"


def as_text(tells) -> str:
    """What gives the row "accompany" away, a list of forest.Tell, as text."""
    width = max(len(tell.feature) for tell in tells)
    lines = [
        f"{tell.feature:{width}} {_number(tell.auc):>6} {_number(tell.people):>7} {_number(tell.row):>10}"
        for tell in tells
    ]
    return "\n".join([f"{'feature':{width}} {'AUC':>6} {'people':>7} {rows.ACCOMPANY:>10}", *lines])


def write(folder, about, compared) -> None:
    """Write results.json, and results.csv with a line for each row and column.

    Args:
        folder: a pathlib.Path that is there.
        about: what was compared, JSON types by name.
        compared: comparison.Comparison.

    Raises:
        musicvae_jax.FileError: one of them cannot be written.
    """
    tells = {row: [tell._asdict() for tell in found] for row, found in compared.tells.items()}
    results = _finite(about | {"rows": compared.table, "differences": compared.differences, "tells": tells})
    files.write_whole(folder / "results.json", json.dumps(results, indent=1, allow_nan=False) + "\n")
    stream = io.StringIO()
    lines = csv.writer(stream, lineterminator="\n")
    lines.writerow(("row", "column", "value", "lo", "hi"))
    for row, of_columns in results["rows"].items():
        lines.writerows((row, column, *interval.values()) for column, interval in of_columns.items())
    files.write_whole(folder / "results.csv", stream.getvalue())


def _finite(value):
    """The same with None for what is not a finite number, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def draw(folder, songs, written, compared) -> None:
    """Draw bars.png, and the original over what was generated for the first 16 bars of songs.

    Args:
        folder: a pathlib.Path that is there.
        songs: list of selection.Song.
        written: what rows.write gives, of these songs and perhaps more after them.
        compared: the comparison.Comparison.

    Raises:
        musicvae_jax.FileError: matplotlib is missing, or a picture cannot be written.
    """
    plot.bars(compared.table, columns(compared.table), folder / "bars.png")
    row = rows.ACCOMPANY if rows.ACCOMPANY in written else rows.ORACLE
    for number, (song, generated) in enumerate(zip(songs, written[row][0], strict=False)):
        pair = {"original": song.tokens[:WINDOW_STEPS], row: generated[:WINDOW_STEPS]}
        plot.rolls(pair, folder / f"roll-{number}.png")
