"""How well waltzes are recognised without a time signature, and what surrogate.reading.waltz is to learn of tunes.

    python -m benchmarks.waltzes --input=TUNES --songs=SONGS.npz [--fit=surrogate/reading/tables/waltz.npz]

TUNES is a folder in ABC notation as benchmarks/pickups.py takes it, SONGS.npz a pack of whole songs in 4/4 that
scripts.encode_corpus makes. A quarter of the tunes, and the songs' validation split, are held out of the fit.
"""

import argparse

import numpy as np

from benchmarks import abc_tunes, pickups
from musicvae_jax import events
from surrogate.corpus import song_pack
from surrogate.reading import waltz

METERS = {(3, 4): 1, (2, 4): 0, (4, 4): 0, (2, 2): 0}
MOST_SONGS = 1500
_DECAY, _NEWTON_STEPS = 1e-2, 30


def rows(tunes, songs):
    """Features [n, 32], whether each is a waltz, is held out, and is a song of the pack."""
    found = []
    for tune in tunes:
        start, _, pitch = pickups.in_ticks(tune)
        if tune.signature in METERS and len(np.unique(start)) >= waltz.LEAST_NOTES:
            returns = waltz.returns(start, pitch, pickups.TICKS_PER_QUARTER)
            found.append((returns, METERS[tune.signature], pickups.is_held_out(tune), False))
    rng = np.random.default_rng(0)
    for split in ("train", "validation"):
        numbers = songs.indices(split)
        for number in rng.choice(numbers, min(MOST_SONGS, len(numbers)), replace=False):
            start, _, pitch = events.line_notes(songs[int(number)].lines[:, events.MELODY].reshape(-1))
            if len(start) >= waltz.LEAST_NOTES:
                returns = waltz.returns(start.astype(int), pitch.astype(int), events.STEPS_PER_BEAT)
                found.append((returns, 0, split == "validation", True))
    return map(np.array, zip(*found, strict=True))


def fit(features_nxF, is_waltz):
    """Weight and bias of a logistic regression."""
    mean, scale = features_nxF.mean(0), features_nxF.std(0) + 1e-9
    x = np.column_stack([np.ones(len(features_nxF)), (features_nxF - mean) / scale])
    decay = _DECAY * np.append(0, np.ones(x.shape[1] - 1))
    weight = np.zeros(x.shape[1])
    for _ in range(_NEWTON_STEPS):
        chance = 1 / (1 + np.exp(-x @ weight))
        slope = x.T @ (is_waltz - chance) / len(x) - decay * weight
        curve = (x * (chance * (1 - chance))[:, None]).T @ x / len(x) + np.diag(decay + 1e-9)
        weight += np.linalg.solve(curve, slope)
    return weight[1:] / scale, weight[0] - (weight[1:] / scale * mean).sum()


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True)
    parser.add_argument("--songs", required=True)
    parser.add_argument("--fit", help="learn the table anew and write it to this file")
    flags = parser.parse_args(argv)
    features, is_waltz, held_out, is_song = rows(abc_tunes.read(flags.input), song_pack.open(flags.songs))
    if flags.fit:
        weight, bias = fit(features[~held_out], is_waltz[~held_out])
        np.savez_compressed(flags.fit, weight=weight, bias=bias)
    with np.load(flags.fit or waltz.TABLE) as file:
        odds = features @ file["weight"] + file["bias"]
    kinds = {
        "tunes in 3/4": is_waltz == 1,
        "tunes in 2/4, 4/4, 2/2": (is_waltz == 0) & ~is_song,
        "songs in 4/4": is_song,
    }
    print("| held out | number | taken for a waltz, no meter named | 4/4 named |\n|---|---|---|---|")
    for name, kind in kinds.items():
        of = odds[kind & held_out]
        print(f"| {name} | {len(of)} | {(of > waltz.UNTOLD).mean():.3f} | {(of > waltz.TOLD).mean():.3f} |")


if __name__ == "__main__":
    main()
