"""How loud bass and drums sound beside the melody: as people have them, and as they are written.

    python -m benchmarks.loudness --input=MIDI_DIR [--songs=40] [--soundfont=FILE.sf2]

Sixteen bars of songs that have both, from where the melody begins, are played through a soundfont, part by part. A
part's loudness is the level of its power in the tenths of a second in which it sounds, in dB above the melody's; the
table has medians and quartiles.
"""

import argparse
import pathlib
import random

import numpy as np
import symusic

import surrogate
from musicvae_jax import cache, midi
from musicvae_jax.files import FileError
from surrogate.accompaniment import accompanist
from surrogate.accompaniment.options import Options
from surrogate.reading import tracks
from surrogate.rendering import sound

BARS, MOST_BARS = 16, 128
"""Bars that are heard, and of the longest songs."""
SHORT = sound.SAMPLE_RATE // 10
FLOOR = 1e-3
"""Of a full amplitude: what is softer does not sound."""
PARTS = "bass", "drums"


def loudness(score, chosen, begin, end, synthesise, font) -> float:
    """The level in dB of some tracks of a score between two ticks; NaN where they do not sound."""
    part = score.copy()
    part.tracks = [between(track, begin, end) for track in chosen]
    messages, frames = sound.frame_messages(part)
    heard_Fx2 = np.concatenate([np.zeros((0, 2)), *synthesise(messages, frames, font)])
    power_N = np.square(heard_Fx2[: len(heard_Fx2) // SHORT * SHORT]).reshape(-1, 2 * SHORT).mean(1)
    sounding = power_N > FLOOR**2
    return 10 * np.log10(power_N[sounding].mean()) if sounding.any() else np.nan


def between(track, begin, end):
    """A track with those of its notes that begin between two ticks."""
    cut, notes = track.copy(), track.notes.numpy()
    inside = (notes["time"] >= begin) & (notes["time"] < end)
    cut.notes = symusic.Note.from_numpy(*(notes[name][inside] for name in ("time", "duration", "pitch", "velocity")))
    return cut


def row(path, band, synthesise, font):
    """dB above the melody of the song's own bass and drums, and of those written; None of a song that lacks one."""
    melody = accompanist.read_melody(path, Options())
    own = {part: [t for t in melody.score.tracks if tracks.role(t) == part and len(t.notes)] for part in PARTS}
    if not all(own.values()) or melody.bars > MOST_BARS:
        return None
    [song] = band.accompany_melodies([melody], [path], Options())
    written = {role: [track] for track, role in zip(song.score.tracks, song.roles, strict=True)}
    first = np.searchsorted(melody.grid.bar_ticks, melody.track.notes.numpy()["time"].min(), side="right") - 1
    span = melody.grid.bar_ticks[first : first + BARS + 1][[0, -1]]
    lead = loudness(melody.score, [melody.track], *span, synthesise, font)
    by_part = [(melody.score, own[part]) for part in PARTS] + [(song.score, written[part]) for part in PARTS]
    return [loudness(score, chosen, *span, synthesise, font) - lead for score, chosen in by_part]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=pathlib.Path, required=True)
    parser.add_argument("--songs", type=int, default=40)
    parser.add_argument("--soundfont")
    flags = parser.parse_args()
    cache.keep_compiled_programs()
    synthesise, font = sound.ready("loudness.wav", flags.soundfont)
    band, rows = surrogate.Accompanist.load(), []
    paths = midi.files(flags.input, midi.SUFFIXES)
    random.Random(0).shuffle(paths)
    for path in paths:
        try:
            found = row(path, band, synthesise, font)
        except FileError:
            continue
        if found is not None and np.isfinite(found).all():
            rows.append(found)
        if len(rows) == flags.songs:
            break
    people_Nx2, written_Nx2 = np.split(np.array(rows), 2, axis=1)
    print(
        f"{len(rows)} songs, {pathlib.Path(font).name}\n| | people | written | written less people |\n|---|---|---|---|"
    )
    for place, part in enumerate(PARTS):
        columns = people_Nx2[:, place], written_Nx2[:, place], (written_Nx2 - people_Nx2)[:, place]
        cells = ("{:.1f} ({:.1f} to {:.1f})".format(*np.percentile(column, (50, 25, 75))) for column in columns)
        print(f"| {part} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
