"""Measures how the bass fits annotated chords, of melodies alone and with the chords given.

    python -m benchmarks.band_chords --pop909=DIR --openewld=DIR [--songs=30] [--checkpoint=...]

DIR of POP909 holds songs in folders NNN with NNN.mid, chord_midi.txt (start and end in seconds, Harte label) and
beat_midi.txt; their longest stretches of 4/4 are taken. DIR of OpenEWLD holds compressed MusicXML, melodies with
chord symbols; repeats are not played out. So many songs of each are drawn by a seed. It is counted how much of
the time in which the bass sounds over a chord it is on the chord's root (or given bass), and on any of its notes; the
same where chords begin, and of the longest note of each half bar; and how often the chord that is written has the
annotated root.
"""

import argparse
import itertools
import pathlib
import typing
import zipfile
from xml.etree import ElementTree

import numpy as np

from musicvae_jax import cache, events, midi
from musicvae_jax.events import BEATS_PER_BAR, STEPS_PER_BAR, STEPS_PER_BEAT
from surrogate.evaluation import half_bars
from surrogate.model import bands
from surrogate.model.band import MelodyLine, Wishes
from surrogate.reading import chord_symbols, grid, song_chords
from surrogate.reading.chord_symbols import Chord, ChordError
from surrogate.reading.chords import QUALITIES
from surrogate.reading.grid import Grid
from surrogate.reading.song_chords import SongChords

FEWEST_BARS, MOST_BARS = 8, 192
TICKS = 480
"""Of a quarter note."""
KINDS = {  # of MusicXML
    "major": "", "minor": "m", "augmented": "aug", "diminished": "dim", "dominant": "7", "major-seventh": "maj7",
    "minor-seventh": "m7", "diminished-seventh": "dim7", "augmented-seventh": "7#5", "half-diminished": "m7b5",
    "major-minor": "mmaj7", "major-sixth": "6", "minor-sixth": "m6", "dominant-ninth": "9", "major-ninth": "maj9",
    "minor-ninth": "m9", "dominant-11th": "11", "dominant-13th": "13", "suspended-second": "sus2",
    "suspended-fourth": "sus4", "power": "5", "none": "N.C.",
}  # fmt: skip


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
    return annotated(first[kept], last[kept], notes["pitch"][kept], changes, tempo, bars=int(bars.max()))


def openewld_song(path) -> Annotated | None:
    """A lead sheet of OpenEWLD; None where its bars cannot be laid out or its chords not be read."""
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if not name.startswith("META-INF") and "xml" in name)
        part = ElementTree.fromstring(archive.read(name)).find("part")
    try:
        notes, changes, meters = lead_sheet(part)
        start, end, pitch = np.array(notes).T
        return annotated(start, end, pitch, changes, 120.0, meters=meters)
    except (ChordError, KeyError, ValueError):
        return None


def lead_sheet(part):
    """Notes (first tick, end, pitch), chords (tick, Chord) and meters (tick, beats, type) of a part."""
    now, divisions, notes, changes, meters, onset = 0, 1, [], [], [], 0
    for measure in part.iter("measure"):
        begin = reached = now
        for element in measure:
            length = TICKS * int(element.findtext("duration", "0")) // divisions
            if element.tag == "attributes":
                divisions = int(element.findtext("divisions", divisions))
                if (time := element.find("time")) is not None:
                    meters.append((begin, int(time.findtext("beats")), int(time.findtext("beat-type"))))
            elif element.tag == "harmony":
                changes.append((now, harmony(element)))
            elif element.tag in ("backup", "forward"):
                now += length if element.tag == "forward" else -length
            elif element.tag == "note" and element.find("grace") is None:
                onset = onset if element.find("chord") is not None else now
                if element.find("pitch") is not None and element.findtext("voice", "1") == "1":
                    add_note(notes, element, onset, length)
                now = max(now, onset + length)
            reached = max(reached, now)
        now = reached
    return notes, changes, meters


def add_note(notes, element, onset, length):
    """Adds a note, or lengthens the one that it is tied to."""
    step, alter, octave = (element.findtext(f"pitch/{name}", "0") for name in ("step", "alter", "octave"))
    pitch = 12 * (int(octave) + 1) + chord_symbols.NATURALS[step] + int(alter)
    ties = {tie.get("type") for tie in element.findall("tie")}
    if "stop" in ties and notes and notes[-1][1:] == (onset, pitch):
        notes[-1] = notes[-1][0], onset + length, pitch
    else:
        notes.append((onset, onset + length, pitch))


def harmony(element) -> Chord:
    """A chord symbol of MusicXML."""

    def note(name):
        alter = int(element.findtext(f"{name}/{name}-alter", "0"))
        return element.findtext(f"{name}/{name}-step", "") + ("#" * alter or "b" * -alter)

    kind, bass = KINDS[element.findtext("kind")], note("bass")
    return chord_symbols.parse(kind if kind == "N.C." else note("root") + kind + (bass and f"/{bass}"))


def annotated(start, end, pitch, changes, tempo, *, meters=None, bars=0) -> Annotated | None:
    """Lays a melody out; in steps of 4/4 where no meters are given."""
    beat = STEPS_PER_BEAT if meters is None else TICKS
    of_song = grid.lay_out(meters or [], int(end.max(initial=1)) if not bars else bars * STEPS_PER_BAR, beat)
    first = of_song.nearest(start)
    tokens = events.line_tokens(first, np.maximum(first + 1, of_song.nearest(end)), pitch, len(of_song.in_song))
    has_melody = FEWEST_BARS <= of_song.bars <= MOST_BARS and (tokens >= events.FIRST_PITCH).sum() >= 2 * FEWEST_BARS
    return (
        Annotated(tokens, float(tempo), of_song, song_chords.of_changes(changes, ""))
        if has_melody and changes
        else None
    )


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
    on_chord_H = half_bars.NOTES_OF_QUALITIES_Qx12[half_H[:, 1], above_H] | on_bass_H
    written_H = parts.chords.reshape(-1, 2)[:, 0]
    return {
        "by time": np.stack([roots, fits], 1)[sounds],
        "at chord starts": np.stack([roots, fits], 1)[starts],
        "by half bars": np.stack([(above_H == 0) | on_bass_H, on_chord_H], 1)[heard_H],
        "written root": (written_H == half_H[:, 0])[half_H[:, 0] >= 0, None],
    }


def table(name, songs, band):
    """Prints how melodies alone and with their chords do."""
    print(f"{name}: {len(songs)} songs, {sum(song.grid.bars for song in songs)} bars", flush=True)
    columns = "root by time", "chord tone", "root at chord starts", "chord tone", "root by half bars", "chord tone"
    print(f"| | {' | '.join(columns)} | root written |")
    print("|---|---|---|---|---|---|---|---|")
    for row, gives in (("melody alone", False), ("chords given", True)):
        lines = [
            MelodyLine(song.tokens, song.tempo, chords=song.chords.half_bars(song.grid) if gives else None)
            for song in songs
        ]
        found = [judge(song, takes[0]) for song, takes in zip(songs, band.write(lines, Wishes()), strict=True)]
        values = [np.mean([each[column].mean(0) for each in found if len(each[column])], 0) for column in found[0]]
        print(f"| {row} | {' | '.join(f'{x:.3f}' for x in np.concatenate(values))} |", flush=True)


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
