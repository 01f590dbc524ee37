"""Pieces of music side by side: as MIDI files, as piano rolls, and as a page that plays them."""

import dataclasses
import os
import pathlib

import numpy as np

from musicvae_jax import checkpoint, files, midi
from musicvae_jax.events import STEPS_PER_BAR, TRACKS
from musicvae_jax.score import tokens_to_score
from surrogate.rendering import page, plot

ROLL, PAGE = "roll.png", "page.html"
_BARS_DRAWN = 16


@dataclasses.dataclass(frozen=True, repr=False)
class Pieces:
    """Pieces of equal length.

    title: of all. labels: what each is. tokens: of each, uint16 [T, 3]. tempo: beats a minute.
    """

    title: str
    labels: tuple[str, ...]
    tokens: tuple[np.ndarray, ...]
    tempo: float

    def __repr__(self) -> str:
        return f"<Pieces: {self.title}; {len(self)} of {len(self.tokens[0]) // STEPS_PER_BAR} bars>"

    def __len__(self) -> int:
        return len(self.tokens)

    def midi(self, path: files.FilePath, number: int = 0) -> None:
        """Writes a piece, the first by default, as a MIDI file; musicvae_jax.FileError where it cannot be written."""
        midi.write(tokens_to_score(self.tokens[number], self.tempo), path)

    def plot(self, path: files.FilePath) -> None:
        """Draws the first 16 bars of all; needs the extra media.

        Raises:
            musicvae_jax.FileError: matplotlib is missing or knows no such suffix, or the file cannot be written.
        """
        plot.rolls(
            {
                f"{number}: {label}": tokens[: _BARS_DRAWN * STEPS_PER_BAR]
                for number, (label, tokens) in enumerate(zip(self.labels, self.tokens, strict=True), 1)
            },
            path,
        )

    def html(self, path: files.FilePath) -> None:
        """Writes one page that shows and plays all; musicvae_jax.FileError where it cannot be written."""
        scores = [tokens_to_score(tokens, self.tempo) for tokens in self.tokens]
        bar_ticks = np.arange(len(self.tokens[0]) // STEPS_PER_BAR + 1) * 4 * scores[0].ticks_per_quarter
        page.write(path, title=self.title, scores=scores, labels=self.labels, roles=TRACKS, bar_ticks=bar_ticks)

    def save(self, folder: files.FilePath, *, picture: bool = True) -> list[pathlib.Path]:
        """Writes 1.mid, 2.mid, ..., page.html and roll.png into a folder, made if need be; returns their paths.

        Args:
            folder: where to.
            picture: whether to draw roll.png, which needs the extra media.

        Raises:
            musicvae_jax.FileError: one of them cannot be written.
        """
        folder = pathlib.Path(folder)
        check(folder, picture=picture)
        files.make_folder(folder)
        paths = [folder / f"{number}.mid" for number in range(1, len(self) + 1)]
        for number, path in enumerate(paths):
            self.midi(path, number)
        self.html(folder / PAGE)
        if picture:
            self.plot(folder / ROLL)
        return [*paths, folder / PAGE, *([folder / ROLL] if picture else [])]


def check(folder: files.FilePath, *, read=(), picture: bool = True) -> None:
    """Refuses a folder for what is found before any work is done for it.

    Args:
        folder: where to; it need not be there.
        read: files that are read, none of which may lie in it.
        picture: whether there is to be one.

    Raises:
        musicvae_jax.FileError: a file that is read lies in it, it is a model's or a file, or no picture can be drawn.
    """
    own = os.path.realpath(folder)
    for path in read:
        if os.path.dirname(os.path.realpath(path)) == own:
            raise files.FileError(folder, f"holds {os.path.basename(path)}, which is read; give another output")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise files.FileError(folder, "is a file; give a folder")
    if checkpoint.model_around(folder) is not None:
        raise files.FileError(folder, "is in a model's folder; give another output")
    if picture:
        plot.check(pathlib.Path(folder) / ROLL)
