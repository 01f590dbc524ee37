"""One train loop for every model: mesh, step, checkpoint and resume, metrics, progress.

A step is a plain function of (state, batch); batches and random keys are functions of the step's number, so a run that
is killed and started again with the same command ends with the same weights as one that was not.

Several processes that jax.distributed has joined train one model: each calls fit with the same arguments, reads its own
rows of every batch, and ends with the same weights. Process 0 alone writes metrics and shows progress.
"""

import functools
import math
import pathlib
import time
import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec
from tqdm import tqdm

from musicvae_jax import files
from musicvae_jax.checkpoint import orbax_v1
from musicvae_jax.optimizer import optimizer
from musicvae_jax.training_log import TrainingLog

_AT_LEAST = dict(steps=1, batch_size=1, log_every=1, evaluate_every=1, checkpoint_every=1, warmup_steps=0)
_AT_LEAST |= dict(learning_rate=0, weight_decay=0, ema=0)


class TrainingError(ValueError):
    """A run that cannot start as configured; the message is one line."""


class Trained(typing.NamedTuple):
    """The module with the averaged weights, and its mean metrics on the held-out batches, {} if there are none."""

    module: nnx.Module
    metrics: dict[str, float]


def check_config(config) -> None:
    """Raises TrainingError where no run can have such settings, those that fit takes (and save_dtype)."""
    for name, least in _AT_LEAST.items():
        if not config[name] >= least:
            raise TrainingError(f"{name} must be at least {least}, not {config[name]}")
    if config.warmup_steps >= config.steps:
        raise TrainingError(f"warmup_steps must be less than steps, {config.steps}, not {config.warmup_steps}")
    if not config.clip > 0:
        raise TrainingError(f"clip must be more than 0, not {config.clip}")
    for name in ("dtype", "save_dtype"):
        if config.get(name, "float32") not in ("float32", "bfloat16"):
            raise TrainingError(f"{name} must be float32 or bfloat16, not {config[name]}")
    if config.batch_size % len(jax.devices()):
        raise TrainingError(f"batch_size {config.batch_size} does not divide over {len(jax.devices())} devices")


def init_state(module, config):
    """Parameters, their moving average, optimizer, step and random key: one tree of arrays."""
    params = nnx.to_pure_dict(nnx.state(module, nnx.Param))
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
    graphdefs, frozen_states = _split(frozen)

    def step(frozen_states, state, batch):
        key = jax.random.fold_in(jax.random.wrap_key_data(state["key"]), state["step"])
        frozen = _merge(graphdefs, jax.lax.stop_gradient(frozen_states))

        def objective(params):
            return loss(put(_cast(params, config.dtype)), batch, key, **frozen)

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


def fit(module, loss, batch_at, config, workdir, *, frozen=None, held_out=(), score=None, save=None) -> Trained:
    """Trains a module on all devices, and evaluates its averaged weights.

    Args:
        loss: (module, batch, key, **frozen) -> (scalar, metrics).
        batch_at: step -> dict of numpy arrays with config.batch_size rows, the same for the same step; with several
            processes the whole batch in each of them.
        config: seed, steps, batch_size, learning_rate, warmup_steps, weight_decay, clip, ema, dtype, log_every,
            evaluate_every, checkpoint_every (steps).
        workdir: checkpoints/, metrics.csv and tensorboard/ are written here, and a run begun here is continued. All
            processes must see the same folder.
        frozen: {name: module} that the loss needs and that do not learn, computed in config.dtype, too.
        held_out: batches, of config.batch_size rows, too, on which the averaged weights are evaluated every
            evaluate_every steps and at the end.
        score: what to evaluate them by, in the form of loss, which it is when None.
        save: what to do with the trained module, called before the last evaluation, which may fail.

    Raises:
        TrainingError: the settings do not allow of it, or the checkpoints in workdir are of another module.
        FileError: workdir cannot be made.
        FloatingPointError: the loss is not finite; with the step's number.
    """
    check_config(config)
    workdir = pathlib.Path(workdir).absolute()
    files.make_folder(workdir)
    devices = _Devices()
    frozen = {name: devices.replicate(each, config.dtype) for name, each in (frozen or {}).items()}
    state = jax.device_put(init_state(module, config), devices.everywhere)
    step_fn, put = make_step(module, loss, config, frozen), bind(module)

    def evaluated(module):
        with jax.transfer_guard_host_to_device("allow"):
            return evaluate(module, score or loss, held_out, frozen=frozen, dtype=config.dtype)

    ocp = orbax_v1()
    keep = ocp.training.preservation_policies.LatestN(2)
    with ocp.training.Checkpointer(workdir / "checkpoints", preservation_policy=keep) as checkpointer:
        state = _latest(checkpointer, state, workdir)
        start = int(state["step"])
        bar = dict(unit="step", dynamic_ncols=True, smoothing=0.05, disable=jax.process_index() > 0)
        progress = tqdm(total=config.steps, initial=start, **bar)
        pending, since, last = None, time.perf_counter(), start
        with TrainingLog(workdir, start, config.steps) as log:
            with progress, jax.transfer_guard_host_to_device("disallow"):
                for step in range(start, config.steps):
                    state, metrics = step_fn(state, devices.share(batch_at(step)))
                    done = step + 1
                    # The step before is fetched while this one runs, so the device never waits for Python.
                    if pending is not None:
                        _check_finite(*pending)
                    pending = (done, metrics)
                    progress.update()
                    if done % config.log_every == 0 or done == config.steps:
                        row = _check_finite(*pending)
                        now = time.perf_counter()
                        rate = (done - last) * config.batch_size / (now - since)
                        since, last = now, done
                        log.write(done, "train", row | {"examples_per_second": rate})
                        progress.set_postfix_str(f"loss {row['loss']:.2f}, {rate:.1f} examples/s")
                    if held_out and done % config.evaluate_every == 0 and done < config.steps:
                        log.write(done, "validation", evaluated(put(state["ema"])))
                        since, last = time.perf_counter(), done
                    if done % config.checkpoint_every == 0 or done == config.steps:
                        _check_finite(*pending)  # a checkpoint must never hold what cannot be gone on from
                        with jax.transfer_guard_host_to_device("allow"):
                            checkpointer.save(done, state)
            nnx.update(module, nnx.state(put(jax.device_get(state["ema"]))))
            if save is not None:
                save(module)
            metrics = evaluated(module) if held_out else {}
            log.write(config.steps, "validation", metrics)
    return Trained(module, metrics)


