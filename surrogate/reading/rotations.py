"""Evidence that goes round, such as of pitch classes or of places in a bar, as it is heard from each place."""

import numpy as np


def from_each_place(evidence_xRxU):
    """Evidence by places counted from each place on: [..., R, U] -> [..., U, R * U]; of NumPy or JAX."""
    places = np.arange(evidence_xRxU.shape[-1])
    evidence_xRxUxU = evidence_xRxU[..., np.add.outer(places, places) % len(places)]
    evidence_xUxRxU = evidence_xRxUxU.swapaxes(-3, -2)
    return evidence_xUxRxU.reshape(*evidence_xUxRxU.shape[:-2], -1)
