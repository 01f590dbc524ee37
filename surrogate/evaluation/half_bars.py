"""How well chords and bass of half bars fit those of people, from the melody alone and with chords given."""

import numpy as np

from musicvae_jax.events import BASS, MELODY, STEPS_PER_BAR, held_pitches
from surrogate.evaluation import rows
from surrogate.model.band import MelodyLine
from surrogate.reading.chords import NOTES_OF_QUALITIES_Qx12

GUESSES = 3
COLUMNS = (
    "root_written",
    *(f"root_in_{guess}" for guess in range(1, GUESSES + 1)),
    "bass_class",
    "bass_on_chord",
    "bass_on_root",
)
"""See docs/metrics.md."""


def compare(band, songs, bootstrap, *, seed=0) -> dict[str, dict]:
    """A table of half bars.

    Args:
        band: a surrogate.model.band.Band that knows chords.
        songs: list of selection.Song.
        bootstrap: bootstrap.Bootstrap over their tunes.
        seed: of the takes.

    Returns:
        {row: {column: interval}}.
    """
    table = {}
    for row, gives_chords in ((rows.ACCOMPANY, False), (rows.CHORDS_GIVEN, True)):
        takes = rows.takes_of(band, songs, seed=seed, gives_chords=gives_chords)
        heard = [
            None if gives_chords else band.heard_roots(MelodyLine(song.tokens[:, MELODY], song.tempo)) for song in songs
        ]
        of_songs = [of_song(song, best, roots) for song, (best, *_), roots in zip(songs, takes, heard, strict=True)]
        table[row] = {
            column: bootstrap.ratio(*np.array([counts[column] for counts in of_songs], np.float64).T)
            for column in COLUMNS
            if column in of_songs[0]
        }
    return table


def of_song(song, take, heard_SxHx12=None) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of every column; of roots, those written and those heard, where they are not given.

    Args:
        song: selection.Song.
        take: band.WrittenParts.
        heard_SxHx12: what roots were heard, as SongBand.heard_roots gives it; None where chords were given.
    """
    chords_Hx2 = take.chords.reshape(-1, 2)
    bass_H, real_H = longest(take.tokens[:, 0]), longest(song.tokens[:, BASS])
    both, over_chord = (bass_H >= 0) & (real_H >= 0), (bass_H >= 0) & (chords_Hx2[:, 0] >= 0)
    on_chord = NOTES_OF_QUALITIES_Qx12[chords_Hx2[:, 1], (bass_H - chords_Hx2[:, 0]) % 12]
    counts = {
        "bass_class": (both & (bass_H == real_H), both),
        "bass_on_chord": (over_chord & on_chord, over_chord),
        "bass_on_root": (over_chord & (bass_H == chords_Hx2[:, 0]), over_chord),
    }
    if heard_SxHx12 is not None:
        root_H = song.roots.reshape(-1)
        is_right_HxG, everywhere = right_guesses(heard_SxHx12, root_H), np.ones(len(root_H), bool)
        counts["root_written"] = chords_Hx2[:, 0] == root_H, everywhere
        for guess in range(1, GUESSES + 1):
            counts[f"root_in_{guess}"] = is_right_HxG[:, guess - 1], everywhere
    return {column: (int(hits.sum()), int(of.sum())) for column, (hits, of) in counts.items()}


def right_guesses(heard_SxHx12, root_H) -> np.ndarray:
    """Whether the root of each half bar, int [H], is among the likeliest one, two, ... GUESSES: bool [H, GUESSES]."""
    ranked_HxG = np.argsort(-heard_SxHx12.reshape(-1, 12), axis=1, kind="stable")[:, :GUESSES]
    return np.logical_or.accumulate(ranked_HxG == root_H[:, None], axis=1)


def longest(line_T) -> np.ndarray:
    """The pitch class that a line, int [S * 16] tokens, holds longest in each half bar: int64 [S * 2], -1 for none."""
    pitch_HxT = held_pitches(line_T).reshape(-1, STEPS_PER_BAR // 2)
    counts_Hx12 = ((pitch_HxT[..., None] % 12 == np.arange(12)) & (pitch_HxT >= 0)[..., None]).sum(1)
    return np.where(counts_Hx12.any(1), counts_Hx12.argmax(1), -1)
