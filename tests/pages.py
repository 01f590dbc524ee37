"""Takes for tests of the page: four bars with a pickup, a tempo map out of order, and names that try to be markup."""

import numpy as np
import symusic

from surrogate.reading import chord_symbols
from surrogate.rendering import page

HOSTILE = "</script><img src=x onerror=alert(1)>{{song}} &amp; \udcff/.mid"
ROLES = ("melody", "bass", "drums", "other", "other")
BAR_TICKS = (0, 480, 2400, 4320, 5760)  # a pickup, 4/4, 4/4, 3/4
LABELS = ("take 1, the first choice", "take 2, <i>more</i> drum hits")


def track(notes, name="", is_drum=False):
    track = symusic.Track(name=name, is_drum=is_drum)
    track.notes.extend([symusic.Note(start, length, pitch, velocity) for start, length, pitch, velocity in notes])
    return track


def take(bass=36, kick=36):
    """Four bars in 3.6 s: melody, one of several basses and drums, a piano and a cowbell player of the song's own."""
    score = symusic.Score(480)
    # Out of order, two at one tick, one after the end.
    tempos = ((2400, 180), (0, 200), (480, 20), (480, 240), (99999, 10))
    score.tempos.extend([symusic.Tempo(tick, qpm) for tick, qpm in tempos])
    score.time_signatures.append(symusic.TimeSignature(480, 4, 4))
    score.tracks = [
        track([(0, 480, 67, 100), (480, 1920, 72, 80), (2400, 700, 71, 40), (3103, 200, 69, 127)], "Tune"),
        track([(480, 960, bass, 80), (2400, 1920, bass + 7, 80)], "Bass"),
        track([(tick, 120, pitch, 80) for tick in (480, 1440, 2400, 3360, 4320) for pitch in (kick, 42)], "", True),
        track([(480, 5280, 60, 60), (480, 5280, 64, 60)], "<b>Piano</b>"),
        track([(4800, 120, 56, 70), (5000, 120, 3, 70)], "Cowbell", True),
    ]
    return score


CHORDS = [
    tuple((tick, chord_symbols.parse(symbol)) for tick, symbol in changes)
    for changes in ([(0, "C"), (480, "Am7"), (2400, "G7/B")], [(0, "N.C.")])
]
"""Of each take."""


def two_takes():
    """Two takes of one song."""
    return [take(), take(40, 35)]


def written(folder, scores, **more):
    """The page of takes, written into a folder."""
    path = folder / "takes.html"
    page.write(path, title=HOSTILE, scores=scores, labels=LABELS, roles=ROLES, bar_ticks=BAR_TICKS, **more)
    return path


PIXEL = """((x, y) => {{
  const canvas = document.querySelector("#notes"), scale = canvas.width / canvas.clientWidth;
  return [...canvas.getContext("2d").getImageData(x * scale, y * scale, 1, 1).data.slice(0, 3)];
}})({x}, {y})"""


def pixel(browser, x, y):
    """Red, green and blue of a canvas's pixel, at CSS pixels that expressions give."""
    return np.array(browser.value(PIXEL.format(x=x, y=y)))
