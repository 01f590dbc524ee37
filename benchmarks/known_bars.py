"""How well the rest of a song's bass and drums is guessed, the more of its first bars are known.

    python -m benchmarks.known_bars --input=SONGS.npz [--max_songs=200] [--seed=0]

SONGS.npz is a pack of whole songs that scripts.encode_corpus makes, or a folder of MIDI; of a pack its validation songs
are taken. Bass and drums are people's up to a bar, and written from there on; judged is what all of them write, from
bar 17 on, as surrogate.evaluation.metrics has it. What no bar is known for is what the melody alone tells.
"""

import argparse

import numpy as np

from musicvae_jax import checkpoint
from musicvae_jax.events import BASS, DRUMS, MELODY, STEPS_PER_BAR
from surrogate.evaluation import metrics, selection
from surrogate.model import bands
from surrogate.model.band import MelodyLine, Wishes

KNOWN = (0, 1, 2, 4, 8, 16)
JUDGED_FROM, LEAST = 16, 32  # bars
AT_ONCE = 16


def line(song, known: int) -> MelodyLine:
    """A song's melody, with bass and drums of so many bars."""
    anew_T = np.arange(len(song.tokens)) >= known * STEPS_PER_BAR
    own = {"bass": song.tokens[:, BASS], "drums": song.tokens[:, DRUMS]} if known else {}
    return MelodyLine(song.tokens[:, MELODY], song.tempo, **own, anew=np.stack([anew_T] * 2, 1) if known else None)


def written(band, songs, known: int, seed: int):
    """Songs whose first bars are known, as they are played: uint16 [T, 3] each."""
    for first in range(0, len(songs), AT_ONCE):
        own = songs[first : first + AT_ONCE]
        for song, [take] in zip(own, band.write([line(song, known) for song in own], Wishes(seed=seed)), strict=True):
            yield np.column_stack([song.tokens[:, MELODY], take.tokens])


def figures(songs, music) -> list[float]:
    """Means over songs, of all measures of likeness."""
    judged = slice(JUDGED_FROM * STEPS_PER_BAR, None)
    values = []
    for song, own_Tx3 in zip(songs, music, strict=True):
        pair = song.tokens[None, judged], own_Tx3[None, judged]
        ratios = [measure(*pair) for measure in metrics.LIKENESS.values()]
        values.append([part[0] / whole[0] if whole[0] else np.nan for part, whole in ratios])
    return np.nanmean(values, axis=0).tolist()


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True)
    parser.add_argument("--tunes")
    parser.add_argument("--max_songs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", default=checkpoint.DEFAULT)
    flags = parser.parse_args(argv)
    songs = selection.read(flags.input, flags.max_songs, tunes=flags.tunes, seed=flags.seed)
    songs = sorted((song for song in songs if len(song.tokens) >= LEAST * STEPS_PER_BAR), key=lambda x: len(x.tokens))
    names = list(metrics.LIKENESS)
    print(f"{len(songs)} songs\n\n| bars known | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    band = bands.load(flags.checkpoint)
    for known in KNOWN:
        values = figures(songs, written(band, songs, known, flags.seed))
        print(f"| {known} | {' | '.join(f'{value:.3f}' for value in values)} |", flush=True)


if __name__ == "__main__":
    main()
