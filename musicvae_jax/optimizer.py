"""The optimizer of all trainings."""

import re

import jax
import jax.numpy as jnp
import optax

_BETA2 = 0.99
_ADAM_RMS = 0.2  # of an update of Adam's, so that one learning rate serves both (Liu et al. 2025)
_STACKS = "stacks"


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
            adam_weight_decay=config.weight_decay, consistent_rms=_ADAM_RMS, muon_weight_dimension_numbers=_kernels,
        )  # fmt: skip
        rule = _of_stacks(rule, re.compile(config.muon))
    else:
        rule = optax.adamw(schedule, b2=_BETA2, weight_decay=config.weight_decay, mask=_is_weight)
    return optax.chain(optax.clip_by_global_norm(config.clip), rule)


def _of_stacks(rule, pattern):
    """A rule for stacks of the kernels whose names match, one stack a shape, so that Muon's few steps serve all."""

    def stacks(tree):
        stacked, alone = {}, {}
        for path, leaf in jax.tree.leaves_with_path(tree):
            name = _name(path)
            if pattern.fullmatch(name):
                stacked.setdefault(f"{leaf.shape}", {})[name] = leaf
            else:
                alone[name] = leaf
        return {
            _STACKS: {shape: jnp.stack(list(own.values())) for shape, own in stacked.items()},
            "alone": alone,
        }, stacked

    def update(gradients, state, params):
        (gradients, names), (of_stacks, _) = stacks(gradients), stacks(params)
        updates, state = rule.update(gradients, state, of_stacks)
        by_name = dict(updates["alone"])
        for shape, own in names.items():
            by_name |= zip(own, updates[_STACKS][shape], strict=True)
        return jax.tree.map_with_path(lambda path, _: by_name[_name(path)], params), state

    return optax.GradientTransformation(lambda params: rule.init(stacks(params)[0]), update)


def _is_weight(params):
    return jax.tree.map(lambda leaf: leaf.ndim > 1, params)


def _kernels(params):
    """Which leaves Muon moves, as Optax takes it: dimension numbers for them, None for the others."""
    numbers = optax.contrib.MuonDimensionNumbers(reduction_axis=1, output_axis=2)
    return jax.tree.map_with_path(lambda path, _: numbers if path[0].key == _STACKS else None, params)


def _name(path):
    return "/".join(str(key.key) for key in path)
