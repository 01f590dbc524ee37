"""A prepared run on an accelerator: 12 minutes, of which what is left after the measurements trains a surrogate.

    python -m benchmarks.gpu --output=DIR [--data=songs.npz] [--minutes=12] [--config=transformer] [--small]

It compares float32 with what Magenta computed from the checkpoints in tests/data; times every program that encodes,
decodes and accompanies and the training step of each configuration at three batch sizes, with the share of the chip's
peak (MFU; of bfloat16, whatever a program computes in) and the time an iteration of its loops takes; and, where there
is data, trains the configuration for as many steps as there is time for. DIR gets report.md, and of the training its
log, its curves and the model in pieces under 15 MB. --small shrinks sizes and times, so that it passes on a CPU.
"""

import argparse
import concurrent.futures
import functools
import importlib.util
import os
import pathlib
import shutil
import tempfile
import time

import jax
import jax.numpy as jnp
import numpy as np

import musicvae_jax
from benchmarks import programs
from musicvae_jax import cache, costs
from musicvae_jax.model import MusicVAEConfig
from musicvae_jax.peaks import peak_flops
from surrogate.commands import config_parser, train
from tests.golden import LAYOUTS, folder_of, golden_of

_SMALL = MusicVAEConfig(8, "bidirectional", (16, 12), (12, 10), (14, 12))
_SMALL_SONGS = dict(codes=8, width=16, encoder_layers=1, decoder_layers=1, heads=2, source_width=8)
_SMALL_STEPS = {  # {configuration of what learns from whole songs: sizes of its model}
    "musicvae_small": dict(width=16, decoder_size=8, codes=8),
    "transformer": _SMALL_SONGS,
    "transformer_gpu": _SMALL_SONGS,
}
_BATCHES = (1, 2, 4)  # times that of the configuration
_SHARE_OF_THE_REST = 0.8  # that steps may take; the rest is for compiling, evaluating and saving


def arrays(shapes):
    """Arrays of such shapes and dtypes; what they hold does not change the time."""

    def array(shape):
        if jnp.issubdtype(shape.dtype, jax.dtypes.prng_key):
            return jax.random.key(0)
        return jnp.zeros(shape.shape, shape.dtype)

    return jax.tree.map(array, shapes)


def seconds_a_call(call, seconds: float) -> float:
    """The median time of calls that each wait for the last, after two that may compile, measured for so long."""
    times, began = [], time.perf_counter()
    for _ in range(2):
        call()
    while not times or time.perf_counter() - began < seconds:
        last = time.perf_counter()
        call()
        times.append(time.perf_counter() - last)
    return float(np.median(times))


def caller(compiled, program: programs.Program, *, is_step: bool):
    """A function that calls a compiled program and waits; a training step goes on from the state that it gave."""
    arguments = [arrays(each) for each in program.arguments]

    def call():
        results = jax.block_until_ready(compiled(*arguments))
        if is_step:
            arguments[1] = results[0]

    return call


def compiling(flags) -> dict[str, concurrent.futures.Future]:
    """Has all programs traced and compiled side by side: {name: Program, Costs and what was compiled, to come}."""
    sizes = dict(bars=16, draws=2, windows=2, magenta=_SMALL, **_SMALL_SONGS) if flags.small else {}
    steps, pool = programs.training_steps(), concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    each = {}
    for factor in _BATCHES:
        for name in dict.fromkeys((flags.config, *(_SMALL_STEPS if flags.small else steps))):
            options = dict(batch_size=factor * (2 if flags.small else config_batch(name)))
            options |= _SMALL_STEPS[name] if flags.small else {}
            each[f"step of {name}, {options['batch_size']}"] = functools.partial(steps[name], **options)
        if factor == 1:
            each |= {name: lambda program=program: program for name, program in programs.inference(**sizes).items()}
    return {name: pool.submit(_compiled, make) for name, make in each.items()}


def _compiled(make):
    program = make()
    traced = program.function.trace(*program.arguments)
    return program, costs.of_jaxpr(traced.jaxpr.jaxpr), traced.lower().compile()


def measured(name, program, cost, compiled, *, seconds: float) -> tuple[str, float]:
    """A row of the report, and the seconds of a call, nan where the chip's memory does not hold it."""
    try:
        took = seconds_a_call(caller(compiled, program, is_step=name.startswith("step")), seconds)
    except jax.errors.JaxRuntimeError as error:
        return f"| {name} | {program.examples} | {cost.iterations} | {str(error).splitlines()[0][:60]} | | | |", np.nan
    peak = peak_flops(jax.devices()[0])
    share = f"{cost.flops / took / peak:.1%}" if peak else ""
    iteration = f"{1e6 * took / cost.iterations:.1f}" if cost.iterations else ""
    cells = (program.examples, cost.iterations, f"{1e3 * took:.2f}", f"{program.examples / took:.0f}", share, iteration)
    return f"| {name} | {' | '.join(map(str, cells))} |", took


