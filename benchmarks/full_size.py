"""Speed and memory of a full-size model, the 231 million parameters of Magenta's hierdec-trio_16bar.

    python -m benchmarks.full_size [--checkpoint=MODEL_FOLDER] [--dtypes=float32,bfloat16] [--rounds=3]

Without --checkpoint it makes a folder of random weights, which settle later than trained ones when bars are written
together. Every line is a process of its own, so that its peak memory is its own. First it measures what the machine
allows: the rate of large matrix products and of reading memory; each figure comes with its share of that limit.
"""

import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

import musicvae_jax
from musicvae_jax import cache, checkpoint
from musicvae_jax.model import MusicVAE, MusicVAEConfig


def limits(dtype):
    """Print the rate of large matrix products, operations/s, and of float32 reads, bytes/s, the best of several."""

    def best(function, *arguments):
        jax.block_until_ready(function(*arguments))
        seconds = []
        for _ in range(12):
            began = time.perf_counter()
            jax.block_until_ready(function(*arguments))
            seconds.append(time.perf_counter() - began)
        return min(seconds)

    n = 2048 if jax.default_backend() == "cpu" else 16384
    square = jnp.ones((n, n), dtype)
    rate = 2 * n**3 / best(jax.jit(lambda x: jnp.dot(x, x, preferred_element_type=jnp.float32)), square)
    weights = jnp.ones((16 * 1024, 16 * 1024), jnp.float32)  # 1 GiB, beyond any cache
    bandwidth = weights.nbytes / best(jax.jit(lambda w, x: w @ x), weights, jnp.ones(16 * 1024))
    print(rate, bandwidth, jax.devices()[0].device_kind)


def costs(config):
    """Operations of a decode and of an encode of one window, and weights that a decoding step reads."""
    model = nnx.eval_shape(lambda: MusicVAE(MusicVAEConfig(**config), rngs=nnx.Rngs(0)))
    sizes = {name: leaf.size for name, leaf in checkpoint.flat_params(model).items() if name.endswith("kernel")}
    each_bar = ("initial_state/kernel", "cells/0/input_kernel")
    step = sum(n for name, n in sizes.items() if "tracks" in name and not name.endswith((*each_bar, "token_kernel")))
    bar = sum(n for name, n in sizes.items() if "conductor" in name or ("tracks" in name and name.endswith(each_bar)))
    encoder = [(name, n) for name, n in sizes.items() if "encoder/levels" in name and "token_kernel" not in name]
    encode = sum(n * (256 if "levels/0" in name else 16) for name, n in encoder)
    return 2 * (256 * step + 16 * bar), 2 * encode, step


def child(flags):
    """One process: prints seconds and peak memory, bytes."""
    cache.keep_compiled_programs()
    model = musicvae_jax.load(flags.checkpoint, dtype=flags.dtype, encoder=flags.work == "encode")
    rng = np.random.default_rng(0)
    z = rng.normal(size=(flags.batch, model.config.z_size)).astype(np.float32)
    tokens = rng.integers(0, 90, (flags.batch, 256, 3)).astype(np.uint16)

    def work(seed):
        if flags.work == "encode":
            return model.encode(tokens)
        return model.decode(z, key=jax.random.key(seed), temperature=0.5)

    work(0)
    seconds = []
    for seed in range(flags.rounds if flags.work != "start" else 0):
        began = time.perf_counter()
        work(seed)
        seconds.append(time.perf_counter() - began)
    print(*seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def process(flags, **options):
    """What a process of its own prints, in words."""
    options = {"checkpoint": flags.checkpoint, "rounds": flags.rounds} | options
    command = [sys.executable, "-m", "benchmarks.full_size", *(f"--{name}={value}" for name, value in options.items())]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def timed(flags, work, batch, dtype):
    """(seconds, peak bytes); seconds from the start of the process for "start", else the median of the rounds."""
    began = time.perf_counter()
    output = process(flags, work=work, batch=batch, dtype=dtype)
    whole = time.perf_counter() - began
    seconds = sorted(map(float, output[:-1]))
    return (whole if work == "start" else seconds[len(seconds) // 2]), int(output[-1])


def make_random(folder):
    """A model folder of random weights of the full size."""
    model = musicvae_jax.MusicVAE(musicvae_jax.MusicVAEConfig(), rngs=nnx.Rngs(0))
    for track in model.tracks:  # as decided about the next token as a trained model is
        track.output.kernel[...] = 20 * track.output.kernel[...]
    jax.block_until_ready(nnx.state(model))
    for dtype in ("float32", "bfloat16"):
        musicvae_jax.save(folder / dtype, model, dtype=dtype)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=pathlib.Path)
    parser.add_argument("--dtypes", default="float32,bfloat16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", choices=("start", "decode", "encode", "random", "limits"), help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--dtype", help=argparse.SUPPRESS)
    flags = parser.parse_args()
    if flags.work == "random":
        return make_random(flags.checkpoint)
    if flags.work == "limits":
        return limits(flags.dtype)
    if flags.work:
        return child(flags)
    with tempfile.TemporaryDirectory() as temporary:
        os.environ.setdefault("XDG_CACHE_HOME", temporary)  # for compiled programs, unless there is a place
        given = flags.checkpoint
        if given is None:
            process(flags, work="random", checkpoint=temporary)
        for dtype in flags.dtypes.split(","):
            flags.checkpoint = given or pathlib.Path(temporary) / dtype
            measure(flags, dtype)
    return None


def measure(flags, dtype):
    """Print the table of one dtype."""
    config = checkpoint.read_config(flags.checkpoint, kind="musicvae")
    decode, encode, step = costs(config)
    rate, bandwidth, *device = process(flags, work="limits", dtype=dtype)
    rate, bandwidth = float(rate), float(bandwidth)
    print(f"{' '.join(device)}, {dtype}: {rate / 1e9:.0f} GFLOP/s, {bandwidth / 1e9:.0f} GB/s; ", end="")
    print(f"{decode / 1e9:.1f} GFLOP a decode, {encode / 1e9:.1f} an encode, {step / 1e6:.1f} M weights a step")
    timed(flags, "start", 1, dtype)  # the second run finds its programs compiled
    seconds, peak = timed(flags, "start", 1, dtype)
    print(f"| process start to the first decoded window | {seconds:.1f} s | {peak / 1e9:.2f} GB | |")
    in_order = 256 * step * jnp.dtype(dtype).itemsize / bandwidth  # seconds of reading weights, bar after bar
    for work, batch, operations in (("decode", 1, decode), ("decode", 32, decode), ("encode", 64, encode)):
        seconds, peak = timed(flags, work, batch, dtype)
        limit = max(batch * operations / rate, in_order if work == "decode" else 0)
        figure = f"{seconds:.2f} s" if batch == 1 else f"{batch / seconds:.2f} /s"
        print(f"| {work}, batch {batch} | {figure} | {peak / 1e9:.2f} GB | {limit / seconds:.0%} |", flush=True)


if __name__ == "__main__":
    main()
