"""How well drums and bass keep to meters that the models do not know: surrogate.reading.grid and other ways compared.

    python -m benchmarks.meters [--input=MIDI_DIR] [--checkpoint=NAME_OR_DIR] [--seeds=8] [--bars=32]

Melodies are those of examples/, with seeds from 0, and, as songs in 3/4 are rare, those of 4/4 songs of MIDI_DIR, their
first 32 bars, with one seed, rewritten: bars "halved" to 2/4, every other song after a bar of rest; "stretched", every
two beats to a bar of 3/4 whose first lasts twice as long; "cut" to 3/4, the first song without the second beat of each
bar, the next without the third, then the fourth, so that no way is favoured. Prints one Markdown table; every figure is
of the song's own bars, whatever the way.
"""

import argparse
import contextlib
import pathlib
import tempfile
import typing
from unittest import mock

import numpy as np
import symusic

from musicvae_jax import events, midi
from musicvae_jax.events import held_tokens
from surrogate.accompaniment.accompanist import Accompanist
from surrogate.accompaniment.many_files import SONGS_AT_ONCE
from surrogate.accompaniment.options import Options
from surrogate.evaluation import harmony, metrics
from surrogate.reading import grid, keys, pickup
from surrogate.reading.melody import read_melody

EXAMPLES = pathlib.Path(__file__).parent.parent / "examples"
TICKS_PER_QUARTER = 480
BACKBEATS = {(4, 4): (4, 12), (3, 4): (4, 8), (2, 4): (4,), (6, 8): (6,)}
"""Meter -> the 16ths of its bar where a snare is expected."""
COLUMNS = {
    "kicks on 1": "kick",
    "snares on backbeats": "snare",
    "bars with kick on 1": "kick_bars",
    "bars with bass on 1": "bass_bars",
    "hits a quarter": "hits",
    "hits on eighths": "eighths",
    "groove": "groove",
    "bass in key": "bass_in_key",
    "tonal distance": "tonal_distance",
}


class Line(typing.NamedTuple):
    """A melody: start and end, in 16ths, and MIDI pitch of its notes, int [n] each, and its meter."""

    start: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    meter: tuple[int, int]


def read_line(path, bars=None) -> Line:
    """The melody of a song in one meter, straight, up to so many bars from that of its first note."""
    melody = read_melody(path, pickup=0, swung=0.5, beats="file")
    start, end, pitch = in_16ths(melody, melody.tokens)
    meter = [(mark.numerator, mark.denominator) for mark in melody.score.time_signatures] or [(4, 4)]
    size = bar_size(meter[0])
    if bars is not None:
        first = start[0] // size * size
        kept = start < first + bars * size
        start, end, pitch = start[kept] - first, np.minimum(end[kept], first + bars * size) - first, pitch[kept]
    return Line(start, end, pitch, meter[0])


