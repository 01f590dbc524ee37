"""How close generated windows come to the real ones, token by token and onset by onset.

"No event" fills most of a track, so a model that writes nothing scores well on accuracy; onset F1 does not reward it.
"""

import numpy as np

from musicvae_jax.events import DRUM_PITCHES, FIRST_PITCH, TRACKS


def accuracy(real, generated):
    """Share of equal tokens of each track: [n, T, 3] twice -> {track: share}."""
    return dict(zip(TRACKS, (np.asarray(real) == np.asarray(generated)).mean((0, 1)).tolist(), strict=True))


def f1(real, generated):
    """F1 of two boolean arrays over all their cells; 1 where both are empty."""
    hits, total = (real & generated).sum(), real.sum() + generated.sum()
    return float(2 * hits / total) if total else 1.0


def onsets(tokens):
    """Where notes begin: melody and bass bool [n, T] each; drums bool [n, T, 9], one column a drum."""
    tokens = np.asarray(tokens)
    drums = (tokens[..., 2, None] >> np.arange(len(DRUM_PITCHES))) & 1
    return tokens[..., 0] >= FIRST_PITCH, tokens[..., 1] >= FIRST_PITCH, drums.astype(bool)


def onset_f1(real, generated):
    """F1 of onsets: of melody and bass by step, of their notes by step and pitch, of drums by step and drum."""
    scores = {}
    for i, (track, a, b) in enumerate(zip(TRACKS, onsets(real), onsets(generated), strict=True)):
        scores[track] = f1(a, b)
        if track != "drums":
            hits = (a & b & (np.asarray(real)[..., i] == np.asarray(generated)[..., i])).sum()
            scores[f"{track}_notes"] = float(2 * hits / (a.sum() + b.sum())) if a.any() or b.any() else 1.0
    return scores


def score(real, generated):
    """accuracy and onset_f1 in one flat dict."""
    return {f"{name}_accuracy": x for name, x in accuracy(real, generated).items()} | {
        f"{name}_f1": x for name, x in onset_f1(real, generated).items()
    }
