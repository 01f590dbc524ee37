"""One step of a training: a plain function of (state, batch), compiled for the shape of each batch."""

import functools

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from musicvae_jax import costs
from musicvae_jax.optimizer import optimizer
from musicvae_jax.sharding import cast


def init_state(module, config):
    """Parameters, their moving average, optimizer, step and random key: one tree of arrays."""
    params = nnx.to_pure_dict(nnx.state(module, nnx.Param))
    # A step returns no array of a weak type; with one at first, the second step would be compiled anew.
    params = jax.tree.map(lambda leaf: leaf.astype(leaf.dtype), params)
    return {
        "params": params,
        "ema": jax.tree.map(jnp.copy, params),
        "optimizer": optimizer(config).init(params),
        "step": jnp.zeros((), jnp.int32),
        "key": jax.random.key_data(jax.random.key(config.seed)),
    }


def bind(module):
    """A function that puts a tree of parameters into a copy of the module."""
    graphdef, params, rest = nnx.split(module, nnx.Param, ...)

    def put(values):
        state = jax.tree.map(lambda leaf: leaf, params)  # a copy, as what follows writes into it
        nnx.replace_by_pure_dict(state, values)
        return nnx.merge(graphdef, state, rest)

    return put


def make_step(module, loss, config, frozen=None):
    """The compiled step of a training.

    The forward and backward pass run in config.dtype; parameters, their average and the optimizer stay float32.

    Args:
        module, loss, config, frozen: as fit takes them. Frozen modules are arguments of what is compiled, not constants
            in it, and no gradient reaches them.

    Returns:
        (state, batch) -> (state, metrics), as a functools.partial of the jitted (frozen, state, batch).
    """
    put = bind(module)
    update = optimizer(config).update
    graphdefs, frozen_states = split_each(frozen)

    def step(frozen_states, state, batch):
        key = jax.random.fold_in(jax.random.wrap_key_data(state["key"]), state["step"])
        frozen = merge_each(graphdefs, jax.lax.stop_gradient(frozen_states))

        def objective(params):
            return loss(put(cast(params, config.dtype)), batch, key, **frozen)

        (_, metrics), gradients = jax.value_and_grad(objective, has_aux=True)(state["params"])
        updates, optimizer_state = update(gradients, state["optimizer"], state["params"])
        params = optax.apply_updates(state["params"], updates)
        # A young average follows quickly: otherwise it would remember the initial weights for 1 / (1 - ema) steps.
        decay = jnp.minimum(config.ema, (1 + state["step"]) / (10 + state["step"]))
        ema = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, state["ema"], params)
        metrics = metrics | {"gradient_norm": optax.tree.norm(gradients)}
        state = {
            "params": params,
            "ema": ema,
            "optimizer": optimizer_state,
            "step": state["step"] + 1,
            "key": state["key"],
        }
        return state, metrics

    return functools.partial(jax.jit(step, donate_argnums=1), frozen_states)


class Step:
    """A training's step, and what those that it has done cost.

    Args:
        step: what make_step gives.
        announce: is called before and after whatever is compiled, with True and with False.
    """

    def __init__(self, step, announce):
        self._step, self._announce = step, announce
        self._flops = {}

    def __call__(self, state, batch):
        """The next state, the metrics, and the operations of the step's products on all devices."""
        shape = tuple((name, rows.shape) for name, rows in batch.items())
        if is_new := shape not in self._flops:
            self._announce(True)
            traced = self._step.func.trace(*self._step.args, state, batch)
            self._flops[shape] = costs.of_jaxpr(traced.jaxpr.jaxpr).flops
        state, metrics = self._step(state, batch)
        if is_new:
            self._announce(False)
        return state, metrics, self._flops[shape]


def split_each(modules):
    """Modules by name as what a compiled function is of, ((name, graphdef), ...), and what it takes, {name: state}."""
    parts = {name: nnx.split(module) for name, module in (modules or {}).items()}
    return tuple((name, part[0]) for name, part in parts.items()), {name: part[1] for name, part in parts.items()}


def merge_each(graphdefs, states):
    """The modules by name again."""
    return {name: nnx.merge(graphdef, states[name]) for name, graphdef in graphdefs}
