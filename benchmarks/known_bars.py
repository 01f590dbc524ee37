"""How well the rest of a song's bass and drums is guessed, the more of its first bars are known.

    python -m benchmarks.known_bars --input=SONGS.npz [--max_songs=200] [--seed=0]

SONGS.npz is a pack of whole songs that scripts.encode_corpus makes, or a folder of MIDI; of a pack its validation songs
are taken. Bass and drums are people's up to a bar, and written from there on; judged is what all of them write, from
bar 17 on, as surrogate.evaluation.metrics has it. What no bar is known for is what the melody alone tells.
"""

import argparse

import numpy as np

from musicvae_jax import checkpoint
from musicvae_jax.events import BASS, DRUMS, MELODY, NOTE_OFF, STEPS_PER_BAR
from surrogate.evaluation import metrics, selection
from surrogate.model import bands
from surrogate.model.band import MelodyLine, Wishes

KNOWN = (0, 1, 2, 4, 8, 16)
JUDGED_FROM, LEAST = 16, 32  # bars


def line(song, known: int) -> MelodyLine:
    """A song's melody, with bass and drums of so many bars, and silence after them, which is written anew."""
    steps = known * STEPS_PER_BAR
    if not steps:
        return MelodyLine(song.tokens[:, MELODY], song.tempo)
    own_Tx3, anew_Tx2 = song.tokens.copy(), np.zeros((len(song.tokens), 2), bool)
    own_Tx3[steps:], own_Tx3[steps, BASS], anew_Tx2[steps:] = 0, NOTE_OFF, True
    return MelodyLine(song.tokens[:, MELODY], song.tempo, own_Tx3[:, BASS], own_Tx3[:, DRUMS], anew=anew_Tx2)


def written(band, songs, known: int, seed: int) -> list[np.ndarray]:
    """Songs whose first bars are known, as they are played: uint16 [T, 3] each."""
    takes = band.write([line(song, known) for song in songs], Wishes(seed=seed))
    return [np.column_stack([song.tokens[:, MELODY], take.tokens]) for song, [take] in zip(songs, takes, strict=True)]


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
    songs = [song for song in songs if len(song.tokens) >= LEAST * STEPS_PER_BAR]
    names = list(metrics.LIKENESS)
    print(f"{len(songs)} songs\n\n| bars known | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    band = bands.load(flags.checkpoint)
    for known in KNOWN:
        values = figures(songs, written(band, songs, known, flags.seed))
        print(f"| {known} | {' | '.join(f'{value:.3f}' for value in values)} |", flush=True)


if __name__ == "__main__":
    main()
