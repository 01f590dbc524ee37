"""How often the key that accompany would assume is right, on public songs that are annotated with theirs.

    python -m benchmarks.keys --pop909=DIR --openewld=DIR

POP909's folders hold NNN.mid and key_audio.txt, told from audio; of several keys the one that lasts longest counts.
OpenEWLD's lead sheets (.mxl) are read as accompany reads them, repeats played out.
Those count that have one signature throughout and end on the chord of its major or its minor tonic, which is their key;
of the others it is not certain. Each is printed from the melody alone, with its signature, and with its chords.
"""

import argparse
import pathlib
import time

import numpy as np

from surrogate.reading import key_finder, melody, midi_chords, song_evidence
from surrogate.reading.chords import NONE
from surrogate.reading.keys import Key


def read_pop909(folder):
    """The melody of a song as accompany reads it, and its key."""
    seconds = {}
    for line in (folder / "key_audio.txt").read_text().splitlines():
        begin, end, key = line.split()
        seconds[Key.parse(key)] = seconds.get(Key.parse(key), 0) + float(end) - float(begin)
    return melody.read_melody(folder / f"{folder.name}.mid"), max(seconds, key=seconds.get)


def read_openewld(path):
    """Melody, chords int [S, 2, 3] and key of a lead sheet, or None."""
    song = melody.read_melody(path)
    chords, signatures = midi_chords.find(song), {mark.key for mark in song.score.key_signatures}
    key = _key_of_score(signatures.pop(), chords.changes[-1][1].root) if chords and len(signatures) == 1 else None
    return None if key is None else (song, np.maximum(chords.half_bars(song.grid), NONE), key)


def _key_of_score(sharps, last_root):
    """The key of a signature whose tonic is the last chord's root, or None."""
    keys = (Key.of_signature(sharps, minor) for minor in (False, True))
    return next((key for key in keys if key.tonic == last_root), None)


def judge(name, found, keys):
    """Prints the share of songs with the right scale, the right tonic and both, and how sure the finder was."""
    pairs = [(each.main, key) for each, key in zip(found, keys, strict=True)]
    scale = np.mean([own.semitones_to_c == key.semitones_to_c for own, key in pairs])
    tonic = np.mean([own.tonic == key.tonic for own, key in pairs])
    both = np.mean([own == key for own, key in pairs])
    sure = np.mean([each.probability for each in found])
    print(f"| {name} | {len(found)} | {scale:.3f} | {tonic:.3f} | {both:.3f} | {sure:.2f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pop909", type=pathlib.Path)
    parser.add_argument("--openewld", type=pathlib.Path)
    flags = parser.parse_args()
    print("| songs, heard | n | scale | tonic | key | mean probability |\n|---|---|---|---|---|---|")
    if flags.pop909:
        songs, keys = zip(
            *(read_pop909(path.parent) for path in sorted(flags.pop909.glob("*/key_audio.txt"))), strict=True
        )
        judge("POP909, melody", [key_finder.find(song.tokens) for song in songs], keys)
        began = time.process_time()
        found = [song_evidence.find_keys(song) for song in songs]
        ms = 1000 * (time.process_time() - began) / len(songs)
        judge("POP909, all tracks", found, keys)
        print(f"POP909, all tracks: {ms:.1f} ms of CPU time a song")
    if flags.openewld:
        read = [song for song in map(read_openewld, sorted(flags.openewld.glob("*.mxl"))) if song is not None]
        songs, chords, keys = zip(*read, strict=True)
        for name, with_signature, with_chords in (
            ("melody", False, False),
            ("melody, signature", True, False),
            ("melody, chords", False, True),
            ("melody, signature, chords", True, True),
        ):
            found = [
                key_finder.find(
                    song.tokens,
                    song_evidence.signatures(song) if with_signature else (),
                    own if with_chords else None,
                )
                for song, own in zip(songs, chords, strict=True)
            ]
            judge(f"OpenEWLD, {name}", found, keys)


if __name__ == "__main__":
    main()
