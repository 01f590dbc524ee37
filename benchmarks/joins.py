"""Whether a song is one piece: drums of neighbouring bars within windows of 16 bars, over their joins, and by people.

    python -m benchmarks.joins --input=MIDI_DIR [--checkpoint=NAME_OR_DIR] [--count=100] [--seed=0]

Prints the mean Jaccard similarity of drum hits of a bar and the next, and of bars two apart; the songs' own drums,
too, are split at what would be joins. 95 % intervals over songs.
"""

import argparse

import numpy as np

from musicvae_jax import events, midi
from musicvae_jax.events import STEPS_PER_BAR
from surrogate.accompaniment.accompanist import Accompanist, read_melody
from surrogate.accompaniment.many_files import SONGS_AT_ONCE
from surrogate.accompaniment.options import Options
from surrogate.evaluation.bootstrap import Bootstrap
from surrogate.model import windows


def human_drums(melody):
    """The drums of the song itself on the melody's grid: uint16 [T]."""
    tracks = [track.notes.numpy() for track in melody.score.tracks if track.is_drum and len(track.notes)]
    time, pitch = (np.concatenate([notes[name].astype(np.int64) for notes in tracks]) for name in ("time", "pitch"))
    return events.drum_tokens(melody.grid.nearest(time), pitch, len(melody.tokens))


def similarities(drums_T, joins, apart):
    """Jaccard similarities of bars that are `apart` bars apart: float [n] within windows, float [m] over joins."""
    bars = drums_T[: len(drums_T) // STEPS_PER_BAR * STEPS_PER_BAR].reshape(-1, STEPS_PER_BAR)
    before, after = bars[:-apart], bars[apart:]
    both, either = (np.bitwise_count(hits).sum(1, dtype=np.int64) for hits in (before & after, before | after))
    over = np.array([any(bar < join <= bar + apart for join in joins) for bar in range(len(before))], bool)
    ratio = both / np.maximum(either, 1)
    return ratio[~over & (either > 0)], ratio[over & (either > 0)]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", required=True)
    parser.add_argument("--checkpoint")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args(argv)
    options, accompanist = Options(ending=False), Accompanist.load(flags.checkpoint)
    melodies = []
    files = midi.files(flags.input)
    for number in np.random.default_rng(flags.seed).permutation(len(files)):
        try:
            melody = read_melody(files[number], options)
        except midi.MidiError:
            continue
        if len(windows.cut(melody.tokens)[0]) > 1 and any(t.is_drum and len(t.notes) for t in melody.score.tracks):
            melodies.append(melody)
        if len(melodies) == flags.count:
            break
    found = {}
    for first in range(0, len(melodies), SONGS_AT_ONCE):
        part = melodies[first : first + SONGS_AT_ONCE]
        for melody, song in zip(part, accompanist.accompany_melodies(part, [""] * len(part), options), strict=True):
            joins = [piece.begin // STEPS_PER_BAR for piece in windows.cut(melody.tokens)[0][1:]]
            for who, drums_T in (("people", human_drums(melody)), ("accompany", song.tokens[:, 2])):
                for apart in (1, 2):
                    for where, values in zip(("within", "over"), similarities(drums_T, joins, apart), strict=True):
                        found.setdefault((who, apart, where), []).append((values.sum(), len(values)))
    bootstrap = Bootstrap(np.arange(len(melodies)), resamples=1000, seed=flags.seed)
    print(f"{len(melodies)} songs of {flags.input}")
    print("| drums of | bars apart | within windows | over joins |\n|---|---|---|---|")
    for who in ("people", "accompany"):
        for apart in (1, 2):
            cells = []
            for where in ("within", "over"):
                x = bootstrap.ratio(*np.array(found[who, apart, where], float).T)
                cells.append(f"{x['value']:.3f} [{x['lo']:.3f}, {x['hi']:.3f}]")
            print(f"| {who} | {apart} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