def evaluate(module, loss, batches, *, frozen=None, dtype="float32") -> dict[str, float]:
    """Mean metrics of a module over batches, computed on all devices.

    Args:
        loss, frozen: as fit takes them; the random key is the same for each batch.
        batches: dicts of numpy arrays, whose rows divide over the devices.
        dtype: what modules are computed in.
    """
    devices = _Devices()
    graphdefs, states = _split({"module": module} | (frozen or {}))
    states = jax.device_put(_cast(states, dtype), devices.everywhere)
    score = _compiled_score(loss, graphdefs)
    rows = [jax.device_get(score(states, devices.share(batch))) for batch in batches]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


@functools.cache
def _compiled_score(loss, graphdefs):
    def score(states, batch):
        modules = _merge(graphdefs, states)
        return loss(modules.pop("module"), batch, jax.random.key(0), **modules)[1]

    return jax.jit(score)


class _Devices:
    """All devices of all processes, over which the rows of a batch are divided."""

    def __init__(self):
        mesh = jax.sharding.Mesh(np.array(jax.devices()), ("data",))
        self.everywhere, self.by_row = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))

    def share(self, batch):
        """A batch that each process has whole, its rows divided."""
        shapes = {name: rows.shape for name, rows in batch.items()}
        with jax.transfer_guard_host_to_device("allow"):  # between processes JAX counts this transfer as implicit
            return jax.make_array_from_process_local_data(self.by_row, batch, shapes)

    def replicate(self, module, dtype):
        """A copy of a module on every device, in dtype."""
        graphdef, state = nnx.split(module)
        return nnx.merge(graphdef, jax.device_put(_cast(state, dtype), self.everywhere))


def _split(modules):
    """Modules by name as what a compiled function is of, ((name, graphdef), ...), and what it takes, {name: state}."""
    parts = {name: nnx.split(module) for name, module in (modules or {}).items()}
    return tuple((name, part[0]) for name, part in parts.items()), {name: part[1] for name, part in parts.items()}


def _merge(graphdefs, states):
    return {name: nnx.merge(graphdef, states[name]) for name, graphdef in graphdefs}


def _cast(tree, dtype):
    return jax.tree.map(lambda leaf: leaf.astype(dtype), tree)


def _latest(checkpointer, state, workdir):
    """The state of the latest checkpoint, or the given one where there is none."""
    if checkpointer.latest is None:
        return state
    wanted = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), state)
    try:
        return checkpointer.load(checkpointer.latest.step, wanted)
    except (ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise TrainingError(
            f"{workdir}/checkpoints: are of another model, or damaged; begin in another folder ({reason})"
        ) from None


def _check_finite(step, metrics):
    row = {name: float(value) for name, value in jax.device_get(metrics).items()}
    if not math.isfinite(row["loss"]):
        raise FloatingPointError(
            f"loss is {row['loss']} at step {step}; lower learning_rate or clip and begin in another workdir"
        )
    return row
