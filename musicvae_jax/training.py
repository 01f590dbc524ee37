"""One train loop for every model: mesh, step, checkpoint and resume, metrics, progress.

A step is a plain function of (state, batch); batches and random keys are functions of the step's number, so a run that
is killed and started again with the same command ends with the same weights as one that was not.

Several processes that jax.distributed has joined train one model: each calls fit with the same arguments, reads its own
rows of every batch, and ends with the same weights. Process 0 alone writes metrics and shows progress.
"""

import contextlib
import functools
import pathlib
import typing

import jax
from flax import nnx

from musicvae_jax import curves, files
from musicvae_jax.checkpoint import orbax_v1
from musicvae_jax.profile import Profile
from musicvae_jax.progress import Progress, mean
from musicvae_jax.read_ahead import read_ahead
from musicvae_jax.sharding import Devices, cast
from musicvae_jax.stopping import Stopped, StopSignal
from musicvae_jax.training_log import TrainingLog
from musicvae_jax.training_step import Step, bind, init_state, make_step, merge_each, split_each

_AHEAD = 2  # batches that are on the devices before they are asked for
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


def fit(
    module, loss, batch_at, config, workdir, *, checkpoints=None, frozen=None, held_out=(), score=None, save=None
) -> Trained:
    """Trains a module on all devices, and evaluates its averaged weights.

    Args:
        loss: (module, batch, key, **frozen) -> (scalar, metrics).
        batch_at: step -> dict of numpy arrays, the same for the same step: config.batch_size rows, or of several
            processes each its own ones (sharding.own_rows). A thread of its own calls it, two steps ahead.
        config: seed, steps, batch_size, learning_rate, warmup_steps, weight_decay, clip, ema, dtype, log_every,
            evaluate_every, checkpoint_every (steps), profile (steps of which to write a profile; none where missing).
        workdir: checkpoints/, metrics.csv, curves.png (where matplotlib is at hand), tensorboard/ and profile/ are
            written here, and a run begun here is continued. All processes must see the same folder.
        checkpoints: where they are written instead, a path of pathlib or epath.
        frozen: {name: module} that the loss needs and that do not learn, computed in config.dtype, too.
        held_out: batches, of config.batch_size rows, too, on which the averaged weights are evaluated every
            evaluate_every steps and at the end.
        score: what to evaluate them by, in the form of loss, which it is when None.
        save: what to do with the trained module, called before the last evaluation, which may fail.

    Raises:
        TrainingError: the settings do not allow of it, the checkpoints in workdir are of another module, or it was
            removed.
        FileError: workdir cannot be made.
        FloatingPointError: the loss is not finite; with the step's number.
        Stopped: the process was told to end (SIGTERM), and the training is saved.
    """
    check_config(config)
    workdir = pathlib.Path(workdir).absolute()
    files.make_folder(workdir)
    devices = Devices()
    frozen = {name: devices.replicate(each, config.dtype) for name, each in (frozen or {}).items()}
    state, put = jax.device_put(init_state(module, config), devices.everywhere), bind(module)
    judge = functools.partial(_begin_evaluation, loss=score or loss, frozen=frozen, dtype=config.dtype)
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        checkpointer = enter(_checkpointer(checkpoints or workdir / "checkpoints"))
        state = _latest(checkpointer, state)
        start = int(state["step"])
        log = enter(TrainingLog(workdir, start, config.steps))
        progress = enter(Progress(log, workdir, start, config.steps, config.batch_size))
        profile = enter(Profile(workdir / "profile", start, config.get("profile", 0)))
        stop = enter(StopSignal())
        run = Step(make_step(module, loss, config, frozen), progress.compiling)
        batches = (devices.share(batch_at(step)) for step in range(start, config.steps))
        with jax.transfer_guard_host_to_device("disallow"):
            ahead = enter(contextlib.closing(read_ahead(batches, _AHEAD)))
            for done, batch in enumerate(progress.wait_for(ahead), start + 1):
                profile.before(done)
                state, metrics, flops = run(state, batch)
                progress.add(done, metrics, flops)
                is_last, is_told_to_stop = done == config.steps, stop.reached(done)
                if is_last or done % config.log_every == 0:
                    progress.tell()
                if held_out and done % config.evaluate_every == 0 and not is_last:
                    progress.evaluate(done, functools.partial(judge, put(state["ema"]), held_out))
                if is_last or is_told_to_stop or done % config.checkpoint_every == 0:
                    progress.settle()  # a checkpoint must never hold what cannot be gone on from
                    if not workdir.is_dir():  # which Orbax would make anew
                        raise TrainingError(f"{workdir}: was removed while the training was at work in it")
                    with jax.transfer_guard_host_to_device("allow"):
                        checkpointer.wait()  # for the one before, which Orbax else leaves this one out for
                        checkpointer.save_async(done, state)
                if is_told_to_stop and not is_last:
                    raise Stopped(f"told to end, and saved at step {done}; the same command goes on from there")
        nnx.update(module, nnx.state(put(jax.device_get(state["ema"]))))
        if save is not None:
            save(module)
        score = score or loss
        metrics = evaluate(module, score, held_out, frozen=frozen, dtype=config.dtype) if held_out else {}
        log.write(config.steps, "validation", metrics)
        if jax.process_index() == 0:
            curves.draw(workdir)
    return Trained(module, metrics)


def evaluate(module, loss, batches, *, frozen=None, dtype="float32") -> dict[str, float]:
    """Mean metrics of a module over batches, computed on all devices.

    Args:
        loss, frozen: as fit takes them; the random key is the same for each batch.
        batches: dicts of numpy arrays, as fit takes them; their rows divide over the devices.
        dtype: what modules are computed in.
    """
    return mean(_begin_evaluation(module, batches, loss=loss, frozen=frozen, dtype=dtype))


def _begin_evaluation(module, batches, *, loss, frozen, dtype):
    """Metrics of each batch, which stay on the devices until they are asked for."""
    devices = Devices()
    graphdefs, states = split_each({"module": module} | (frozen or {}))
    with jax.transfer_guard_host_to_device("allow"):
        states = jax.device_put(cast(states, dtype), devices.everywhere)
        score = _compiled_score(loss, graphdefs)
        return [score(states, devices.share(batch)) for batch in batches]


@functools.cache
def _compiled_score(loss, graphdefs):
    def score(states, batch):
        modules = merge_each(graphdefs, states)
        return loss(modules.pop("module"), batch, jax.random.key(0), **modules)[1]

    return jax.jit(score)


def _checkpointer(folder):
    ocp = orbax_v1()
    keep = ocp.training.preservation_policies.LatestN(2)
    return ocp.training.Checkpointer(folder, preservation_policy=keep)


def _latest(checkpointer, state):
    """The state of the latest checkpoint, or the given one where there is none."""
    if checkpointer.latest is None:
        return state
    wanted = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), state)
    try:
        return checkpointer.load(checkpointer.latest.step, wanted)
    except (ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise TrainingError(
            f"{checkpointer.directory}: are of another model, or damaged; begin in another folder ({reason})"
        ) from None
