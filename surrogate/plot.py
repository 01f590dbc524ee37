"""Piano rolls: melody red, bass blue, drums brown, a line at each bar. Needs the extra `media`."""

import numpy as np

from musicvae_jax import events

COLOURS = {"melody": "tab:red", "bass": "tab:blue", "drums": "saddlebrown"}
DRUM_NAMES = ("kick", "snare", "closed hat", "open hat", "low tom", "mid tom", "high tom", "crash", "ride")


def roll(tokens_Tx3, path, *, title="", bars_per_row=16):
    """Draw trio tokens as a PNG, 16 bars a row of two panels: pitched notes above, drums below."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    tokens_Tx3 = np.asarray(tokens_Tx3)
    steps = bars_per_row * events.STEPS_PER_BAR
    rows = -(-len(tokens_Tx3) // steps)
    figure, axes = pyplot.subplots(
        2 * rows,
        1,
        figsize=(14, 3.6 * rows),
        layout="constrained",
        squeeze=False,
        gridspec_kw={"height_ratios": [3, 1.4] * rows},
    )
    lines = [events.line_notes(tokens_Tx3[:, i]) for i in range(2)]
    pitches = np.concatenate([pitch for _, _, pitch in lines])
    lowest, highest = (pitches.min() - 2, pitches.max() + 2) if len(pitches) else (40, 80)
    hit_step, hit_pitch = events.drum_hits(tokens_Tx3[:, 2])
    for row in range(rows):
        notes, drums = axes[2 * row, 0], axes[2 * row + 1, 0]
        for (start, end, pitch), track in zip(lines, COLOURS, strict=False):
            notes.barh(pitch, end - start, left=start, height=0.9, color=COLOURS[track], edgecolor="white", lw=0.3)
        lane = [events.DRUM_PITCHES.index(p) for p in hit_pitch]
        drums.scatter(hit_step + 0.3, lane, marker="s", s=14, color=COLOURS["drums"])
        notes.set(ylim=(lowest, highest), ylabel="MIDI pitch", xticklabels=[])
        drums.set(ylim=(-0.6, 8.6), yticks=range(9), yticklabels=DRUM_NAMES, xlabel="bar")
        for axis in (notes, drums):
            axis.set_xlim(row * steps, (row + 1) * steps)
            axis.set_xticks(np.arange(row * steps, (row + 1) * steps, events.STEPS_PER_BAR))
            axis.grid(axis="x", color="0.85")
            axis.set_axisbelow(True)
        drums.tick_params(axis="y", labelsize=6)
        drums.set_xticklabels(np.arange(bars_per_row) + row * bars_per_row + 1)
    figure.suptitle(title)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
