"""What each idea of lstm.py buys: forward and backward pass of one drum decoder over a batch of bars.

    python -m benchmarks.lstm_training [--bars=512] [--hidden=256] [--rounds=5]

Four versions of the same computation, timed in turn so that a noisy machine slows all alike; each line's factor is
against the first. Products per second count the multiply-adds that the gathered version needs.
"""

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np

from musicvae_jax import lstm, products
from musicvae_jax.events import DRUM_CLASSES, STEPS_PER_BAR

V, T = DRUM_CLASSES, STEPS_PER_BAR


def plain_scan(gate_inputs, kernel, c, h):
    """lstm.scan, differentiated by JAX: the recurrent kernel's gradient is added up step by step."""

    def body(state, x):
        state = lstm.step(x + products.dot(state[1], kernel), state, axis=-1)
        return state, state[1]

    return jax.lax.scan(body, (c, h), gate_inputs)[1]


def everything_inside(weights, tokens, bars, state):
    """As the equations read: a one-hot and the bar's vector concatenated and multiplied at every step."""
    kernel = jnp.concatenate([weights["token"], weights["input"], weights["recurrent"]])

    def body(state, token):
        c, h = state
        x = jnp.concatenate([jax.nn.one_hot(token, V), bars, h], -1)
        i, g, f, o = jnp.split(products.dot(x, kernel), 4, -1)
        c = jax.nn.sigmoid(f + lstm.FORGET_BIAS) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (c, h), h

    return jax.lax.scan(body, state, tokens)[1]


def hoisted(weights, tokens, bars, state):
    """The inputs' share for all steps as one product before the scan, tokens still as one-hots."""
    gates = products.dot(jax.nn.one_hot(tokens, V), weights["token"]) + products.dot(bars, weights["input"])[None]
    return plain_scan(gates, weights["recurrent"], *state)


def gathered(weights, tokens, bars, state):
    """Tokens as gathers of kernel rows."""
    rows = weights["token"].at[tokens].get(mode="fill", fill_value=0).astype(jnp.float32)
    return plain_scan(rows + products.dot(bars, weights["input"])[None], weights["recurrent"], *state)


def one_gradient(weights, tokens, bars, state):
    """The recurrent kernel's gradient as one product after the backward scan (lstm.scan)."""
    rows = weights["token"].at[tokens].get(mode="fill", fill_value=0).astype(jnp.float32)
    return lstm.scan(rows + products.dot(bars, weights["input"])[None], weights["recurrent"], *state)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=512)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    flags = parser.parse_args()
    n, h = flags.bars, flags.hidden
    rng = np.random.default_rng(0)
    tokens = jnp.asarray(rng.integers(0, V, (T, n)))
    bars = jnp.asarray(rng.normal(size=(n, h)), jnp.float32)
    state = (jnp.zeros((n, h)), jnp.zeros((n, h)))
    products = 3 * 2 * n * 4 * h * h * (T + 1)
    print(f"{jax.devices()[0].device_kind}, {jax.device_count()} device(s); {n} bars of {T} steps, {h} units")
    for dtype in (jnp.float32, jnp.bfloat16):
        shapes = {"token": (V, 4 * h), "input": (h, 4 * h), "recurrent": (h, 4 * h)}
        weights = {name: jnp.asarray(rng.normal(size=s) * 0.05, dtype) for name, s in shapes.items()}
        versions = (everything_inside, hoisted, gathered, one_gradient)
        steps = {}
        for version in versions:
            gradient = jax.grad(lambda w, *x, version=version: (version(w, *x) ** 2).sum(), argnums=(0, 2))
            steps[version] = jax.jit(gradient)
            jax.block_until_ready(steps[version](weights, tokens, bars, state))
        seconds = {version: [] for version in versions}
        for _ in range(flags.rounds):
            for version in versions:
                began = time.perf_counter()
                jax.block_until_ready(steps[version](weights, tokens, bars, state))
                seconds[version].append(time.perf_counter() - began)
        first = np.array(seconds[versions[0]])
        for version in versions:
            times = np.array(seconds[version])
            print(
                f"{dtype.__name__:9} {version.__name__:18} {np.median(times) * 1e3:8.1f} ms  "
                f"{np.median(first / times):5.2f} x  {products / np.median(times) / 1e9:6.1f} GFLOP/s"
            )


if __name__ == "__main__":
    main()
