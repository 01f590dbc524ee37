"""Piano rolls (melody red, bass blue, drums brown, a line at each bar); bars with intervals. Needs the extra media."""

import io
import os
import warnings

import numpy as np

from musicvae_jax import events, files
from musicvae_jax.events import BASS, DRUMS, MELODY

COLOURS = {"other": "0.75", "melody": "tab:red", "bass": "tab:blue", "drums": "saddlebrown"}
MAX_ROWS = 24
DRUM_NAMES = ("kick", "snare", "closed hat", "open hat", "low tom", "mid tom", "high tom", "crash", "ride")


def rolls(windows, path) -> None:
    """Draw windows under each other, each in two panels on one scale: pitched notes above, drums below.

    Args:
        windows: {title: trio tokens [T, 3]}.
        path: as song takes it.

    Raises:
        musicvae_jax.FileError: as song raises it.
    """
    check(path)
    figure, axes = _roll_figure(len(windows))
    lines = [tokens_Tx3[:, column] for tokens_Tx3 in windows.values() for column in (MELODY, BASS)]
    limits = _pitch_limits(np.concatenate([events.line_notes(line_T)[2] for line_T in lines]))
    for (title, tokens_Tx3), (notes, drums) in zip(windows.items(), axes, strict=True):
        _draw_tokens(notes, drums, tokens_Tx3)
        bar_lines = np.arange(0, len(tokens_Tx3), events.STEPS_PER_BAR)
        _set_scales(notes, drums, limits, bar_lines, 1 + np.arange(len(bar_lines)), len(tokens_Tx3))
        notes.set_title(title)
    _save(figure, path)


