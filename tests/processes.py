"""What several processes make, each its own share, put together."""

import jax
import numpy as np


def made_by(monkeypatch, count, make):
    """Makes a batch as each of so many processes; returns the batches, and the rows of all in order."""
    parts = []
    for number in range(count):
        monkeypatch.setattr(jax, "process_count", lambda: count)
        monkeypatch.setattr(jax, "process_index", lambda number=number: number)
        parts.append(make())
    monkeypatch.undo()
    return parts, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
