"""Random bars with chords, for tests of models that read bars."""

import numpy as np


def random_bars(count, *, seed=0, roots=None):
    """Bars uint16 [count, 16, 3], and roots of their chords, int64 [count, 2], all `roots` if given."""
    rng = np.random.default_rng(seed)
    lines = rng.integers(2, 90, (count, 16, 2))
    lines[..., 1] = rng.integers(15, 40, (count, 16))  # where basses play
    bars = np.concatenate([lines, rng.integers(0, 512, (count, 16, 1))], -1)
    bars[rng.random(bars.shape) < 0.6] = 0
    bars[:, 0] = np.maximum(bars[:, 0], (2, 20, 0))
    root = rng.integers(0, 12, (count, 2)) if roots is None else np.full((count, 2), roots)
    return bars.astype(np.uint16), root