def song(score, roles, bar_ticks, path, *, title="", chords=(), bars_per_row=16) -> None:
    """Draw a song as it is played, off the grid and with all its tracks, in rows of two panels as rolls does.

    A song of more than MAX_ROWS rows gets more bars a row.

    Args:
        score: symusic.Score in ticks, tracks parallel to roles.
        roles: "melody", "bass", "drums" or "other" (drawn grey, behind) for each track.
        bar_ticks: int [bars + 1], rising: the ticks of the bar lines; each bar is as wide as it is long.
        path: where to; the suffix says the format, as in .png, .svg or .pdf. The file appears whole or not at all.
        title: of the picture; may hold bytes that are no text.
        chords: (tick, name) of each change, rising.
        bars_per_row: how many at first.

    Raises:
        musicvae_jax.FileError: matplotlib is missing or does not know the suffix, or the file cannot be written.
    """
    check(path)
    bar_ticks = np.asarray(bar_ticks)
    tracks = sorted(zip(roles, score.tracks, strict=True), key=lambda pair: list(COLOURS).index(pair[0]))
    tracks = [(role, track.is_drum or role == "drums", track.notes.numpy()) for role, track in tracks]
    pitches = np.concatenate([notes["pitch"] for _, drums, notes in tracks if not drums] or [[]])
    bars_per_row = max(bars_per_row, -(-(len(bar_ticks) - 1) // MAX_ROWS))
    firsts = range(0, len(bar_ticks) - 1, bars_per_row)
    width = max(bar_ticks[first:][: bars_per_row + 1][-1] - bar_ticks[first] for first in firsts)
    figure, axes = _roll_figure(len(firsts))
    for first, (notes, drums) in zip(firsts, axes, strict=True):
        lines = bar_ticks[first : first + bars_per_row + 1]
        for role, is_drum, content in tracks:
            _draw_notes(drums if is_drum else notes, is_drum, content, lines, COLOURS[role], score.ticks_per_quarter)
        _set_scales(notes, drums, _pitch_limits(pitches), lines, first + 1 + np.arange(len(lines) - 1), width)
        _name_chords(notes, chords, lines, width)
    figure.suptitle(_printable(title), parse_math=False)
    _save(figure, path, dpi=110)


def bars(rows, columns, path) -> None:
    """Draw a table with intervals, a panel a column.

    Args:
        rows: {row: {column: {"value", "lo", "hi"}}}; lo and hi may be None, and a column may be missing.
        columns: the names of those to draw, in order.
        path: as song takes it.

    Raises:
        musicvae_jax.FileError: as song raises it.
    """
    check(path)
    names = list(rows)
    across = 4
    down = -(-len(columns) // across)
    figure = _figure(4 * across, 0.4 + (0.22 * len(names) + 0.6) * down)
    axes = figure.subplots(down, across, sharey=True)
    for axis, column in zip(axes.flat, columns, strict=False):
        for place, name in enumerate(names):
            bar = rows[name].get(column)
            if bar is None or not np.isfinite(bar["value"]):
                continue
            axis.barh(place, bar["value"], color="tab:blue", alpha=0.6)
            if bar["lo"] is not None:
                axis.plot((bar["lo"], bar["hi"]), (place, place), color="black", lw=1.2)
        axis.set_title(column, fontsize=10)
    for axis in axes.flat[len(columns) :]:
        axis.set_visible(False)
    axes.flat[0].set_yticks(range(len(names)), names)
    axes.flat[0].invert_yaxis()
    _save(figure, path)


def points(places, colours, legend, path, *, title="") -> None:
    """Draw points in a plane.

    Args:
        places: float [n, 2].
        colours: of each, as "#1f77b4".
        legend: {name: colour}.
        path: as song takes it.
        title: of the picture.

    Raises:
        musicvae_jax.FileError: as song raises it.
    """
    check(path)
    figure = _figure(10, 8)
    axis = figure.subplots()
    axis.scatter(*np.asarray(places).T, c=colours, s=14, alpha=0.7, linewidths=0)
    for name, colour in legend.items():
        axis.scatter([], [], c=colour, s=30, label=_printable(name))
    axis.legend(loc="best", fontsize=9)
    axis.set(xticks=[], yticks=[])
    axis.set_title(_printable(title), fontsize=11, parse_math=False)
    _save(figure, path)


def check(path) -> None:
    """Refuse a picture that cannot be drawn, before any work is done for it.

    Raises:
        musicvae_jax.FileError: matplotlib is missing, or does not know the suffix of path.
    """
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ModuleNotFoundError:
        raise files.FileError(path, "needs matplotlib; pip install '.[media]'") from None
    if _suffix(path) not in FigureCanvasBase.get_supported_filetypes():
        raise files.FileError(path, "names no kind of picture that can be drawn; end it in .png, .svg or .pdf")


def _printable(text):
    return text.encode("utf-8", "replace").decode()


def _suffix(path):
    return os.path.splitext(path)[1][1:].lower()


def _figure(width, height):
    """A figure of a size in inches, which pyplot, the notebook's, does not know of."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _roll_figure(rows):
    """A figure, and for each row its panels of notes and of drums."""
    figure = _figure(14, 3.6 * rows)
    axes = figure.subplots(2 * rows, 1, squeeze=False, gridspec_kw={"height_ratios": [3, 1.4] * rows})
    return figure, axes.reshape(rows, 2)


def _save(figure, path, dpi=80):
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a title in letters that the font has not
        figure.savefig(picture, dpi=dpi, format=_suffix(path))
    files.write_whole(path, picture.getvalue())


def _pitch_limits(pitches):
    """Of all notes, an octave at least, so that there is a C to be named."""
    return (int(pitches.min()) - 2, int(max(pitches.max(), pitches.min() + 8)) + 2) if len(pitches) else (40, 80)


def _draw_tokens(notes, drums, tokens_Tx3):
    """Trio tokens on two panels, in steps."""
    for column in (MELODY, BASS):
        start, end, pitch = events.line_notes(tokens_Tx3[:, column])
        colour = COLOURS[events.TRACKS[column]]
        notes.barh(pitch, end - start, left=start, height=0.9, color=colour, edgecolor="white", lw=0.3)
    hit_step, hit_pitch = events.drum_hits(tokens_Tx3[:, DRUMS])
    lane = [events.DRUM_PITCHES.index(pitch) for pitch in hit_pitch]
    drums.scatter(hit_step + 0.3, lane, marker="s", s=14, color=COLOURS["drums"])


def _draw_notes(axis, is_drum, notes, bar_lines, colour, ticks_per_quarter):
    """The notes of a track, in symusic's arrays, that sound between the first and the last of these bar lines."""
    from matplotlib.collections import PolyCollection

    start = notes["time"].astype(np.int64)
    end = start + notes["duration"]
    shown = (start < bar_lines[-1]) & (end > bar_lines[0])
    start, end, pitch = start[shown], np.minimum(end[shown], bar_lines[-1]), notes["pitch"][shown]
    if is_drum:
        lane = events.DRUM_BIT_OF_PITCH[pitch]
        struck = (lane != events.NO_DRUM) & (start >= bar_lines[0])
        axis.scatter(start[struck] + 0.075 * ticks_per_quarter, lane[struck], marker="s", s=14, color=colour)
    else:
        left, right, low, high = start, end, pitch - 0.5, pitch + 0.5
        corners = np.stack([left, low, right, low, right, high, left, high], 1).reshape(-1, 4, 2)
        # Faster than barh, and without snap each note is as thick as the next.
        axis.add_collection(PolyCollection(corners, facecolor=colour, edgecolor="white", lw=0.3, snap=False))


def _name_chords(axis, chords, bar_lines, width):
    """Writes chords above the notes, each where it begins and has room; what sounds on at the first line, there."""
    names = {max(tick, bar_lines[0]): name for tick, name in chords if tick < bar_lines[-1]}
    free = bar_lines[0]
    for tick, name in names.items():
        if tick >= free:
            axis.text(tick, 1.01, name, transform=axis.get_xaxis_transform(), fontsize=8, parse_math=False)
            free = tick + width / 40


def _set_scales(notes, drums, pitch_limits, bar_lines, numbers, width):
    """Scales, names, and a line at each bar, numbered as far as there are numbers and room, on two panels."""
    octaves = range(-(-pitch_limits[0] // 12), pitch_limits[1] // 12 + 1)
    notes.set(ylim=pitch_limits, yticks=[12 * octave for octave in octaves])
    notes.set_yticklabels([f"C{octave - 1}" for octave in octaves])
    drums.set(ylim=(-0.6, 8.6), yticks=range(9), yticklabels=DRUM_NAMES, xlabel="bar")
    for axis in (notes, drums):
        axis.set_xlim(bar_lines[0], bar_lines[0] + width)
        axis.set_xticks([])
        axis.vlines(bar_lines, 0, 1, transform=axis.get_xaxis_transform(), color="0.85", lw=0.8, zorder=0)
    drums.tick_params(axis="y", labelsize=6)
    shown = slice(0, len(numbers), -(-len(numbers) // 32))
    drums.set_xticks(bar_lines[shown], numbers[shown])