def parity(imported) -> list[str]:
    """How far float32 is from what Magenta computed, a line each layout of those imported."""
    lines = []
    for layout in LAYOUTS:
        model, golden = musicvae_jax.load(imported / layout), golden_of(folder_of(layout))
        tokens = jnp.asarray(golden["tokens"])
        mu, sigma = jax.jit(lambda model, *of: model.encoder(*of))(model, tokens, jnp.asarray(golden["len_enc"]))
        error = max(np.abs(mu - golden["mu"]).max(), np.abs(sigma - golden["sigma"]).max())
        lines.append(f"Float32, {layout}: means and deviations within {error:.1e} of Magenta's (1e-5 is promised).")
    return lines


def import_all(folder) -> pathlib.Path:
    """Imports the checkpoints in tests/data, each to a folder of its layout's name (needs the extra magenta)."""
    from musicvae_jax import magenta

    for layout in LAYOUTS:
        magenta.import_checkpoint(folder_of(layout), pathlib.Path(folder) / layout)
    return pathlib.Path(folder)


def trained(flags, seconds: float, step: float) -> list[str]:
    """Trains for about so many seconds, a step of them, and keeps log and model; a line of what came of it."""
    if not step < np.inf:
        return [f"{flags.config} was not trained: the chip's memory does not hold its step."]
    config = config_parser.load(flags.config)
    steps = max(10, int(seconds * _SHARE_OF_THE_REST / step))
    workdir = pathlib.Path(flags.output) / "run"
    config.update(data=flags.data, workdir=str(workdir), steps=steps, warmup_steps=min(config.warmup_steps, steps // 4))
    if flags.small:
        config.model.update({name: size for name, size in _SMALL_STEPS[flags.config].items() if name in config.model})
        small = dict(batch_size=2, bars=16, evaluate_batches=1, log_every=5)
        config.update({name: value for name, value in small.items() if name in config})
    line = train.run(config, "gpu")
    for path in (*workdir.glob("metrics.csv"), *workdir.glob("curves.png"), *workdir.glob("parts/*")):
        shutil.copy(path, flags.output)
    return [f"Trained {flags.config} for {steps} steps: {line}."]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="a pack of whole songs; without one nothing is trained")
    parser.add_argument("--output", required=True)
    parser.add_argument(
        "--imported", help="what import_all made elsewhere; by default it is made, by the extra magenta"
    )
    parser.add_argument("--minutes", type=float, default=12, help="of all; 0 leaves the training out")
    parser.add_argument("--seconds", type=float, default=2, help="for which each program is timed")
    parser.add_argument("--config", default="transformer", choices=_SMALL_STEPS, help="what is trained")
    parser.add_argument("--small", action="store_true")
    flags = parser.parse_args()
    began, output = time.monotonic(), pathlib.Path(flags.output)
    output.mkdir(parents=True, exist_ok=True)
    cache.keep_compiled_programs()
    report = [f"{jax.devices()[0].device_kind}, {jax.device_count()} device(s), JAX {jax.__version__}", ""]
    keep = functools.partial(_keep, output / "report.md", report)
    jobs = compiling(flags)
    with tempfile.TemporaryDirectory() as folder:
        if flags.imported or importlib.util.find_spec("tensorflow"):
            keep(*parity(pathlib.Path(flags.imported) if flags.imported else import_all(folder)))
        else:
            keep("Float32 was not compared with Magenta's: TensorFlow, which reads its checkpoints, is missing.")
    keep(
        "",
        "| program | at once | iterations | ms | examples/s | MFU | µs an iteration |",
        "|---|---|---|---|---|---|---|",
    )
    took = {}
    for name, job in jobs.items():
        row, took[name] = measured(name, *job.result(), seconds=0.1 if flags.small else flags.seconds)
        keep(row)
    left = 60 * flags.minutes - (time.monotonic() - began)
    if flags.data and left > 0:
        keep("", *trained(flags, left, next(iter(took.values()))))


def config_batch(name: str) -> int:
    """Examples a batch, as a configuration says."""
    return config_parser.load("window_musicvae" if name == "magenta" else name).batch_size


def _keep(path, report, *lines):
    """Adds to the report, which lies on the disk at any time: a machine may be taken away."""
    print(*lines, sep="\n", flush=True)
    report += lines
    path.write_text("\n".join(report) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
