"""How often the key that accompany would assume is right, on public songs that are annotated with theirs.

    python -m benchmarks.keys --pop909=DIR --openewld=DIR

POP909's folders hold NNN.mid and key_audio.txt, told from audio; of several keys the one that lasts longest counts.
OpenEWLD's lead sheets (.mxl) are read as far as a melody asks for it: first part, first voice, repeats not played out.
Those count that have one signature throughout and end on the chord of its major or its minor tonic, which is their key;
of the others it is not certain. Each is printed from the melody alone, with its signature, and with its chords.
"""

import argparse
import pathlib
import tempfile
import time
import xml.etree.ElementTree as ElementTree
import zipfile

import numpy as np
import symusic

from musicvae_jax import midi
from surrogate.reading import key_finder, melody, song_evidence
from surrogate.reading.chords import NONE, QUALITIES
from surrogate.reading.keys import Key

TICKS = 480
NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = {"major": "maj", "minor": "min", "diminished": "dim", "augmented": "aug", "suspended-fourth": "sus4",
         "dominant": "7", "major-seventh": "maj7", "minor-seventh": "min7", "half-diminished": "hdim7",
         "diminished-seventh": "dim7"}  # fmt: skip
"""MusicXML's name of a chord's kind -> Harte's; longer ones by how they begin."""


def read_pop909(folder):
    """The melody of a song as accompany reads it, and its key."""
    seconds = {}
    for line in (folder / "key_audio.txt").read_text().splitlines():
        begin, end, key = line.split()
        seconds[Key.parse(key)] = seconds.get(Key.parse(key), 0) + float(end) - float(begin)
    return melody.read_melody(folder / f"{folder.name}.mid"), max(seconds, key=seconds.get)


def read_openewld(path):
    """Melody, chords int [S, 2, 2] and key of a lead sheet, or None."""
    with zipfile.ZipFile(path) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".xml") and not name.startswith("META-INF")]
        part = ElementTree.fromstring(archive.read(name)).find("part")
    score, chord_marks, fifths = _parse(part)
    key = _key_of_score(fifths.pop(), chord_marks) if len(fifths) == 1 else None
    if key is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        midi.write(score, f"{folder}/song.mid")
        try:
            song = melody.read_melody(f"{folder}/song.mid")
        except midi.MidiError:  # a meter that cannot be laid out
            return None
    return song, _half_bars(song, chord_marks), key


def _key_of_score(sharps, chord_marks):
    """The key of a signature whose tonic is the last chord's root, or None."""
    last = chord_marks[-1][1] if chord_marks else None
    return next(
        (key for key in (Key.of_signature(sharps, minor) for minor in (False, True)) if key.tonic == last), None
    )


def _parse(part):
    """The first voice as a symusic.Score, the chords as (tick, root, quality), and the signatures' sharps."""
    score, track = symusic.Score(TICKS), symusic.Track("Melody")
    chord_marks, fifths, tick, bar_ticks = [], set(), 0, 4 * TICKS
    for measure in part.iter("measure"):
        first = tick
        for element in measure:
            if element.tag == "attributes":
                divisions = int(element.findtext("divisions", "0")) or divisions  # noqa: F821 stand first in a part
                if element.find("key/fifths") is not None:
                    fifths.add(int(element.findtext("key/fifths")))
                    score.key_signatures.append(symusic.KeySignature(tick, int(element.findtext("key/fifths")), 0))
                if element.find("time/beats") is not None:
                    beats, unit = (int(element.findtext(f"time/{name}")) for name in ("beats", "beat-type"))
                    score.time_signatures.append(symusic.TimeSignature(tick, beats, unit))
                    bar_ticks = 4 * TICKS * beats // unit
            elif element.tag == "harmony" and element.find("root") is not None:
                chord_marks.append((tick, *_chord(element)))
            elif element.tag == "note" and element.findtext("voice", "1") == "1" and element.find("chord") is None:
                ticks = TICKS * int(element.findtext("duration", "0")) // divisions
                if element.find("pitch") is not None and ticks:
                    _add_note(track, tick, ticks, element)
                tick += ticks
        if first == 0 and tick < bar_ticks:  # a pickup stands at the end of its bar
            track.shift_time(bar_ticks - tick, inplace=True)
            chord_marks = [(at + bar_ticks - tick, *chord) for at, *chord in chord_marks]
            tick = bar_ticks
    score.tracks.append(track)
    return score, chord_marks, fifths


def _add_note(track, tick, ticks, element):
    step, octave = element.findtext("pitch/step"), int(element.findtext("pitch/octave"))
    pitch = 12 * (octave + 1) + NATURALS[step] + int(float(element.findtext("pitch/alter", "0")))
    if any(tie.get("type") == "stop" for tie in element.iter("tie")) and len(track.notes):
        track.notes[-1].duration = tick + ticks - track.notes[-1].time
    else:
        track.notes.append(symusic.Note(tick, ticks, pitch, 90))


def _chord(element):
    root = NATURALS[element.findtext("root/root-step")] + int(float(element.findtext("root/root-alter", "0")))
    kind = element.findtext("kind", "major")
    name = max((own for own in KINDS if kind.startswith(own)), key=len, default="major")
    return root % 12, list(QUALITIES).index(KINDS[name])


def _half_bars(song, chord_marks):
    """The chord that holds where each half bar begins, int [S, 2, 2]; NONE before the first."""
    chords_Hx2 = np.full((2 * song.bars, 2), NONE)
    for tick, *chord in chord_marks:
        chords_Hx2[-(-int(song.grid.nearest(tick)) // 8) :] = chord
    return chords_Hx2.reshape(-1, 2, 2)


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
