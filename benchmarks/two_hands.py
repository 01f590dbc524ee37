"""How well the melody and the chords of two hands on one track are heard.

    python -m benchmarks.two_hands --pop909=DIR [--midi=MIDI_DIR] [--songs=80]

DIR holds songs of POP909 in folders NNN with NNN.mid and chord_midi.txt (start and end in seconds, Harte label). Of so
many, drawn by a seed, MELODY and PIANO are put on one track, as a keyboard records them. Counted are F1 of the line's
notes, by step and pitch, against those of MELODY alone, and how much of the time that has a chord is heard with its
root, where one is heard: as accompany reads the file, and as it would read it with all notes for the melody. Of six
times as many files of MIDI_DIR it is told how many have a melody track that is taken for two hands'. 80 songs: 1 min.
"""

import argparse
import pathlib
import tempfile

import numpy as np
import symusic

from musicvae_jax import events, midi
from surrogate.reading import chord_symbols, melody, midi_chords, tempos
from surrogate.reading.meters import Meter
from surrogate.reading.song_chords import of_changes

HOW = {"pickup": 0, "swung": 0.5, "beats": "file", "meter": Meter(4, 4)}
EACH = 0.25  # seconds between the moments at which chords are compared


def read(score, file, **how):
    """A score's melody, as accompany reads its file."""
    score.dump_midi(file)
    return melody.read_melody(file, **HOW, **how)


def pop909_song(folder, file):
    """F1 of the line as it is read, and with all notes for the melody; roots that are right, chords that are heard."""
    score = symusic.Score(folder / f"{folder.name}.mid")
    of_name = {track.name: track for track in score.tracks}
    score.tracks = [of_name["MELODY"]]
    alone = read(score, file)
    both = of_name["MELODY"].copy()
    both.notes.extend(of_name["PIANO"].notes)
    score.tracks = [both]
    as_it_is = read(score, file)
    all_notes = read(score, file, hands=1)
    found = midi_chords.find(as_it_is)
    return f1(alone, as_it_is), f1(alone, all_notes), *roots_right(folder, score, found)


def f1(true, heard):
    """Of the onsets of two lines, by step and pitch."""
    steps = min(len(true.tokens), len(heard.tokens))
    true_T, heard_T = (line.tokens[:steps] for line in (true, heard))
    common = ((true_T == heard_T) & (true_T >= events.FIRST_PITCH)).sum()
    return 2 * common / sum((line.tokens >= events.FIRST_PITCH).sum() for line in (true, heard))


def roots_right(folder, score, found):
    """Of the time of annotated chords the share with a chord that is heard, and of this the one with the same root."""
    if found is None:
        return np.nan, 0.0
    lines = [line.split() for line in (folder / "chord_midi.txt").read_text().splitlines()]
    ticks, seconds = tempos.tempo_map(score, score.end())
    begin = np.interp([float(line[0]) for line in lines], seconds, ticks).astype(int).tolist()
    annotated = of_changes(zip(begin, (chord_symbols.parse(line[2]) for line in lines), strict=True), "")
    moments = np.interp(np.arange(0, seconds[-1], EACH), seconds, ticks)
    roots = [[-1 if chord is None else chord.root for chord in each.at(moments)] for each in (annotated, found)]
    true, heard = map(np.array, roots)
    has_both = (true >= 0) & (heard >= 0)
    return (heard == true)[has_both].mean(), has_both.sum() / (true >= 0).sum()


def taken_in(files):
    """Of MIDI files, how many have a melody, and how many one that is taken for the upper of two hands."""
    taken = []
    for file in files:
        try:
            taken.append(bool(len(melody.read_melody(file, **HOW).below[0])))
        except midi.MidiError:
            continue
    return len(taken), np.mean(taken)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pop909", type=pathlib.Path, required=True)
    parser.add_argument("--midi", type=pathlib.Path)
    parser.add_argument("--songs", type=int, default=80)
    flags = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    folders = rng.permutation(sorted(path.parent for path in flags.pop909.rglob("chord_midi.txt")))[: flags.songs]
    with tempfile.TemporaryDirectory() as scratch:
        rows = np.array([pop909_song(folder, pathlib.Path(scratch) / "both.mid") for folder in folders])
    print("| of two hands on one track, POP909 | mean | tenth percentile |\n|---|---|---|")
    names = "F1 of the melody", "with all notes for it", "root of chords that are heard", "chords that are heard"
    for name, values in zip(names, rows.T, strict=True):
        print(f"| {name} | {np.nanmean(values):.3f} | {np.nanpercentile(values, 10):.3f} |")
    if flags.midi:
        number, share = taken_in(rng.permutation(sorted(midi.files(flags.midi)))[: flags.songs * 6])
        print(f"\n{share:.3f} of the melodies of {number} files are taken for an upper hand's")


if __name__ == "__main__":
    main()
