"""What each program of train, encode, decode and accompany costs, and the time that chips would need at their limits.

    python -m benchmarks.limits [--platform=cuda]

Nothing is compiled or run: iterations that wait for each other, operations of products and bytes that products and
gathers move are counted in the program (musicvae_jax.costs); what is repeated until something is true counts once. The
time at the limit of a chip is the longer of the two that its products and its memory take. A loop costs more than that:
a GPU launches a few kernels for each iteration, which benchmarks.gpu measures.
"""

import argparse

from benchmarks import programs
from musicvae_jax import costs

LIMITS = {"H100": (989e12, 3.35e12), "v5e": (197e12, 0.819e12)}
"""Operations of bfloat16 products and bytes a second, by the makers' data sheets."""


def seconds(cost: costs.Costs, chip: str) -> float:
    """The least time that a chip needs."""
    flops, bytes_a_second = LIMITS[chip]
    return max(cost.flops / flops, cost.bytes / bytes_a_second)


def row(name: str, program: programs.Program, platform: str) -> str:
    """A row of the table."""
    cost = costs.of(program.function, *program.arguments, platform=platform)
    times = " | ".join(f"{1e3 * seconds(cost, chip):.3g} ms" for chip in LIMITS)
    sizes = f"{program.examples} | {cost.iterations} | {cost.flops / 1e9:.3g} | {cost.bytes / 1e9:.3g}"
    return f"| {name} | {sizes} | {times} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--platform", default="cuda", choices=("cpu", "cuda", "tpu"))
    flags = parser.parse_args()
    print(f"| program | at once | iterations | GFLOP | GB | {' | '.join(LIMITS)} |")
    print("|---" * (5 + len(LIMITS)) + "|")
    for name, make in programs.at_full_size().items():
        print(row(name, make(), flags.platform), flush=True)


if __name__ == "__main__":
    main()
