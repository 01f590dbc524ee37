"""An evaluation from the flags of scripts/comparison.py to its table, results.json, results.csv and plots."""

import csv
import io
import json
import math
import sys

import numpy as np

import musicvae_jax
import surrogate
from musicvae_jax import cache, checkpoint, files
from surrogate.accompaniment.options import TEMPERATURES
from surrogate.evaluation import comparison, selection
from surrogate.model import attributes, marginals

MOST_NEIGHBOURS = 20_000
NO_NEIGHBOURS = "no nearest neighbour and no headline: they need --neighbours=PACK_OR_CORPUS with training windows"


def run(flags) -> str:
    """Does what the flags say and returns what to print.

    Raises: dataset.DatasetError, musicvae_jax.CheckpointError or OSError for a user's mistake.
    """
    cache.keep_compiled_programs()
    name = flags.checkpoint or checkpoint.DEFAULT
    vae = musicvae_jax.load(name)
    encoder, bilstm = _surrogate(name, "surrogate"), _surrogate(name, "bilstm")
    windows = selection.read(flags.input, flags.max_windows, tunes=flags.tunes, seed=flags.seed)
    neighbours = flags.neighbours and selection.training(flags.neighbours, MOST_NEIGHBOURS, seed=flags.seed)
    if flags.output:
        flags.output.mkdir(parents=True, exist_ok=True)
    temperature = flags.temperature or TEMPERATURES
    density = attributes.load(name)
    options = dict(
        marginals=marginals.load(name), seed=flags.seed, temperature=temperature,
        shift_2xZ=density and density.shift(),
    )  # fmt: skip
    rows, generated, headline, differences = comparison.compare(
        vae, encoder, bilstm, windows, neighbours or None, **options
    )
    about = {
        "input": flags.input,
        "checkpoint": name,
        "neighbours": flags.neighbours,
        "windows": len(windows.tokens),
        "songs": len(np.unique(windows.source)),
        "tunes": len(np.unique(windows.tune)),
        "temperature": temperature,
        "seed": flags.seed,
    }
    if flags.output:
        write(flags.output, about, rows, headline, differences)
        draw(flags.output, flags.rolls, windows, rows, generated)
    title = "{windows} windows of {songs} songs, {tunes} tunes, of {input}; temperature {temperature}".format(**about)
    return "\n\n".join([title, comparison.markdown(rows), *versus(differences), closing(headline)])


def closing(headline) -> str:
    """The headline as text, or why there is none."""
    if not headline:
        return NO_NEIGHBOURS
    shares = [
        f"{row} {100 * x['value']:.0f} % [{100 * x['lo']:.0f}, {100 * x['hi']:.0f}]" for row, x in headline.items()
    ]
    return "of the gap in bits from nearest neighbour to oracle: " + "; ".join(shares)


def versus(differences):
    """What each pair of rows differs in by more than chance, as text."""
    for row, others in differences.items():
        for other, columns in others.items():
            sure = {name: x for name, x in columns.items() if x["lo"] > 0 or x["hi"] < 0}
            shown = ", ".join(f"{name} {x['value']:+.3f} [{x['lo']:.3f}, {x['hi']:.3f}]" for name, x in sure.items())
            level = ", ".join(name for name in columns if name not in sure)
            yield f"{row} less {other}: {shown or 'nothing'}; within chance: {level or 'nothing'}"


def write(folder, about, rows, headline, differences):
    """results.json, and results.csv with a line for each row and column."""
    results = _finite(about | {"rows": rows, "headline": headline, "differences": differences})
    files.write_whole(folder / "results.json", json.dumps(results, indent=1, allow_nan=False) + "\n")
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(("row", "column", "value", "lo", "hi"))
    for row, columns in results["rows"].items():
        table.writerows((row, column, *values.values()) for column, values in columns.items())
    files.write_whole(folder / "results.csv", stream.getvalue())


def draw(folder, rolls, windows, rows, generated):
    """bars.png, and the original over the generated for the first window of the first songs."""
    try:
        from surrogate.rendering import plot

        plot.bars(rows, comparison.columns(rows), folder / "bars.png")
    except ModuleNotFoundError as error:
        return print(f"evaluate: no plots: {error}; install the extra media", file=sys.stderr)
    row = comparison.ACCOMPANY if comparison.ACCOMPANY in generated else comparison.ORACLE
    _, first = np.unique(windows.source, return_index=True)
    for number, window in enumerate(first[:rolls]):
        pair = {"original": windows.tokens[window], row: generated[row][window]}
        plot.rolls(pair, folder / f"roll-{number}.png")


def _surrogate(name, part):
    try:
        return surrogate.load(name, part=part)
    except checkpoint.CheckpointError as error:
        print(f"evaluate: {error}; its rows are left out", file=sys.stderr)


def _finite(value):
    """The same with None for what is not a finite number, which JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
