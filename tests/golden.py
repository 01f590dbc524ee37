"""Random-weight checkpoints that Magenta saved, and the numbers that it computed from them."""

import numpy as np

from tests import paths

DATA = paths.DATA / "magenta"
LAYOUTS = ("hierdec-trio", "hier-trio", "flat-trio")
BUNDLE = DATA / "tiny_hierdec_trio_adam" / "bundle.tar"


def folder_of(layout):
    return DATA / f"tiny_{layout.replace('-', '_')}"


def golden_of(folder):
    with np.load(folder / "golden.npz") as file:
        return dict(file)
