"""A map of a corpus: its songs in the plane in which their latents differ most, coloured by what is known of them."""

import collections
import csv
import dataclasses
import html
import json
import pathlib
import re

import numpy as np

from musicvae_jax import files
from musicvae_jax.events import BARS_PER_WINDOW
from surrogate.corpus import dataset
from surrogate.corpus.errors import DatasetError
from surrogate.exploration import colours
from surrogate.rendering import plot

_PAGE = pathlib.Path(__file__).parent / "map.html"
SOURCES = "sources.csv"


@dataclasses.dataclass(frozen=True, repr=False)
class CorpusMap:
    """Songs in a plane.

    title: of the map. names: of the songs. places: float64 [n, 2]. shares: of the variance of latents, that of each
    axis. column: what they are coloured by. values: of it, a text each.
    """

    title: str
    names: tuple[str, ...]
    places: np.ndarray
    shares: tuple[float, float]
    column: str
    values: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<CorpusMap of {len(self.names)} songs by {self.column}>"

    @property
    def facts(self) -> str:
        """How many songs, and how much of their differences the plane holds."""
        first, second = (f"{100 * share:.0f} %" for share in self.shares)
        return f"{len(self.names)} songs by {self.column}; the axes hold {first} and {second} of the variance"

    def plot(self, path: files.FilePath) -> None:
        """Draws the map; needs the extra media.

        Raises:
            musicvae_jax.FileError: matplotlib is missing or knows no such suffix, or the file cannot be written.
        """
        colour, legend = colours.of_values(self.values)
        plot.points(self.places, colour, legend, path, title=f"{self.title}: {self.facts}")

    def html(self, path: files.FilePath) -> None:
        """Writes one page, without a network, that names the song under the pointer; FileError if it cannot be."""
        colour, legend = colours.of_values(self.values)
        low, high = self.places.min(0), self.places.max(0)
        places = (self.places - low) / np.maximum(high - low, 1e-12)
        labels = [f"{name} · {self.column}: {value}" for name, value in zip(self.names, self.values, strict=True)]
        points = [[*map(float, place.round(4)), *rest] for place, *rest in zip(places, colour, labels, strict=True)]
        fields = {
            "title": html.escape(self.title),
            "facts": html.escape(self.facts),
            "legend": "".join(f'<li style="--own: {own}">{html.escape(name)}' for name, own in legend.items()),
            # A string in JSON may hold "</script>", where HTML would end the script.
            "points": json.dumps(points, separators=(",", ":")).replace("<", "\\u003c"),
        }
        page = re.sub(r"\{\{(\w+)\}\}", lambda field: fields[field[1]], _PAGE.read_text(encoding="utf-8"))
        files.write_whole(path, page.encode("utf-8", "replace"))  # a file name may hold bytes that are no text


def of_corpus(space, corpus, *, colour: str = "split", table=None) -> CorpusMap:
    """Lays the songs of an encoded corpus out by the means of their latents, in their first two principal components.

    Args:
        space: the LatentSpace of the model that encoded the corpus.
        corpus: the folder.
        colour: a column of its sources.csv, or of the table.
        table: a CSV with a column file, as in sources.csv, and others to colour by; None: sources.csv.

    Raises:
        DatasetError: it is no encoded corpus, has fewer than three songs, there is no such column, or the table names
            no file of the corpus.
        OSError: the table cannot be read.
    """
    corpus = pathlib.Path(corpus)
    data = dataset.open(corpus)
    if not data.encoded:
        raise DatasetError(f"{corpus}: holds no latents; encode_corpus --config.output=FOLDER makes a corpus that does")
    file_of_source = {row["source"]: row["file"] for row in _rows(corpus / SOURCES, ("source", "file"))}
    table = table or corpus / SOURCES
    value_of_file = {row["file"]: row[colour] for row in _rows(table, ("file", colour))}
    means = _means(data, space)
    if len(means) < 3:
        raise DatasetError(f"{corpus}: has {len(means)} songs, too few for a map")
    names = [file_of_source.get(str(source), f"source {source}") for source in means]
    if value_of_file.keys().isdisjoint(names):
        raise DatasetError(f"{table}: names none of the files of {corpus / SOURCES}, such as {names[0]}")
    places, shares = principal(np.stack(list(means.values())))
    values = tuple(value_of_file.get(name, "") or "unknown" for name in names)
    return CorpusMap(corpus.name, tuple(names), places, shares, colour, values)


def principal(x_nxD) -> tuple[np.ndarray, tuple[float, float]]:
    """The first two principal components.

    Args:
        x_nxD: float [n, D].

    Returns:
        float64 [n, 2], and the share of the variance that each has.
    """
    centred = x_nxD.astype(np.float64) - x_nxD.mean(0)
    variance, axes = np.linalg.eigh(centred.T @ centred)
    first_two = axes[:, -2:][:, ::-1]
    first_two *= np.sign(first_two[np.abs(first_two).argmax(0), [0, 1]])  # else another machine may mirror the map
    shares = variance[::-1][:2] / max(variance.sum(), 1e-12)
    return centred @ first_two, (float(shares[0]), float(shares[1]))


def _means(data, space):
    """The mean of the latents of every song, {source: float64 [Z]}."""
    total, count = collections.defaultdict(float), collections.Counter()
    for shard in data.shards:
        mu = shard["mu"][:].reshape(len(shard["mu"]), BARS_PER_WINDOW // space.span, -1).mean(1, dtype=np.float64)
        for source in np.unique(own := shard["source"][:]):
            total[int(source)] += mu[own == source].sum(0)
            count[int(source)] += int((own == source).sum())
    return {source: total[source] / count[source] for source in sorted(total)}


def _rows(path, columns):
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            for column in columns:
                if column not in (reader.fieldnames or ()):
                    raise DatasetError(f"{path}: has no column {column}, only {', '.join(reader.fieldnames or ())}")
            return list(reader)
    except (UnicodeDecodeError, csv.Error):
        raise DatasetError(f"{path}: is not a CSV in UTF-8") from None
