"""Packs of whole songs: one compressed .npz that holds the bars of all songs, end to end."""

import pathlib

import numpy as np

from surrogate.corpus import shards
from surrogate.corpus.errors import DatasetError
from surrogate.corpus.tunes import SPLITS
from surrogate.corpus.whole_song import BASS_LINE, WholeSong

BAR_FIELDS = ("lines", "drums", "chroma", "chord", "stretch")
"""Of a WholeSong; the others are one value a song."""
SONG_FIELDS = ("first_bar", "tempo", "tune", "source", "split", "name")


class Songs:
    """Whole songs with random access; `len()` counts them.

    first_bar, tempo, tune, source, split, name: [n], of each song its place among all bars, its tempo, its tune, its
        number in the collection, the index into tunes.SPLITS and its name in the collection.
    manifest: what encode_corpus tells of it: settings, counts and every rejected file with its reason.
    """

    def __init__(self, arrays: dict[str, np.ndarray], manifest: dict):
        self._bars = {field: arrays[field] for field in BAR_FIELDS}
        self.first_bar, self.tempo, self.tune, self.source, self.split, self.name = (arrays[f] for f in SONG_FIELDS)
        self.manifest = manifest
        self.end_bar = np.append(self.first_bar[1:], self.bars)

    @property
    def bars(self) -> int:
        """How many bars all songs have together."""
        return len(self._bars["lines"])

    def __len__(self) -> int:
        return len(self.first_bar)

    def __getitem__(self, index: int) -> WholeSong:
        """One song."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"song {index} of {len(self)}")
        own = slice(self.first_bar[index], self.end_bar[index])
        return WholeSong(**{name: values[own] for name, values in self._bars.items()}, tempo=float(self.tempo[index]))

    def describe(self) -> str:
        """What is in it, in a few words."""
        counts = zip(np.bincount(self.split, minlength=len(SPLITS)), SPLITS, strict=True)
        return f"{len(self)} songs of {self.bars} bars: " + ", ".join(f"{n} {name}" for n, name in counts if n)

    def indices(self, split: str, *, complete: bool = False, share: float = 1.0) -> np.ndarray:
        """Numbers of the songs of a split.

        Args:
            split: one of tunes.SPLITS.
            complete: only those in which both bass and drums play.
            share: of its tunes, 0 to 1; the same tunes each time, and a smaller share is part of a larger one.

        Returns:
            int64 [n], rising.
        """
        place = self.tune // 100_000 % 100_000 / 100_000  # other digits than those that split
        chosen = (self.split == SPLITS.index(split)) & (place < share)
        if complete:
            for tokens in (self._bars["lines"][:, BASS_LINE], self._bars["drums"]):
                chosen = chosen & np.logical_or.reduceat(tokens.any(axis=1), self.first_bar)
        return np.flatnonzero(chosen)


def open(path) -> Songs:
    """Opens a pack of whole songs; DatasetError if the file is none."""
    try:
        arrays, manifest = shards.read_arrays(path, (*BAR_FIELDS, *SONG_FIELDS))
    except ValueError as error:
        raise DatasetError(f"{path}: not a pack of whole songs ({error})") from None
    missing = [field for field in (*BAR_FIELDS, *SONG_FIELDS) if field not in arrays]
    if manifest is None:
        missing.append("manifest")
    lengths = [{len(arrays[field]) for field in fields if field in arrays} for fields in (BAR_FIELDS, SONG_FIELDS)]
    if missing or max(map(len, lengths)) > 1:
        what = f"it lacks {missing[0]}" if missing else "its arrays differ in length"
        raise DatasetError(f"{path}: not a pack of whole songs ({what}); encode_corpus --config.unit=song makes one")
    return Songs(arrays, manifest)


def write(path, whole_songs, fields: dict, manifest: dict) -> int:
    """Writes whole songs as one compressed file.

    Args:
        path: the pack.
        whole_songs: iterable of WholeSong, as many as fields tell of.
        fields: arrays of one value a song; tune, source, split and name.
        manifest: how they were made, as JSON types.

    Returns:
        How many bars they have.
    """
    gathered, tempos = {field: [] for field in BAR_FIELDS}, []
    for song in whole_songs:
        tempos.append(song.tempo)
        for field, values in gathered.items():
            values.append(getattr(song, field))
    ends = np.cumsum([len(lines) for lines in gathered["lines"]])
    per_song = {"first_bar": np.append(0, ends[:-1]), "tempo": np.array(tempos, np.float32)} | fields
    arrays = {field: _end_to_end(values) for field, values in gathered.items()}
    shards.write_arrays(pathlib.Path(path), arrays | per_song, manifest)
    return int(ends[-1])


def _end_to_end(values) -> shards.Blocks:
    shape = (sum(map(len, values)), *values[0].shape[1:])
    return shards.Blocks(shape, values[0].dtype.newbyteorder("<").str, values)
