"""One train loop for every model: mesh, step, checkpoint and resume, metrics, progress.

A step is a plain function of (state, batch); batches and random keys are functions of the step's number, so a run that
is killed and started again with the same command ends with the same weights as one that was not.

Several processes that jax.distributed has joined train one model: each calls fit with the same arguments, reads its own
rows of every batch, and ends with the same weights. Process 0 alone writes metrics and shows progress.
"""

import csv
import functools
import math
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec
from tqdm import tqdm

from musicvae_jax.checkpoint import orbax_v1


class TrainingError(ValueError):
    """A run that cannot start as configured; the message is one line."""


def optimizer(config):
    """AdamW on clipped gradients, linear warm-up, cosine decay; weights decay, biases and gains do not."""
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, config.learning_rate, config.warmup_steps, config.steps, end_value=config.learning_rate * 0.02
    )
    return optax.chain(
        optax.clip_by_global_norm(config.clip),
        optax.adamw(
            schedule,
            b2=0.99,
            weight_decay=config.weight_decay,
            mask=lambda params: jax.tree.map(lambda leaf: leaf.ndim > 1, params),
        ),
    )


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


def make_step(module, loss, config):
    """The compiled step: (state, batch) -> (state, metrics). loss(module, batch, key) -> (scalar, dict of scalars).

    The forward and backward pass run in config.dtype; parameters, their average and the optimizer stay float32.
    """
    put = bind(module)
    update = optimizer(config).update

    def step(state, batch):
        key = jax.random.fold_in(jax.random.wrap_key_data(state["key"]), state["step"])

        def objective(params):
            return loss(put(jax.tree.map(lambda leaf: leaf.astype(config.dtype), params)), batch, key)

        (_, metrics), gradients = jax.value_and_grad(objective, has_aux=True)(state["params"])
        updates, optimizer_state = update(gradients, state["optimizer"], state["params"])
        params = optax.apply_updates(state["params"], updates)
        # A young average follows quickly: otherwise it would remember the initial weights for 1 / (1 - ema) steps.
        decay = jnp.minimum(config.ema, (1 + state["step"]) / (10 + state["step"]))
        ema = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, state["ema"], params)
        metrics = metrics | {"gradient_norm": optax.global_norm(gradients)}
        state = {
            "params": params,
            "ema": ema,
            "optimizer": optimizer_state,
            "step": state["step"] + 1,
            "key": state["key"],
        }
        return state, metrics

    return jax.jit(step, donate_argnums=0)


def fit(module, loss, batch_at, config, workdir, *, held_out=(), score=None):
    """Train; returns the module with the averaged weights.

    Args:
      loss: (module, batch, key) -> (scalar, metrics).
      batch_at: step -> dict of numpy arrays with config.batch_size rows, the same for the same step; with several
        processes the whole batch in each of them.
      config: seed, steps, batch_size, learning_rate, warmup_steps, weight_decay, clip, ema, dtype, log_every,
        evaluate_every, checkpoint_every (steps).
      workdir: checkpoints/, metrics.csv and tensorboard/ are written here, and a run begun here is continued. All
        processes must see the same folder.
      held_out: batches, of config.batch_size rows, too, on which the averaged weights are evaluated every
        evaluate_every steps.
      score: what to evaluate them by, in the form of loss, which it is when None.

    Raises FloatingPointError with the step's number when the loss is not finite, TrainingError when the batch does not
    divide over the devices.
    """
    workdir = pathlib.Path(workdir).absolute()
    workdir.mkdir(parents=True, exist_ok=True)
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("data",))
    if config.batch_size % mesh.size:
        raise TrainingError(f"batch_size {config.batch_size} does not divide over {mesh.size} devices")
    everywhere, by_row = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))
    state = jax.device_put(init_state(module, config), everywhere)
    step_fn, put = make_step(module, loss, config), bind(module)

    def shared(batch):
        shapes = {name: rows.shape for name, rows in batch.items()}
        with jax.transfer_guard_host_to_device("allow"):  # between processes JAX counts this transfer as implicit
            return jax.make_array_from_process_local_data(by_row, batch, shapes)

    ocp = orbax_v1()
    keep = ocp.training.preservation_policies.LatestN(2)
    with ocp.training.Checkpointer(workdir / "checkpoints", preservation_policy=keep) as checkpointer:
        if checkpointer.latest is not None:
            state = checkpointer.load(checkpointer.latest.step, _abstract(state))
        start = int(state["step"])
        log = _Log(workdir, start)
        bar = dict(unit="step", dynamic_ncols=True, smoothing=0.05, disable=jax.process_index() > 0)
        progress = tqdm(total=config.steps, initial=start, **bar)
        pending, since, last = None, time.perf_counter(), start
        with progress, log, jax.transfer_guard_host_to_device("disallow"):
            for step in range(start, config.steps):
                state, metrics = step_fn(state, shared(batch_at(step)))
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
                if held_out and (done % config.evaluate_every == 0 or done == config.steps):
                    with jax.transfer_guard_host_to_device("allow"):
                        log.write(done, "validation", evaluate(put(state["ema"]), score or loss, map(shared, held_out)))
                    since, last = time.perf_counter(), done
                if done % config.checkpoint_every == 0 or done == config.steps:
                    _check_finite(*pending)  # a checkpoint must never hold what cannot be gone on from
                    with jax.transfer_guard_host_to_device("allow"):
                        checkpointer.save(done, state)
    nnx.update(module, nnx.state(put(jax.device_get(state["ema"]))))
    return module


def evaluate(module, loss, batches):
    """Mean metrics of a module over batches, the random key the same for each: {name: value}."""
    graphdef, state = nnx.split(module)
    score = _score(graphdef, loss)
    rows = [jax.device_get(score(state, batch)) for batch in batches]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


@functools.cache
def _score(graphdef, loss):
    return jax.jit(lambda state, batch: loss(nnx.merge(graphdef, state), batch, jax.random.key(0))[1])


def _abstract(state):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), state)


def _check_finite(step, metrics):
    row = {name: float(value) for name, value in jax.device_get(metrics).items()}
    if not math.isfinite(row["loss"]):
        raise FloatingPointError(f"loss is {row['loss']} at step {step}; lower learning_rate or clip and start again")
    return row


class _Log:
    """metrics.csv (step, split, name, value) and TensorBoard events; rows after the resumed step are dropped.

    Only process 0 writes.
    """

    def __init__(self, workdir, start):
        self.stream = self.tensorboard = None
        if jax.process_index() > 0:
            return
        path = workdir / "metrics.csv"
        rows = []
        if path.exists():
            with path.open(newline="") as stream:
                rows = [row for row in csv.reader(stream) if row and row[0].isdigit() and int(row[0]) <= start]
        self.stream = path.open("w", newline="")
        self.csv = csv.writer(self.stream)
        self.csv.writerows([("step", "split", "metric", "value"), *rows])
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            pass
        else:
            self.tensorboard = SummaryWriter(str(workdir / "tensorboard"), purge_step=start)

    def write(self, step, split, metrics):
        if not self.stream:
            return
        for name, value in metrics.items():
            self.csv.writerow((step, split, name, f"{float(value):.6g}"))
            if self.tensorboard:
                self.tensorboard.add_scalar(f"{split}/{name}", float(value), step)
        self.stream.flush()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.stream:
            self.stream.close()
        if self.tensorboard:
            self.tensorboard.close()
