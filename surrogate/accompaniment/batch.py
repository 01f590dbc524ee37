"""From the command line of accompany to its files: several melodies at once; a bad one does not stop the rest."""

import pathlib
import sys
import time

import tqdm

from musicvae_jax import midi
from musicvae_jax.files import FileError
from surrogate.accompaniment.accompanist import accompany_melodies, check_output, read_melody

SONGS_AT_ONCE = 32
LOOKS = {"plot": ".png", "html": ".html", "wav": ".wav"}


def run(flags, options) -> int:
    """Does what the flags of scripts/accompany.py say; returns the exit code: 0, or 2 where anything went wrong."""
    began = time.perf_counter()
    mistakes, read = [], []
    several = len(flags.melodies) > 1 or flags.melodies[0].is_dir()
    try:
        jobs = _several(flags) if several else [_single(flags)]
    except FileError as mistake:
        return _tell([mistake])
    for path, files in jobs:
        try:
            _check(path, files, flags.soundfont)
            read.append((path, files, read_melody(path, options)))
        except FileError as mistake:
            mistakes.append(mistake)
    if not read:
        return _tell(mistakes)

    from musicvae_jax.checkpoint import CheckpointError
    from surrogate.accompaniment import (
        compose,  # brings JAX, a second of import that a wrong file name need not wait for
    )

    try:
        models = compose.load(flags.checkpoint, encoder=options.like is not None)
        with tqdm.tqdm(total=len(read), unit="song", disable=None if several else True) as progress:
            for first in range(0, len(read), SONGS_AT_ONCE):
                paths, files, melodies = zip(*read[first : first + SONGS_AT_ONCE], strict=True)
                for song, of_song in zip(accompany_melodies(melodies, paths, models, options), files, strict=True):
                    try:
                        line = _write(song, of_song, flags.soundfont)
                        progress.write(f"{line}, in {time.perf_counter() - began:.1f} s")
                    except FileError as mistake:
                        mistakes.append(mistake)
                    progress.update()
    except (CheckpointError, FileError) as mistake:
        mistakes.append(mistake)
    return _tell(mistakes)


def _single(flags):
    """The melody's path and its files by kind."""
    [path] = flags.melodies
    output = flags.output or path.with_name(f"{path.stem}_accompanied.mid")
    looks = {kind: getattr(flags, kind) for kind in LOOKS if getattr(flags, kind)}
    return path, {"midi": output} | looks


def _several(flags):
    """The same of every melody, in folders; raises FileError where there are none or two would be one file."""
    found = []
    for path in flags.melodies:
        if path.is_dir():
            inside = midi.files(path)
            if not inside:
                raise FileError(path, "holds no MIDI file")
            if flags.output is None:
                raise FileError(path, "is a folder; give --output, a folder for what is written")
            found += [(file, file.relative_to(path).parent) for file in inside]
        else:
            found.append((path, pathlib.Path()))
    folders = {kind: getattr(flags, kind) for kind in LOOKS if getattr(flags, kind)}
    jobs, taken = [], {}
    for path, below in found:
        name = f"{path.stem}_accompanied"
        output = path.parent if flags.output is None else flags.output / below
        files = {"midi": output / f"{name}.mid"}
        files |= {kind: folder / below / f"{name}{LOOKS[kind]}" for kind, folder in folders.items()}
        if files["midi"] in taken:
            raise FileError(path, f"would be written to the same file as {taken[files['midi']]}")
        taken[files["midi"]] = path
        for file in files.values():
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise FileError(file.parent, f"cannot be made ({error.strerror}); give another output") from None
        jobs.append((path, files))
    return jobs


def _check(path, files, soundfont) -> None:
    """Refuse, before any work is done, what cannot be written; raises FileError."""
    for file in files.values():
        check_output(file, path)
    if "plot" in files:
        from surrogate.rendering import plot

        plot.check(files["plot"])
    if "wav" in files:
        from surrogate.rendering import sound

        sound.ready(files["wav"], soundfont)


def _write(song, files, soundfont) -> str:
    """Writes a song's files; returns what was done, a line."""
    written = [files["midi"]]
    if len(song.takes) > 1:
        written = [written[0].with_stem(f"{written[0].stem}_{number}") for number in range(1, len(song.takes) + 1)]
    for take, file in enumerate(written):
        song.save(file, take=take)
    if "plot" in files:
        song.plot(files["plot"])
    if "html" in files:
        song.html(files["html"])
    if "wav" in files:
        song.wav(files["wav"], soundfont=soundfont)
    slowest, fastest = (f"{qpm:.3g}" for qpm in song.tempos)
    tempo = slowest if slowest == fastest else f"{slowest} to {fastest}"
    best = song.takes[0]
    names = f"{written[0]}" if len(written) == 1 else f"{written[0]} to {written[-1].name}, the best first"
    return (
        f"wrote {names}: {song.bars} bars at {tempo} bpm, {best.notes('bass')} bass notes, "
        f"{best.notes('drums')} drum hits; melody: {song.melody.reason}"
    )


def _tell(mistakes) -> int:
    for mistake in mistakes:
        print(f"accompany: {mistake}", file=sys.stderr)
    return 2 if mistakes else 0
