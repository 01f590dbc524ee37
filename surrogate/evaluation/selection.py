"""The windows of songs to judge a model by, each song brought to C by its melody."""

import pathlib
import sys
import typing

import numpy as np

from musicvae_jax import events
from surrogate.corpus import collection, dataset
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.tunes import TuneTable
from surrogate.corpus.window_reader import WindowReader
from surrogate.reading import keys

HOP_BARS = 4
WINDOWS_A_SONG = 24


class Windows(typing.NamedTuple):
    """tokens uint16 [n, 256, 3], in C; int64 [n]: tune, source (song) and shift, the semitones moved up to be in C."""

    tokens: np.ndarray
    tune: np.ndarray
    source: np.ndarray
    shift: np.ndarray


def read(path, max_windows: int, *, tunes=None, seed: int = 0) -> Windows:
    """Reads the windows to judge by, of a folder of MIDI or of the validation split of a pack or encoded corpus.

    Args:
        path: of any of them.
        max_windows: at most so many are drawn.
        tunes: a table with the columns file and tune_group; songs of a folder that it does not name are a tune each.
        seed: of the draw.

    Raises:
        DatasetError: it is none of these, or holds no window.
        OSError: the table cannot be read.
    """
    is_corpus = pathlib.Path(path).suffix == ".npz" or (pathlib.Path(path) / "manifest.json").exists()
    tokens, tune, source = _of_corpus(path) if is_corpus else _of_folder(path, tunes)
    if not len(tokens):
        what = "validation window" if is_corpus else "window of 16 bars with melody, bass and drums"
        raise DatasetError(f"{path}: holds no {what}")
    chosen = np.random.default_rng(seed).choice(len(tokens), min(max_windows, len(tokens)), replace=False)
    chosen.sort()
    shift = np.zeros(len(tokens), np.int64)
    for song in np.unique(source[chosen]):  # by all its windows, also those not drawn
        shift[source == song] = keys.semitones_to_c(tokens[source == song, :, 0])
    return Windows(events.transpose(tokens[chosen], shift[chosen]), tune[chosen], source[chosen], shift[chosen])


def training(path, max_windows: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draws windows of the training split of a pack or encoded corpus.

    Args:
        path: of either.
        max_windows: at most so many are drawn.
        seed: of the draw.

    Returns:
        tokens uint16 [n, 256, 3] and tune int64 [n].

    Raises:
        DatasetError: it is neither, or holds no training window.
    """
    data = dataset.open(path)
    rows = data.indices("train")
    if not len(rows):
        raise DatasetError(f"{path}: holds no training window")
    rows = np.sort(np.random.default_rng(seed).choice(rows, min(max_windows, len(rows)), replace=False))
    return data.rows(rows, "tokens"), data.tune[rows]


def _of_corpus(path):
    data = dataset.open(path)
    rows = data.indices("validation")
    return data.rows(rows, "tokens"), data.tune[rows], data.rows(rows, "source").astype(np.int64)


def _of_folder(path, tunes):
    table, found = TuneTable.read(tunes), collection.songs(str(path))
    if mismatch := table.describe_mismatch([song.name for song in found]):
        print(f"evaluate: {mismatch}", file=sys.stderr)
    reader = WindowReader(grid="beats", hop_bars=HOP_BARS, max_windows=WINDOWS_A_SONG, seed=0)
    windows, tune = [], []
    for song, result in zip(found, reader.map(reader.read, found), strict=True):
        if isinstance(result, str):
            print(f"evaluate: skipped {song.name}: {result}", file=sys.stderr)
            continue
        content, tokens = result
        windows.append(tokens)
        tune.append(table.tune_id(song.name, content))
    if not windows:
        return [], [], []
    counts = [len(tokens) for tokens in windows]
    return np.concatenate(windows), np.repeat(tune, counts), np.repeat(np.arange(len(windows)), counts)
