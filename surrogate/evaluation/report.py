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
from surrogate.evaluation import comparison, rows, selection
from surrogate.model import attributes, marginals, surrogate_encoder
from surrogate.model.temperatures import TEMPERATURES
from surrogate.rendering import plot

MOST_NEIGHBOURS = 20_000
NO_NEIGHBOURS = "no nearest neighbour and no headline: they need --neighbours=PACK_OR_CORPUS with training windows"


def run(
    input, *, checkpoint=None, neighbours=None, tunes=None, output=None,
    max_windows=1024, rolls=4, temperature=None, seed=0,
) -> str:  # fmt: skip
    """Compare what a model writes for the melodies of songs with the real bass and drums, and with baselines.

    What is left out, and why, and the progress are printed on stderr as it goes.

    Args:
        input: a folder of MIDI files, a pack or an encoded corpus.
        checkpoint: a pretrained name or a model folder; None: the embedded default.
        neighbours: a pack or corpus whose training windows are the nearest neighbours, or None.
        tunes: a table that tells which files of a folder are one tune, or None.
        output: a folder for results.json, results.csv, bars.png and roll-N.png, or None; made where it is not there.
        max_windows: how many are drawn from all.
        rolls: how many songs to draw.
        temperature: of bass and of drums; None: those of accompany.
        seed: of all that is drawn.

    Returns:
        The table and what follows from it, as text.

    Raises:
        surrogate.corpus.dataset.DatasetError, musicvae_jax.CheckpointError, musicvae_jax.FileError, OSError: what was
            given cannot be used, or the results cannot be written.
    """
    checkpoint, temperature = checkpoint or DEFAULT, temperature or TEMPERATURES
    vae = musicvae_jax.load(checkpoint)
    encoder, bilstm = (_load_surrogate(checkpoint, part) for part in ("surrogate", "bilstm"))
    density = attributes.load(checkpoint)
    shift_2xZ = None if density is None else density.shift()
    windows = selection.read(input, max_windows, tunes=tunes, seed=seed)
    training = selection.training(neighbours, MOST_NEIGHBOURS, seed=seed) if neighbours is not None else None
    output = None if output is None else pathlib.Path(output)
    if output is not None:
        files.make_folder(output)
    can_draw = output is not None and _can_draw(output)
    compared = comparison.compare(
        vae, encoder, bilstm, windows, training,
        marginals=marginals.load(checkpoint), seed=seed, temperature=temperature, shift_2xZ=shift_2xZ,
    )  # fmt: skip
    about = {
        "input": str(input),
        "checkpoint": str(checkpoint),
        "neighbours": None if neighbours is None else str(neighbours),
        "windows": len(windows.tokens),
        "songs": len(np.unique(windows.source)),
        "tunes": len(np.unique(windows.tune)),
        "temperature": temperature,
        "seed": seed,
    }
    if output is not None:
        write(output, about, compared)
    if can_draw:
        draw(output, rolls, windows, compared)
    title = "{windows} windows of {songs} songs, {tunes} tunes, of {input}; temperature {temperature}".format(**about)
    return "\n\n".join([title, as_markdown(compared.table), *versus(compared.differences), closing(compared.headline)])


def _say(text):
    print(f"evaluate: {text}", file=sys.stderr)


def _load_surrogate(checkpoint, part):
    """A part of a model folder, or None where it has none."""
    try:
        return surrogate_encoder.load(checkpoint, part=part)
    except CheckpointError as error:
        _say(f"{error}; its rows are left out")
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


def as_markdown(table) -> str:
    """A table {row: {column: {"value", "lo", "hi"}}} as text; a cell without a finite value is blank."""
    shown = columns(table)
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


def closing(headline) -> str:
    """The headline of a Comparison as text, or why there is none."""
    if not headline:
        return NO_NEIGHBOURS
    shares = [
        f"{row} {100 * x['value']:.0f} % [{100 * x['lo']:.0f}, {100 * x['hi']:.0f}]" for row, x in headline.items()
    ]
    return "of the gap in bits from nearest neighbour to oracle: " + "; ".join(shares)


def write(folder, about, compared) -> None:
    """Write results.json, and results.csv with a line for each row and column.

    Args:
        folder: a pathlib.Path that is there.
        about: what was compared, JSON types by name.
        compared: comparison.Comparison.

    Raises:
        musicvae_jax.FileError: one of them cannot be written.
    """
    measured = {"rows": compared.table, "headline": compared.headline, "differences": compared.differences}
    results = _finite(about | measured)
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


def draw(folder, rolls, windows, compared) -> None:
    """Draw bars.png, and the original over the generated for the first window of the first songs.

    Args:
        folder: a pathlib.Path that is there.
        rolls: how many songs.
        windows: selection.Windows.
        compared: the comparison.Comparison of these windows.

    Raises:
        musicvae_jax.FileError: matplotlib is missing, or a picture cannot be written.
    """
    plot.bars(compared.table, columns(compared.table), folder / "bars.png")
    row = rows.ACCOMPANY if rows.ACCOMPANY in compared.generated else rows.ORACLE
    _, first_windows = np.unique(windows.source, return_index=True)
    for number, window in enumerate(first_windows[:rolls]):
        pair = {"original": windows.tokens[window], row: compared.generated[row][window]}
        plot.rolls(pair, folder / f"roll-{number}.png")
