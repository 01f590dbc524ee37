"""Piano rolls (melody red, bass blue, drums brown, a line at each bar); bars with intervals. Needs the extra media."""

import numpy as np

from musicvae_jax import events

COLOURS = {"melody": "tab:red", "bass": "tab:blue", "drums": "saddlebrown"}
DRUM_NAMES = ("kick", "snare", "closed hat", "open hat", "low tom", "mid tom", "high tom", "crash", "ride")


def roll(tokens_Tx3, path, *, title="", bars_per_row=16):
    """Draw trio tokens as a PNG, 16 bars a row of two panels: pitched notes above, drums below."""
    tokens_Tx3 = np.asarray(tokens_Tx3)
    steps = bars_per_row * events.STEPS_PER_BAR
    firsts = range(0, len(tokens_Tx3), steps)
    figure, axes = _figure(len(firsts))
    for first, (notes, drums) in zip(firsts, axes, strict=True):
        _draw(notes, drums, tokens_Tx3, _pitch_range([tokens_Tx3]), first, steps)
    figure.suptitle(title)
    _save(figure, path)


def rolls(windows, path):
    """Draw windows of one length under each other as a PNG, on one scale: {title: tokens [T, 3]}."""
    figure, axes = _figure(len(windows))
    limits = _pitch_range(windows.values())
    for (title, tokens_Tx3), (notes, drums) in zip(windows.items(), axes, strict=True):
        _draw(notes, drums, tokens_Tx3, limits, 0, len(tokens_Tx3))
        notes.set_title(title)
    _save(figure, path)


def bars(rows, columns, path):
    """Draw a table with intervals as a PNG, a panel a column: {row: {column: {"value", "lo", "hi"}}}."""
    pyplot = _pyplot()
    names = list(rows)
    across = 4
    down = -(-len(columns) // across)
    figure, axes = pyplot.subplots(
        down, across, figsize=(4 * across, 0.4 + (0.22 * len(names) + 0.6) * down), layout="constrained", sharey=True
    )
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


def _pyplot():
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _figure(rows):
    """A figure, and for each row its panels of notes and of drums."""
    figure, axes = _pyplot().subplots(
        2 * rows,
        1,
        figsize=(14, 3.6 * rows),
        layout="constrained",
        squeeze=False,
        gridspec_kw={"height_ratios": [3, 1.4] * rows},
    )
    return figure, axes.reshape(rows, 2)


def _save(figure, path):
    figure.savefig(path, dpi=80)
    _pyplot().close(figure)


def _pitch_range(windows):
    pitches = np.concatenate([events.line_notes(tokens[:, i])[2] for tokens in windows for i in range(2)])
    return (pitches.min() - 2, pitches.max() + 2) if len(pitches) else (40, 80)


def _draw(notes, drums, tokens_Tx3, pitch_range, first, steps):
    """The steps from first on, on two panels."""
    for column, track in enumerate(events.TRACKS[:2]):
        start, end, pitch = events.line_notes(tokens_Tx3[:, column])
        notes.barh(pitch, end - start, left=start, height=0.9, color=COLOURS[track], edgecolor="white", lw=0.3)
    hit_step, hit_pitch = events.drum_hits(tokens_Tx3[:, 2])
    lane = [events.DRUM_PITCHES.index(pitch) for pitch in hit_pitch]
    drums.scatter(hit_step + 0.3, lane, marker="s", s=14, color=COLOURS["drums"])
    notes.set(ylim=pitch_range, ylabel="MIDI pitch", xticklabels=[])
    drums.set(ylim=(-0.6, 8.6), yticks=range(9), yticklabels=DRUM_NAMES, xlabel="bar")
    bar_lines = np.arange(first, first + steps, events.STEPS_PER_BAR)
    for axis in (notes, drums):
        axis.set_xlim(first, first + steps)
        axis.set_xticks(bar_lines)
        axis.grid(axis="x", color="0.85")
        axis.set_axisbelow(True)
    drums.tick_params(axis="y", labelsize=6)
    drums.set_xticklabels(bar_lines // events.STEPS_PER_BAR + 1)
