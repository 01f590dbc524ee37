"""Measures how the bass fits annotated chords, of melodies alone and with the chords given.

    python -m benchmarks.band_chords --pop909=DIR --openewld=DIR [--songs=30] [--checkpoint=...]

DIR of POP909 holds songs in folders NNN with NNN.mid, chord_midi.txt (start and end in seconds, Harte label) and
beat_midi.txt; their longest stretches of 4/4 are taken. DIR of OpenEWLD holds compressed MusicXML, melodies with
chord symbols, which are read as accompany reads them. So many songs of each are drawn by a seed. It is counted how
much of the time in which the bass sounds over a chord it is on the chord's root (or given bass), and on any of its
notes; the same where chords begin, and of the longest note of each half bar; and how often the chord that is written
has the annotated root, and at which half bars it changes: F1 of these, 2 common / (written + annotated). And in how
many half bars the annotated root is the likeliest to the encoder, and among its three likeliest.
"""

import argparse
import itertools
import pathlib
import typing

import numpy as np

from musicvae_jax import cache, events, midi
from musicvae_jax.events import BEATS_PER_BAR, STEPS_PER_BAR, STEPS_PER_BEAT
from surrogate.evaluation import half_bars
from surrogate.model import bands
from surrogate.model.band import MelodyLine, Wishes
from surrogate.reading import chord_symbols, grid, melody, midi_chords, song_chords, tempos
from surrogate.reading.chords import QUALITIES, NOTES_OF_QUALITIES_Qx12
from surrogate.reading.grid import Grid
from surrogate.reading.song_chords import SongChords

FEWEST_BARS, MOST_BARS = 8, 192


class Annotated(typing.NamedTuple):
    """A melody on the models' steps, uint16 [T], its tempo, its grid and its annotated chords."""

    tokens: np.ndarray
    tempo: float
    grid: Grid
    chords: SongChords


def pop909_song(folder) -> Annotated | None:
    """The longest stretch of bars of four beats in a song of POP909; None where it is short."""
    beats = np.loadtxt(folder / "beat_midi.txt")
    second, downbeats = beats[:, 0], np.flatnonzero(beats[:, 2])
    is_whole = np.append(np.diff(downbeats) == BEATS_PER_BAR, False)
    cuts = np.flatnonzero(~is_whole)
    bars = np.diff(cuts, prepend=-1) - 1
    origin = downbeats[cuts[bars.argmax()] - bars.max()]

    def steps(seconds):
        return np.floor(STEPS_PER_BEAT * (np.interp(seconds, second, np.arange(len(second))) - origin) + 0.5).astype(
            int
        )

    notes = next(
        track.notes.numpy()
        for track in midi.read(folder / f"{folder.name}.mid").to("second").tracks
        if track.name == "MELODY"
    )
    first, last = steps(notes["time"]), steps(notes["time"] + notes["duration"])
    lines = [line.split() for line in (folder / "chord_midi.txt").read_text().splitlines()]
    changes = [(int(steps(float(begin))), chord_symbols.parse(label)) for begin, _, label in lines]
    kept = (first >= 0) & (first < bars.max() * STEPS_PER_BAR)
    tempo = 60 / np.median(np.diff(second))
    of_song = grid.lay_out([], int(bars.max()) * STEPS_PER_BAR, STEPS_PER_BEAT)
    first, last = (np.minimum(steps_N[kept], len(of_song.in_song)) for steps_N in (first, last))
    tokens = events.line_tokens(first, np.maximum(first + 1, last), notes["pitch"][kept], len(of_song.in_song))
    return _with_chords(tokens, tempo, of_song, song_chords.of_changes(changes, ""))


def openewld_song(path) -> Annotated | None:
    """A lead sheet of OpenEWLD as accompany reads it; None where it is short or long."""
    song = melody.read_melody(path)
    tempo = tempos.longest(song.score.tempos, int(song.grid.ticks[-1]))
    return _with_chords(song.tokens, tempo, song.grid, midi_chords.find(song))


def _with_chords(tokens, tempo, of_song, chords) -> Annotated | None:
    has_melody = FEWEST_BARS <= of_song.bars <= MOST_BARS and (tokens >= events.FIRST_PITCH).sum() >= 2 * FEWEST_BARS
    return Annotated(tokens, float(tempo), of_song, chords) if has_melody and chords else None


