"""Judges the chord labels of surrogate.reading.chords, and lists them beside melody and bass.

    python -m benchmarks.chords --pop909=DIR
    python -m benchmarks.chords --listing SONG.mid [...]

DIR holds songs of POP909, each in a folder NNN with NNN.mid, chord_midi.txt (start and end in seconds, Harte label) and
beat_midi.txt. Of 80 songs drawn by a seed, the half bars of bars of four beats are labelled, and it is printed how many
have the annotated root, and of those annotated with a major or minor third how many have root and third right. The
other songs were for choosing the parameters. A listing shows 16 bars of a song, from the middle. 165 songs: 2 s.
"""

import argparse
import pathlib
import time
from unittest import mock

import numpy as np

from musicvae_jax import events, midi
from surrogate.corpus.song_survey import SongSurvey
from surrogate.corpus.whole_song import BASS_LINE
from surrogate.reading import chords, chroma

JUDGED = 80
SETTINGS = {
    "as shipped": {},
    "no evidence of the bass": {"BASS_WEIGHT": 0},
    "no smoothing": {"CHANGE_COST": 0, "MIDDLE_COST": 0},
    "neither": {"BASS_WEIGHT": 0, "CHANGE_COST": 0, "MIDDLE_COST": 0},
}
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
NATURALS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
MAJOR, MINOR, OTHER = range(3)
THIRDS = [MAJOR if 4 in notes else MINOR if 3 in notes else OTHER for notes in chords.QUALITIES.values()]


def read_song(folder):
    """Chroma and lowest notes [H, 12] of a song's half bars, and their annotated roots and thirds, int64 [H]."""
    beats = np.loadtxt(folder / "beat_midi.txt")
    second, downbeats = beats[:, 0], np.flatnonzero(beats[:, 2])
    bars = downbeats[:-1][np.diff(downbeats) == events.BEATS_PER_BAR]
    place = np.full(len(beats), -1)  # of each beat among those of the bars
    place[bars[:, None] + np.arange(events.BEATS_PER_BAR)] = np.arange(4 * len(bars)).reshape(-1, 4)

    def steps(seconds):
        return np.floor(4 * np.interp(seconds, second, np.arange(len(second))) + 0.5).astype(np.int64)

    notes = []
    for track in midi.read(folder / f"{folder.name}.mid").to("second").tracks:
        arrays = track.notes.numpy()
        first, last = steps(arrays["time"]), steps(arrays["time"] + arrays["duration"])
        beat = np.minimum(first // 4, len(beats) - 1)
        offset, kept = 4 * (place[beat] - beat), place[beat] >= 0
        first, last, pitch = (first + offset)[kept], (last + offset)[kept], arrays["pitch"].astype(np.int64)[kept]
        notes.append((first, np.clip(last, first + 1, 16 * len(bars)), pitch))
    halves = np.sort(np.concatenate([bars, bars + 2]))
    lines = [line.split() for line in (folder / "chord_midi.txt").read_text().splitlines()]
    begin, end = np.array([line[:2] for line in lines], float).T
    overlap = np.minimum(end, second[halves + 2, None]) - np.maximum(begin, second[halves, None])
    annotated = np.array([annotation(line[2]) for line in lines])[overlap.argmax(axis=1)]
    return *chroma.half_bars(notes, 16 * len(bars)), *annotated.T


def annotation(label):
    """Root and third of a Harte label."""
    if label[0] in "NX":
        return chords.NONE, OTHER
    root, _, quality = label.partition(":")
    pitch_class = (NATURALS[root[0]] + root.count("#") - root.count("b")) % 12
    is_minor = quality.startswith(("min", "dim", "hdim"))
    return pitch_class, OTHER if quality.startswith("sus") else MINOR if is_minor else MAJOR


def judge(songs):
    """The share of half bars with the right root; of those with a third that with root and third; ms a song."""
    began = time.perf_counter()
    labels = [chords.label(*song[:2]) for song in songs]
    ms = 1000 * (time.perf_counter() - began) / len(songs)
    found = np.concatenate(labels).astype(np.int64)
    root, third = (np.concatenate([song[column] for song in songs]) for column in (2, 3))
    right = found[:, 0] == root
    has_third = third != OTHER
    return right[root != chords.NONE].mean(), (right & (np.array(THIRDS)[found[:, 1]] == third))[has_third].mean(), ms


def list_song(path):
    """Prints chords, melody and bass by name of 16 bars of a song, a line a bar; "." stands for silence."""
    survey = SongSurvey(midi.read(path))
    song = survey.song()
    first = max(song.bars // 2 - 8, 0)
    for bar in range(first, min(first + 16, song.bars)):
        parts = (names(song.lines[bar, line]) for line in (0, BASS_LINE))
        chord = " ".join(f"{chord_name(*each):8}" for each in song.chord[bar].tolist())
        print(f"{bar + 1:4}  {chord}  {'  |  '.join(parts)}")


def chord_name(root, quality, bass):
    """As a lead sheet has it, in Harte's words: "A:min/C"."""
    if root == chords.NONE:
        return "."
    return f"{NAMES[root]}:{list(chords.QUALITIES)[quality]}" + (f"/{NAMES[bass]}" if bass != root else "")


def names(tokens):
    """The notes that begin in a bar."""
    pitch = tokens[tokens >= events.FIRST_PITCH].astype(int) + events.MIN_PITCH - events.FIRST_PITCH
    return " ".join(NAMES[each % 12] for each in pitch) or "."


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pop909", type=pathlib.Path)
    parser.add_argument("--listing", type=pathlib.Path, nargs="+", default=[])
    flags = parser.parse_args()
    for path in flags.listing:
        print(path.name)
        list_song(path)
    if flags.pop909:
        songs = [read_song(path.parent) for path in sorted(flags.pop909.glob("*/chord_midi.txt"))]
        songs = [song for song in songs if len(song[0])]
        judged = [songs[number] for number in np.random.default_rng(0).permutation(len(songs))[:JUDGED]]
        print(f"{len(judged)} songs, {sum(len(song[0]) for song in judged)} half bars")
        print("| labels | root | root and third | ms a song |\n|---|---|---|---|")
        for name, changes in SETTINGS.items():
            with mock.patch.dict(vars(chords), changes):
                root, third, ms = judge(judged)
            print(f"| {name} | {root:.3f} | {third:.3f} | {ms:.1f} |")


if __name__ == "__main__":
    main()