def in_16ths(melody, tokens_T):
    """Start and end, in the song's 16ths, and MIDI pitch of a line on the models' steps."""
    start, end, pitch = events.line_notes(tokens_T)
    start, end = (melody.grid.ticks[step] * 4 // melody.score.ticks_per_quarter for step in (start, end))
    return start[end > start], end[end > start], pitch[end > start]


def bar_size(meter) -> int:
    """16ths a bar."""
    return 16 * meter[0] // meter[1]


def rewritten(line, new_T, meter) -> Line:
    """The line with 16th t, 0 to T - 1, moved to new_T[t]; notes that nothing is left of are left out."""
    start, end = new_T[line.start], new_T[line.end]
    kept = end > start
    return Line(start[kept], end[kept], line.pitch[kept], meter)


def stretched(line) -> Line:
    """A melody in 4/4 as one in 3/4: of every two beats the first lasts twice as long."""
    step_T = np.arange(line.end.max() + 1)
    within = step_T % 8
    return rewritten(line, step_T // 8 * 12 + np.where(within < 4, 2 * within, within + 4), (3, 4))


def cut(line, beat) -> Line:
    """A melody in 4/4 as one in 3/4: without a beat, 0 to 3, of every bar."""
    step_T = np.arange(line.end.max() + 1)
    return rewritten(line, np.cumsum(step_T // 4 % 4 != beat) - (step_T // 4 % 4 != beat), (3, 4))


def as_read(line, meter, folder):
    """The Melody that a file with the line under a time signature is."""
    song = symusic.Score(TICKS_PER_QUARTER)
    song.time_signatures = [symusic.TimeSignature(0, *meter)]
    track = symusic.Track(name="Melody", program=0, is_drum=False)
    ticks = TICKS_PER_QUARTER // 4
    for start, end, pitch in zip(line.start * ticks, (line.end - line.start) * ticks, line.pitch, strict=True):
        track.notes.append(symusic.Note(int(start), int(end), int(pitch), 80))
    song.tracks = [track]
    path = pathlib.Path(folder) / "line.mid"
    path.write_bytes(song.dumps_midi())
    return read_melody(path, pickup=0, swung=0.5, beats="file")


def on_16ths(song, steps):
    """Melody, bass and drums of an accompanied song by its own 16ths, tokens uint16 [steps, 3]."""
    tokens = np.zeros((steps, 3), np.uint16)
    for column in (0, 1):
        tokens[:, column] = events.line_tokens(*in_16ths(song.melody, song.tokens[:, column]), steps)
    played = np.flatnonzero(song.melody.grid.in_song)
    place = song.melody.grid.ticks[played] * 4 // song.melody.score.ticks_per_quarter
    inside = place < steps
    np.bitwise_or.at(tokens[:, 2], place[inside], song.tokens[played[inside], 2])
    return tokens


def measures(tokens_Tx3, meter):
    """Name -> numerator and denominator of each of COLUMNS, for one song by 16ths."""
    size = bar_size(meter)
    bars = tokens_Tx3.reshape(-1, size, 3)
    struck = {name: (bars[..., 2] & bit) > 0 for name, bit in (("kick", events.KICK), ("snare", events.SNARE))}
    hits = np.bitwise_count(bars[..., 2])
    found = {
        "kick": (struck["kick"][:, 0].sum(), struck["kick"].sum()),
        "snare": (struck["snare"][:, BACKBEATS[meter]].sum(), struck["snare"].sum()),
        "kick_bars": (struck["kick"][:, 0].sum(), len(bars)),
        "bass_bars": ((bars[:, 0, 1] >= events.FIRST_PITCH).sum(), len(bars)),
        "hits": (hits.sum(), len(bars) * size / 4),
        "eighths": (hits[:, ::2].sum(), hits.sum()),
    }
    # The metrics take bars of 16: what a bar lacks is filled with silence, and every step says what sounds.
    full = np.zeros((len(bars), events.STEPS_PER_BAR, 3), np.uint16)
    full[..., :2] = events.NOTE_OFF
    for column in (0, 1):
        sounding = held_tokens(tokens_Tx3[:, column]).reshape(-1, size)
        full[:, :size, column] = np.where(sounding > 0, sounding, events.NOTE_OFF)
    full[:, :size, 2] = bars[..., 2]
    window = keys.to_c(full.reshape(1, -1, 3))
    for function in (metrics.groove, harmony.bass_in_key, harmony.tonal_distance):
        found[function.__name__] = [float(part[0]) for part in function(window, window)]
    return found


def a_bar_later(line) -> Line:
    """The line after a bar of rest, so that other bars of it are paired."""
    size = bar_size(line.meter)
    return line._replace(start=line.start + size, end=line.end + size)


def row(title, lines, accompanist, *, seeds, meter=None, of_three=grid.PLACES[3], grouping=pickup.grouping):
    """A line of the table: lines accompanied as if in a meter, or in their own, and measured in their own.

    of_three: what takes the place of grid.PLACES[3]. grouping: that of pickup.grouping.
    """
    totals = {}
    ways = mock.patch.dict(grid.PLACES, {3: of_three}), mock.patch.object(pickup, "grouping", grouping)
    with ways[0], ways[1], tempfile.TemporaryDirectory() as folder:
        melodies = [as_read(line, meter or line.meter, folder) for line in lines]
        for seed in range(seeds):
            options = Options(seed=seed, ending=False)
            for first in range(0, len(lines), SONGS_AT_ONCE):
                part = melodies[first : first + SONGS_AT_ONCE]
                songs = accompanist.accompany_melodies(part, [""] * len(part), options)
                for line, song in zip(lines[first : first + SONGS_AT_ONCE], songs, strict=True):
                    size = bar_size(line.meter)
                    tokens = on_16ths(song, int(-(-line.end.max() // size)) * size)
                    for name, ratio in measures(tokens, line.meter).items():
                        totals[name] = totals.get(name, 0) + np.array(ratio, float)
    cells = [f"{totals[name][0] / max(totals[name][1], 1e-9):.2f}" for name in COLUMNS.values()]
    print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


def paired_right(lines) -> int:
    """How many pickup.grouping pairs right, of lines in 2/4 that begin with a pair and of the same a bar later."""
    right = 0
    for line, before in [(line, 0) for line in lines] + [(a_bar_later(line), 2) for line in lines]:
        ticks = (edge * TICKS_PER_QUARTER // 4 for edge in (line.start, line.end))
        right += pickup.grouping(*ticks, line.pitch, TICKS_PER_QUARTER, 2) == before
    return right


def rows_of_two(title, lines, accompanist, seeds):
    """The ways to pair bars of two beats."""
    row(f"{title}: paired as heard", lines, accompanist, seeds=seeds)
    row(f"{title}: paired from the first bar on", lines, accompanist, seeds=seeds, grouping=lambda *_: 0)


def rows_of_three(title, lines, accompanist, seeds):
    """The ways to read melodies in 3/4."""
    for of_three in ((0, 1, 3), (0, 1, 2), (0, 2, 3)):
        [lacks] = {0, 1, 2, 3} - set(of_three)
        row(f"{title}: without beat {lacks + 1}", lines, accompanist, seeds=seeds, of_three=of_three)
    row(f"{title}: read as 4/4", lines, accompanist, seeds=seeds, meter=(4, 4))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--input", type=pathlib.Path)
    parser.add_argument("--checkpoint")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--bars", type=int, default=32)
    flags = parser.parse_args(argv)
    accompanist = Accompanist.load(flags.checkpoint)
    by_meter = {}
    for path in sorted(EXAMPLES.glob("*.mid")):
        line = read_line(path)
        by_meter.setdefault(line.meter, []).append(line)
    print("| melodies | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
    row("examples in 4/4", by_meter[4, 4], accompanist, seeds=flags.seeds)
    rows_of_three("example in 3/4", by_meter[3, 4], accompanist, flags.seeds)
    rows_of_two("example in 2/4", by_meter[2, 4], accompanist, flags.seeds)
    rows_of_two("example in 6/8", by_meter[6, 8], accompanist, flags.seeds)
    row("example in 6/8: read as 4/4", by_meter[6, 8], accompanist, seeds=flags.seeds, meter=(4, 4))
    if flags.input is None:
        return
    lines = []
    for path in midi.files(flags.input):
        with contextlib.suppress(midi.MidiError):
            line = read_line(path, flags.bars)
            if line.meter == (4, 4):
                lines.append(line)
    row(f"{len(lines)} songs in 4/4", lines, accompanist, seeds=1)
    halves = [line._replace(meter=(2, 4)) for line in lines]
    every_other_later = [a_bar_later(line) if n % 2 else line for n, line in enumerate(halves)]
    rows_of_two("halved to 2/4", every_other_later, accompanist, 1)
    rows_of_three("stretched to 3/4", [stretched(line) for line in lines], accompanist, 1)
    rows_of_three("cut to 3/4", [cut(line, 1 + number % 3) for number, line in enumerate(lines)], accompanist, 1)
    print(f"\nBars of 2/4 paired right: {paired_right(halves)} of {2 * len(halves)}.")


if __name__ == "__main__":
    main()