def judge(song, parts) -> dict[str, np.ndarray]:
    """Of each place where a bass sounds over a chord whether it is on the root or given bass, and on a chord's note."""
    at_step, pitch_T = song.chords.at(song.grid.ticks[:-1]), events.held_pitches(parts.tokens[:, 0])
    roots, fits = np.zeros(len(pitch_T), bool), np.zeros(len(pitch_T), bool)
    sounds = np.array([chord is not None and chord.root >= 0 for chord in at_step]) & (pitch_T >= 0) & song.grid.in_song
    for step in np.flatnonzero(sounds):
        chord = at_step[step]
        above = (pitch_T[step] - chord.root) % 12
        roots[step] = pitch_T[step] % 12 in (chord.root, chord.bass)
        fits[step] = above in QUALITIES[chord.quality] or pitch_T[step] % 12 == chord.bass
    starts = np.array([chord != before for before, chord in zip([None, *at_step], at_step, strict=False)]) & sounds
    half_H, longest_H = song.chords.half_bars(song.grid).reshape(-1, 3), half_bars.longest(parts.tokens[:, 0])
    heard_H = (half_H[:, 0] >= 0) & (longest_H >= 0)
    above_H = (longest_H - half_H[:, 0]) % 12
    on_bass_H = longest_H == half_H[:, 2]
    on_chord_H = NOTES_OF_QUALITIES_Qx12[half_H[:, 1], above_H] | on_bass_H
    written_H = parts.chords.reshape(-1, 2)[:, 0]
    is_known_H = half_H[:, 0] >= 0
    return {
        "by time": np.stack([roots, fits], 1)[sounds],
        "at chord starts": np.stack([roots, fits], 1)[starts],
        "by half bars": np.stack([(above_H == 0) | on_bass_H, on_chord_H], 1)[heard_H],
        "written root": (written_H == half_H[:, 0])[is_known_H, None],
        "changes": f1_of_changes(written_H[is_known_H], half_H[is_known_H, 0]),
    }


def heard(song, band) -> np.ndarray:
    """In how many half bars the annotated root is heard as the likeliest, and as one of three, float64 [2]."""
    root_H = song.chords.half_bars(song.grid).reshape(-1, 3)[:, 0]
    is_right_HxG = half_bars.right_guesses(band.heard_roots(MelodyLine(song.tokens, song.tempo)), root_H)
    return is_right_HxG[root_H >= 0][:, [0, 2]].mean(0)


def f1_of_changes(written_H, annotated_H) -> np.ndarray:
    """F1 of the half bars at which roots change, [1, 1], or [0, 1] where none does."""
    written, annotated = np.diff(written_H) != 0, np.diff(annotated_H) != 0
    changes = written.sum() + annotated.sum()
    return np.array([[2 * (written & annotated).sum() / changes]] if changes else np.zeros((0, 1)))


def table(name, songs, band):
    """Prints how melodies alone and with their chords do."""
    print(f"{name}: {len(songs)} songs, {sum(song.grid.bars for song in songs)} bars", flush=True)
    columns = "root by time", "chord tone", "root at chord starts", "chord tone", "root by half bars", "chord tone"
    print(f"| | {' | '.join(columns)} | root written | F1 of changes |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row, gives in (("melody alone", False), ("chords given", True)):
        lines = [
            MelodyLine(song.tokens, song.tempo, chords=song.chords.half_bars(song.grid) if gives else None)
            for song in songs
        ]
        found = [judge(song, takes[0]) for song, takes in zip(songs, band.write(lines, Wishes()), strict=True)]
        values = [np.mean([each[column].mean(0) for each in found if len(each[column])], 0) for column in found[0]]
        print(f"| {row} | {' | '.join(f'{x:.3f}' for x in np.concatenate(values))} |", flush=True)
    likeliest, of_three = np.mean([heard(song, band) for song in songs], 0)
    print(f"roots heard: {likeliest:.3f}, among three {of_three:.3f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pop909", type=pathlib.Path)
    parser.add_argument("--openewld", type=pathlib.Path)
    parser.add_argument("--songs", type=int, default=30)
    parser.add_argument("--checkpoint")
    flags = parser.parse_args()
    cache.keep_compiled_programs()
    band = bands.load(flags.checkpoint)
    collections = (
        ("POP909", flags.pop909 and sorted(flags.pop909.glob("[0-9]*/")), pop909_song),
        ("OpenEWLD", flags.openewld and sorted(flags.openewld.glob("*.mxl")), openewld_song),
    )
    for name, paths, read in collections:
        if paths:
            drawn = (read(paths[i]) for i in np.random.default_rng(0).permutation(len(paths)))
            songs = list(itertools.islice((song for song in drawn if song is not None), flags.songs))
            table(name, songs, band)


if __name__ == "__main__":
    main()
