"""The windows of songs to judge a model by, each song brought to C by its melody."""

import pathlib
import sys
import typing

import numpy as np

from musicvae_jax import events
from surrogate.corpus import collection, dataset, scan
from surrogate.reading import keys

HOP_BARS = 4
WINDOWS_A_SONG = 24


class Windows(typing.NamedTuple):
    """tokens uint16 [n, 256, 3], in C; int64 [n]: tune, source (song) and shift, the semitones moved up to be in C."""

    tokens: np.ndarray
    tune: np.ndarray
    source: np.ndarray
    shift: np.ndarray


def read(path, max_windows, *, tunes=None, seed=0) -> Windows:
    """At most max_windows, drawn by seed, of a folder of MIDI or of the validation split of a pack or encoded corpus.

    tunes: a table with the columns file and tune_group; songs of a folder that it does not name are a tune each.

    Raises:
        dataset.DatasetError: it is none of these, or holds no window; OSError: the table cannot be read.
    """
    is_corpus = pathlib.Path(path).suffix == ".npz" or (pathlib.Path(path) / "manifest.json").exists()
    tokens, tune, source = _of_corpus(path) if is_corpus else _of_folder(path, tunes)
    if not len(tokens):
        what = "validation window" if is_corpus else "window of 16 bars with melody, bass and drums"
        raise dataset.DatasetError(f"{path}: holds no {what}")
    chosen = np.random.default_rng(seed).choice(len(tokens), min(max_windows, len(tokens)), replace=False)
    chosen.sort()
    shift = np.zeros(len(tokens), np.int64)
    for song in np.unique(source[chosen]):  # by all its windows, also those not drawn
        shift[source == song] = keys.semitones_to_c(tokens[source == song, :, 0])
    return Windows(events.transpose(tokens[chosen], shift[chosen]), tune[chosen], source[chosen], shift[chosen])


def training(path, most, *, seed=0):
    """At most `most` windows, drawn by seed, of the training split of a pack or encoded corpus, and their tunes."""
    data = dataset.open(path)
    rows = data.indices("train")
    if not len(rows):
        raise dataset.DatasetError(f"{path}: holds no training window")
    rows = np.sort(np.random.default_rng(seed).choice(rows, min(most, len(rows)), replace=False))
    return data.rows(rows, "tokens"), data.tune[rows]


def _of_corpus(path):
    data = dataset.open(path)
    rows = data.indices("validation")
    if not len(rows):
        return [], [], []
    return data.rows(rows, "tokens"), data.tune[rows], data.rows(rows, "source").astype(np.int64)


def _of_folder(path, tunes):
    groups = scan.tune_groups(tunes) if tunes else {}
    found = collection.songs(str(path))
    reader = scan.SongReader("beats", hop_bars=HOP_BARS, max_windows=WINDOWS_A_SONG, seed=0)
    windows, tune = [], []
    for song, result in zip(found, reader.map(scan.cut, found), strict=True):
        if isinstance(result, str):
            print(f"evaluate: skipped {song.name}: {result}", file=sys.stderr)
            continue
        content, tokens = result
        windows.append(tokens)
        tune.append(dataset.tune_id(groups.get(song.name, content)))
    if not windows:
        return [], [], []
    counts = [len(tokens) for tokens in windows]
    return np.concatenate(windows), np.repeat(tune, counts), np.repeat(np.arange(len(windows)), counts)
