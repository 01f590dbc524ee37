"""Transposed copies of the windows of training songs."""

import numpy as np

from musicvae_jax import events
from surrogate.corpus.errors import DatasetError


def copies_per_window(config) -> int:
    """How many copies of a training window the config asks for, 1 or more; DatasetError if it cannot have them."""
    wanted = config.copies or len(config.transpose)
    if not len(config.transpose):
        return 1
    if not 1 <= wanted <= len(config.transpose):
        raise DatasetError(f"copies must be 0 to {len(config.transpose)}, as many as transpose, not {wanted}")
    return wanted


def transposed_copies(tokens, song: int, config) -> np.ndarray:
    """Copies the windows of a training song, each in keys drawn for it alone.

    Args:
        tokens: uint16 [n, 256, 3].
        song: its number, which settles with config.seed what is drawn.
        config: of encode_corpus: transpose, copies, seed.

    Returns:
        uint16 [copies * n, 256, 3].
    """
    if not len(config.transpose):
        return tokens
    keys = np.tile(np.asarray(config.transpose, np.int64), (len(tokens), 1))
    if config.copies:
        rng = np.random.default_rng([config.seed, song])
        keys = rng.permuted(keys, axis=1)[:, : config.copies]
    return np.concatenate([events.transpose(tokens, key) for key in keys.T])
