"""How well chords and bass of half bars fit those of people, from the melody alone and with chords given."""

import numpy as np

from musicvae_jax.events import BASS, STEPS_PER_BAR, held_pitches
from surrogate.evaluation import rows
from surrogate.reading.chords import QUALITIES

TAKES = 8
"""That vote on each root."""
GUESSES = 3
COLUMNS = (*(f"root_in_{guess}" for guess in range(1, GUESSES + 1)), "bass_class", "bass_on_chord", "bass_on_root")
"""See docs/metrics.md."""
NOTES_OF_QUALITIES_Qx12 = np.array([np.isin(np.arange(12), notes) for notes in QUALITIES.values()])
"""bool [qualities, 12]: which semitones above its root are of a chord of each quality."""


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
        takes = rows.takes_of(band, songs, seed=seed, takes=TAKES, gives_chords=gives_chords)
        of_songs = [of_song(song, own, gives_chords=gives_chords) for song, own in zip(songs, takes, strict=True)]
        table[row] = {
            column: bootstrap.ratio(*np.array([counts[column] for counts in of_songs], np.float64).T)
            for column in COLUMNS
            if column in of_songs[0]
        }
    return table


def of_song(song, takes, *, gives_chords) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of every column; roots are left out where they are given.

    Args:
        song: selection.Song.
        takes: its band.WrittenParts, the best first.
        gives_chords: whether the song's chords were given.
    """
    best = takes[0]
    chords_Hx2 = best.chords.reshape(-1, 2)
    bass_H, real_H = longest(best.tokens[:, 0]), longest(song.tokens[:, BASS])
    both, over_chord = (bass_H >= 0) & (real_H >= 0), (bass_H >= 0) & (chords_Hx2[:, 0] >= 0)
    on_chord = NOTES_OF_QUALITIES_Qx12[chords_Hx2[:, 1], (bass_H - chords_Hx2[:, 0]) % 12]
    counts = {
        "bass_class": (both & (bass_H == real_H), both),
        "bass_on_chord": (over_chord & on_chord, over_chord),
        "bass_on_root": (over_chord & (bass_H == chords_Hx2[:, 0]), over_chord),
    }
    if not gives_chords:
        votes_KxH = np.stack([take.chords[..., 0].reshape(-1) for take in takes])
        counts_Hx12 = (votes_KxH[..., None] == np.arange(12)).sum(0)
        ranked_HxG = np.argsort(-counts_Hx12, axis=1, kind="stable")[:, :GUESSES]
        is_right_HxG = (ranked_HxG == song.roots.reshape(-1, 1)) & (np.take_along_axis(counts_Hx12, ranked_HxG, 1) > 0)
        for guess in range(1, GUESSES + 1):
            counts[f"root_in_{guess}"] = is_right_HxG[:, :guess].any(1), np.ones(len(is_right_HxG), bool)
    return {column: (int(hits.sum()), int(of.sum())) for column, (hits, of) in counts.items()}


def longest(line_T) -> np.ndarray:
    """The pitch class that a line, int [S * 16] tokens, holds longest in each half bar: int64 [S * 2], -1 for none."""
    pitch_HxT = held_pitches(line_T).reshape(-1, STEPS_PER_BAR // 2)
    counts_Hx12 = ((pitch_HxT[..., None] % 12 == np.arange(12)) & (pitch_HxT >= 0)[..., None]).sum(1)
    return np.where(counts_Hx12.any(1), counts_Hx12.argmax(1), -1)
