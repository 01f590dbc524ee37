"""How many steps of a loop to do at once: forward and backward pass of an LSTM and of a GRU.

    python -m benchmarks.unrolling [--chip=h200.txtpb]

Times them here, and with --chip counts the kernels that they would launch on a GPU that is not there, and the CPU
seconds that compiling for it takes (see benchmarks.absent_gpu). In turn, so that a noisy machine slows all alike.
"""

import argparse
import functools
import time

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import absent_gpu
from musicvae_jax import lstm
from musicvae_jax.bar_decoder import gru
from musicvae_jax.products import dot

UNROLLED = (1, 2, 4, 8)
_ROUNDS = 9
GATES = {"LSTM": 4, "GRU": 3}


def loss(kernel_HxG, reads_TxBxG, *, kind, unroll):
    """The sum of all states, which are reached from zeros, so many steps at once."""
    zeros = jnp.zeros((reads_TxBxG.shape[1], len(kernel_HxG)))
    if kind == "GRU":

        def step(state, read):
            state = gru(read, dot(state, kernel_HxG).astype(kernel_HxG.dtype), state)
            return state, state

        return jax.lax.scan(step, zeros, reads_TxBxG, unroll=unroll)[1].sum()
    lstm._over_steps = functools.partial(jax.lax.scan, unroll=unroll)
    return lstm.scan(reads_TxBxG, kernel_HxG, zeros, zeros)[0].astype(jnp.float32).sum()


def shapes(kind, units, rows, steps, dtype):
    """Shapes of what loss is called with."""
    gates = GATES[kind] * units
    return [jax.ShapeDtypeStruct(shape, dtype) for shape in ((units, gates), (steps, rows, gates))]


def gradient(kind, unroll):
    """Both gradients of loss, jitted."""
    return jax.jit(jax.grad(functools.partial(loss, kind=kind, unroll=unroll), (0, 1)))


def milliseconds(kind, arguments) -> list[float]:
    """The median of so many rounds, of each of UNROLLED."""
    arguments = [jnp.full(shape.shape, 0.01, shape.dtype) for shape in arguments]
    functions = [gradient(kind, unroll) for unroll in UNROLLED]
    jax.block_until_ready([function(*arguments) for function in functions])
    seconds = []
    for _ in range(_ROUNDS):
        for function in functions:
            began = time.perf_counter()
            jax.block_until_ready(function(*arguments))
            seconds.append(time.perf_counter() - began)
    return list(1e3 * np.median(np.reshape(seconds, (_ROUNDS, -1)), 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chip", help="a file of XLA's that tells of a GPU")
    flags = parser.parse_args()
    on = absent_gpu.sharding(flags.chip) if flags.chip else None
    print("| steps at once |", *(f"{unroll} |" for unroll in UNROLLED))
    print("|---" * (1 + len(UNROLLED)) + "|")
    for kind, steps in (("LSTM", 32), ("GRU", 18)):
        times = milliseconds(kind, shapes(kind, 128, 128, steps, jnp.float32))
        print(f"| {kind}, ms here |", *(f"{each:.1f} |" for each in times), flush=True)
        if flags.chip:
            arguments = shapes(kind, 256, 512, steps, jnp.bfloat16)
            counts, seconds = [], []
            for unroll in UNROLLED:
                began = time.process_time()
                counts.append(absent_gpu.kernels(absent_gpu.compiled(gradient(kind, unroll), arguments, on).as_text()))
                seconds.append(time.process_time() - began)
            print(f"| {kind}, kernels |", *(f"{each} |" for each in counts))
            print(f"| {kind}, CPU seconds to compile |", *(f"{each:.1f} |" for each in seconds), flush=True)


if __name__ == "__main__":
    main()
