"""What a finished corpus tells of itself."""

import csv
import io

import numpy as np

from surrogate.corpus.plan import Plan
from surrogate.corpus.tunes import SPLITS


def summary(plan: Plan, unit: str = "window") -> dict:
    """What became of the songs, as JSON types: counts, and the reason of every rejected one; unit: what a row is."""
    rejected = {name: reason for name, reason in zip(plan.names, plan.reasons, strict=True) if reason}
    by_split = np.bincount(plan.split, weights=plan.rows, minlength=len(SPLITS)).astype(int)
    return {
        "files": len(plan.names),
        "songs": plan.accepted,
        f"{unit}s": plan.total,
        "splits": dict(zip(SPLITS, by_split.tolist(), strict=True)),
        "reasons": dict(sorted(plan.rejected.items())),
        "rejected": rejected,
    }


def sources_csv(plan: Plan) -> str:
    """CSV that tells what the source numbers in the shards stand for."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["source", "file", "windows", "tune", "split"])
    for number in np.flatnonzero(plan.rows):
        split = SPLITS[plan.split[number]]
        writer.writerow([plan.source[number], plan.names[number], plan.rows[number], plan.tune[number], split])
    return stream.getvalue()
