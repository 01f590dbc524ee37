"""MuseScore without a window: what it plays of a score."""

import json
import os
import shutil
import subprocess

NAMES = ("mscore3", "musescore3", "mscore", "musescore", "mscore4portable")


def find():
    """The program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def play(scores, folder, *, check=True):
    """MIDI files of what it plays of scores, in a folder, which is its home, too; it opens them one after the other."""
    played = [folder / f"{score.stem}.mid" for score in scores]
    jobs = [{"in": str(score), "out": str(path)} for score, path in zip(scores, played, strict=True)]
    (folder / "jobs.json").write_text(json.dumps(jobs))
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "QT_QPA_PLATFORM": "offscreen"}
    command = [find(), "-j", str(folder / "jobs.json")]
    subprocess.run(command, env=os.environ | home, capture_output=True, timeout=600, check=check)
    return played
