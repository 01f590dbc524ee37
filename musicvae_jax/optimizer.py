"""The optimizer of all trainings."""

import functools
import re

import jax
import optax

_BETA2 = 0.99
_ADAM_RMS = 0.2  # of an update of Adam's, so that one learning rate serves both (Liu et al. 2025)


def optimizer(config):
    """AdamW on clipped gradients, linear warm-up, cosine decay; weights decay, biases and gains do not.

    Where config.muon is a pattern, Muon (Jordan et al. 2024) moves the kernels whose names match, at the same rate.
    """
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, config.learning_rate, config.warmup_steps, config.steps, end_value=config.learning_rate * 0.02
    )
    if config.get("muon"):
        rule = optax.contrib.muon(
            schedule, weight_decay=config.weight_decay, weight_decay_mask=_is_weight, adam_b2=_BETA2,
            adam_weight_decay=config.weight_decay, consistent_rms=_ADAM_RMS,
            muon_weight_dimension_numbers=functools.partial(_muon_kernels, re.compile(config.muon)),
        )  # fmt: skip
    else:
        rule = optax.adamw(schedule, b2=_BETA2, weight_decay=config.weight_decay, mask=_is_weight)
    return optax.chain(optax.clip_by_global_norm(config.clip), rule)


def _is_weight(params):
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)


def _muon_kernels(pattern, params):
    """Which leaves Muon moves, as Optax takes it: dimension numbers for them, None for the others."""

    def of_leaf(path, _):
        name = "/".join(str(key.key) for key in path)
        return optax.contrib.MuonDimensionNumbers() if pattern.fullmatch(name) else None

    return jax.tree_util.tree_map_with_path(of_leaf, params)
