"""Accompanies songs in odd resolutions under odd tempo maps, and compares the melody note for note.

    python -m benchmarks.melody_intact --input=MIDI_DIR [--count=300] [--seed=0] [--tracks] [--checkpoint=...]

Of each song drawn, a copy is accompanied whose ticks are rescaled to one of RESOLUTIONS and which has up to 20 more
tempos. Its melody is the track that surrogate chooses or, with --tracks, one drawn from those that are not drums, asked
for by number. In the output, that track (notes with velocities, name, program, controls, pitch bends), the tempo map,
meters, keys and markers must be as they were. Printed are counts; the exit code is 1 if anything has changed.
"""

import argparse
import collections
import pathlib
import re
import sys
import tempfile

import numpy as np
import symusic

import surrogate
from musicvae_jax import midi
from surrogate.reading.melody import read_melody

RESOLUTIONS = (24, 30, 96, 120, 192, 384, 480, 1000, 1024, 10080)


def variant(score, rng) -> symusic.Score:
    """A copy in another resolution, with more tempos."""
    score = score.resample(int(rng.choice(RESOLUTIONS)), 1)
    end = max(score.end(), 1)
    for tick in rng.integers(0, end, rng.integers(0, 21)).tolist():
        score.tempos.append(symusic.Tempo(tick, mspq=int(rng.integers(200_000, 2_000_000))))
    return score


def part(track):
    """All that a melody track has, in a form that can be compared."""
    rows = sorted((note.time, note.duration, note.pitch, note.velocity) for note in track.notes)
    controls = sorted((control.time, control.number, control.value) for control in track.controls)
    bends = sorted((bend.time, bend.value) for bend in track.pitch_bends)
    return track.name, track.program, track.is_drum, rows, controls, bends


def frame(score):
    """All but the tracks, by name."""
    return {
        "resolution": score.ticks_per_quarter,
        "tempo map": sorted((tempo.time, tempo.mspq) for tempo in score.tempos),
        "meters": sorted((meter.time, meter.numerator, meter.denominator) for meter in score.time_signatures),
        "keys": sorted((key.time, key.key, key.tonality) for key in score.key_signatures),
        "markers": sorted((marker.time, marker.text) for marker in score.markers),
    }


def compare(path, output, flags, rng, settings) -> tuple[list[str], int]:
    """What has changed on the way from path to output, and how many notes the melody has."""
    before = midi.read(path)
    if flags.tracks:
        heard = [track for track in before.tracks if len(track.notes)]
        number = int(rng.choice([number for number, track in enumerate(heard, 1) if not track.is_drum] or [1]))
        melody, settings = heard[number - 1] if heard else None, settings | {"track": number}
    else:
        melody = read_melody(path).track
    surrogate.accompany(path, output=output, **settings)
    after = midi.read(output)
    was, now = frame(before), frame(after)
    changed = [name for name in was if was[name] != now[name]]
    changed += ["melody"] * (part(melody) not in [part(track) for track in after.tracks])
    return changed, len(melody.notes)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", required=True, type=pathlib.Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tracks", action="store_true")
    parser.add_argument("--checkpoint")
    flags = parser.parse_args(argv)
    songs = midi.files(flags.input)

    rng = np.random.default_rng(flags.seed)
    found, notes = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        path, output = (pathlib.Path(folder) / name for name in ("song.mid", "out.mid"))
        for number, place in enumerate(rng.choice(len(songs), min(flags.count, len(songs)), replace=False)):
            try:
                midi.write(variant(midi.read(songs[place]), rng), path)
                changed, count = compare(path, output, flags, rng, {"seed": number, "checkpoint": flags.checkpoint})
            except midi.MidiError as error:
                found["refused: " + re.sub(r"\d+", "N", error.reason)] += 1
                continue
            notes += count
            found["intact"] += not changed
            for name in changed:
                found[f"changed: {name}"] += 1
                print(f"{songs[place]}: changed {name}", file=sys.stderr)
    for name, count in found.most_common():
        print(f"{count:5} {name}")
    print(f"{notes} melody notes")
    return int(any(name.startswith("changed") for name in found))


if __name__ == "__main__":
    sys.exit(main())
