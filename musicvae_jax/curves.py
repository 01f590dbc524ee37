"""The curves of a training, drawn from its log; needs the extra media."""

import importlib.util
import pathlib

from musicvae_jax import training_log

FILE = "curves.png"
_MOST_POINTS = 2000  # a panel


def can_draw() -> bool:
    """Whether matplotlib is at hand."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(workdir) -> None:
    """Draws curves.png beside metrics.csv: a panel a metric, training and validation over the steps.

    Nothing is drawn of an empty log, or without matplotlib.
    """
    curves = _curves(workdir)
    if not (curves and can_draw()):
        return
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(4, len(curves))
    rows = -(-len(curves) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.4 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for place, (metric, splits) in enumerate(curves.items(), 1):
        panel = figure.add_subplot(rows, columns, place)
        for split, points in splits.items():
            kept = points[:: -(-len(points) // _MOST_POINTS)]
            panel.plot(*zip(*kept, strict=True), label=split, marker="" if len(kept) > 1 else ".")
        panel.set_title(metric, fontsize=9)
        panel.tick_params(labelsize=7)
    figure.axes[0].legend(fontsize=7)
    figure.savefig(pathlib.Path(workdir) / FILE, dpi=110)


def _curves(workdir):
    """{metric: {split: [(step, value), ...]}}, those that validation has first."""
    curves = {}
    for row in training_log.rows(workdir):
        own = curves.setdefault(row["metric"], {}).setdefault(row["split"], [])
        own.append((int(row["step"]), float(row["value"])))
    return dict(sorted(curves.items(), key=lambda item: "validation" not in item[1]))
