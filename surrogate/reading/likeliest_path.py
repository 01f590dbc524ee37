"""Viterbi's algorithm where staying is free and all changes at a moment cost the same."""

import numpy as np


def likeliest_path(evidence_TxC, cost_T) -> np.ndarray:
    """Finds the path with the most evidence less the costs of its changes.

    Args:
        evidence_TxC: float [T, C], of each state at each moment, in nats.
        cost_T: float [T], of a change between a moment and the one before; the first does not matter.

    Returns:
        int64 [T], states.
    """
    moments = len(evidence_TxC)
    total_C = evidence_TxC[0]
    best_T, changes_TxC = np.zeros(moments, np.int64), np.zeros(evidence_TxC.shape, bool)
    for moment in range(1, moments):
        best_T[moment] = total_C.argmax()
        after_change = total_C[best_T[moment]] - cost_T[moment]
        changes_TxC[moment] = total_C < after_change
        total_C = np.maximum(total_C, after_change) + evidence_TxC[moment]
    path = np.full(moments, total_C.argmax())
    for moment in range(moments - 1, 0, -1):
        path[moment - 1] = best_T[moment] if changes_TxC[moment, path[moment]] else path[moment]
    return path
