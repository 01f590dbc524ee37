"""A melody line of any length as windows of 16 bars, and the windows' bass and drums as one piece again."""

import typing

import numpy as np

from musicvae_jax import events


class WindowSpan(typing.NamedTuple):
    """A window of a line, in steps: where it begins, the first step kept of it, and the end."""

    first: int
    begin: int
    end: int


def cut(melody_T) -> tuple[list[WindowSpan], np.ndarray]:
    """Cuts windows of 16 bars from the bar of the first note on, without those in which nothing sounds.

    A last window that would be short is moved back over bars already accompanied, so that the models see it full of
    music; a shorter line is one window with silence behind.

    Args:
        melody_T: tokens, uint16 [T].

    Returns:
        The spans, and their melodies uint16 [n, 256].
    """
    sounding = events.held_tokens(melody_T) > 0
    spans = []
    if sounding.any():
        start = int(sounding.argmax()) // events.STEPS_PER_BAR * events.STEPS_PER_BAR
        for begin in range(start, len(melody_T), events.WINDOW_STEPS):
            end = min(begin + events.WINDOW_STEPS, len(melody_T))
            if sounding[begin:end].any():
                spans.append(WindowSpan(max(start, end - events.WINDOW_STEPS), begin, end))
    lines_nxT = np.zeros((len(spans), events.WINDOW_STEPS), np.uint16)
    for line, (first, _, end) in zip(lines_nxT, spans, strict=True):
        line[: end - first] = melody_T[first:end]
        if events.held_tokens(line)[-1] and end - first < len(line):  # the song's last note ends with the song
            line[end - first] = events.NOTE_OFF
    return spans, lines_nxT


def join(spans, parts_nxTx2, steps) -> np.ndarray:
    """Joins the bass and drums of a line's windows.

    Args:
        spans: as cut gives them.
        parts_nxTx2: the windows' bass and drums, uint16 [n, 256, 2].
        steps: of the line.

    Returns:
        uint16 [steps, 2].
    """
    song_Tx2 = np.zeros((steps, 2), np.uint16)
    bass_T = song_Tx2[:, 0]
    for (first, begin, end), window in zip(spans, parts_nxTx2, strict=True):
        song_Tx2[begin:end] = window[begin - first : end - first]
        if bass_T[begin] == events.NO_EVENT:  # a note held over the cut is struck at the cut
            bass_T[begin] = events.held_tokens(window[:, 0])[begin - first]
    # Windows know nothing of each other's notes: whatever sounds at the end of one stops there.
    for step in sorted({step for piece in spans for step in piece[1:] if step < steps}):
        if bass_T[step] == events.NO_EVENT and events.held_tokens(bass_T[: step + 1])[-1]:
            bass_T[step] = events.NOTE_OFF
    return song_Tx2
