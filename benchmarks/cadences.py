"""How often people play the tonic's chord where a melody ends on the tonic.

    python -m benchmarks.cadences --songs=SONGS.npz [--number=700]

SONGS.npz is a pack of whole songs (encode_corpus --config.unit=song), whose keys are judged by their whole harmony
(surrogate.evaluation.song_keys); those that are less sure than 0.9 are left out. It also prints how often the last
chord is the tonic's whatever the melody ends on.
"""

import argparse

import numpy as np

from musicvae_jax.events import FIRST_PITCH, held_pitches
from surrogate.corpus import song_pack
from surrogate.evaluation import song_keys
from surrogate.reading.key_finder import KEYS

_SURE = 0.9


def last_root(song):
    """The root of the last chord from the melody's last note on, or None, and that note's pitch class."""
    onset = np.flatnonzero(song.melody_T >= FIRST_PITCH)
    roots = song.chords_SxHx3[..., 0].reshape(-1)[onset[-1] // 8 :][:3]
    return next((int(root) for root in roots[::-1] if root >= 0), None), held_pitches(song.melody_T)[onset[-1]] % 12


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", required=True)
    parser.add_argument("--number", type=int, default=700)
    flags = parser.parse_args()
    pack = song_pack.open(flags.songs)
    chosen = np.random.default_rng(0).permutation(len(pack))[: flags.number]
    songs = [song for song in song_keys.read(pack, chosen, "") if (song.melody_T >= FIRST_PITCH).any()]
    rows = []
    for song, chance_K in zip(songs, song_keys.chances(songs, song_keys.fit(songs)), strict=True):
        key, (root, last) = KEYS[chance_K.argmax()], last_root(song)
        if chance_K.max() >= _SURE and root is not None:
            rows.append((key.minor, last == key.tonic, root == key.tonic))
    minor, on_tonic, is_tonic = np.array(rows).T
    for name, which in (("major", ~minor), ("minor", minor)):
        ends = which & on_tonic
        print(
            f"{name}: the tonic's chord under {is_tonic[ends].mean():.2f} of {ends.sum()} melodies that end on it, "
            f"{is_tonic[which].mean():.2f} of all {which.sum()}"
        )


if __name__ == "__main__":
    main()
