"""Measures whether scores are played as other programs play them: MusicXML as MuseScore does, ABC as abc2midi does.

    python -m benchmarks.score_reading --musicxml=DIR --abc=DIR [--tunes=100]

Counts the files whose notes, pitches and onsets to a sixth of a quarter note, are the same. Of ABC so many tunes are
taken, evenly spread, without their chords, grace notes and kinds of dances (which abc2midi swings), each alone.
"""

import argparse
import pathlib
import re
import subprocess
import tempfile

from musicvae_jax import midi
from musicvae_jax.files import FileError
from surrogate.reading import notation_file
from tests import musescore

_NOT_COMPARED = re.compile(r'(?m)"[^"]*"|\{[^}]*\}|^R:.*\n')


def notes(score):
    """Onset and pitch of all notes."""
    beat = score.ticks_per_quarter
    return sorted((int(6 * note.time / beat + 0.3), note.pitch) for track in score.tracks for note in track.notes)


def compare(name, pairs):
    """Prints how many of (score, MIDI file of the other program, which need not be there) agree."""
    read = played = same = 0
    for path, other in pairs:
        try:
            own = notes(midi.read(notation_file.read(path)[0].content()))
        except FileError as mistake:
            print(mistake)
            continue
        read += 1
        if other.exists():
            played, same = played + 1, same + (own == notes(midi.read(other)))
    print(f"{name}: {read} read, {played} played by the other program, {same} of these alike")


def musescore_files(folder, work):
    """Pairs of scores and what MuseScore plays of them; it ends at a file that it cannot open."""
    left = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".mxl", ".musicxml"))
    pairs = [(path, work / f"{path.stem}.mid") for path in left]
    while left:
        musescore.play(left, work, check=False)
        done = sum((work / f"{path.stem}.mid").exists() for path in left)
        left = left[done + 1 :]
    return pairs


def abc_tunes(folder, work, count):
    """Pairs of single tunes and what abc2midi plays of them."""
    texts = (path.read_text("latin-1") for path in sorted(folder.rglob("*.abc")))
    tunes = [tune for text in texts for tune in re.split(r"(?m)^(?=X:)", text) if tune.startswith("X:")]
    pairs = []
    for number, tune in enumerate(tunes[:: max(len(tunes) // count, 1)][:count]):
        path = work / f"{number}.abc"
        path.write_text("%abc-2.1\n" + _NOT_COMPARED.sub("", tune))
        subprocess.run(["abc2midi", path, "-o", path.with_suffix(".mid"), "-NGUI"], capture_output=True)
        pairs.append((path, path.with_suffix(".mid")))
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--musicxml", type=pathlib.Path)
    parser.add_argument("--abc", type=pathlib.Path)
    parser.add_argument("--tunes", type=int, default=100)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if flags.musicxml:
            compare("MusicXML", musescore_files(flags.musicxml, pathlib.Path(work)))
        if flags.abc:
            compare("ABC", abc_tunes(flags.abc, pathlib.Path(work), flags.tunes))


if __name__ == "__main__":
    main()
