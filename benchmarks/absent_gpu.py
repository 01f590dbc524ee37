"""What XLA makes of programs for a GPU that is not there: whether it compiles them, and how many kernels they launch.

    python -m benchmarks.absent_gpu --chip=h200.txtpb [transformer_gpu ... [--batch_size=48 --bars=192]]

The package jax-cuda13-plugin (with JAX 0.11 or newer) does it on any Linux machine; what the chip is like stands in a
file of XLA's sources, xla/backends/gpu/target_config/specs/h200.txtpb. By default all programs are compiled that
benchmarks.gpu measures, at full size. Kernels that XLA would choose by trying them on the chip it cannot choose so, and
XLA_FLAGS="--xla_gpu_autotune_level=0 --xla_gpu_enable_triton_gemm=false" is set where nothing is.
"""

import argparse
import os
import pathlib
import re
import time

import jax
from jax.experimental import topologies
from jax.sharding import SingleDeviceSharding

from benchmarks import programs

_ENVIRONMENT = {
    "JAX_SKIP_CUDA_CONSTRAINTS_CHECK": "1",
    "XLA_FLAGS": "--xla_gpu_autotune_level=0 --xla_gpu_enable_triton_gemm=false",
}
_LAUNCH_NOTHING = {"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "while", "call"}


def sharding(chip) -> SingleDeviceSharding:
    """The one device of a kind that a file of XLA's tells of; to be called before JAX begins with any other."""
    os.environ.update(_ENVIRONMENT | os.environ)
    specification = pathlib.Path(chip).read_text(encoding="utf-8")
    options = dict(target_config=specification, topology="1x1x1")
    return SingleDeviceSharding(topologies.get_topology_desc("absent", platform="cuda", **options).devices[0])


def compiled(function, arguments, on: SingleDeviceSharding):
    """A jitted function compiled for a device; graphdefs among its arguments are given as they are."""

    def placed(shape):
        return jax.ShapeDtypeStruct(shape.shape, shape.dtype, sharding=on)

    placed_arguments = jax.tree.map(placed, arguments)
    return function.trace(*placed_arguments).lower(lowering_platforms=("cuda",)).compile()


def kernels(hlo: str) -> int:
    """How many kernels a compiled program launches, by its text; those of loops as often as they run, if that is known.

    Copies and calls of libraries count as one each.
    """
    computations, own = {}, []
    for line in hlo.splitlines():
        if head := re.match(r"(ENTRY )?%?([\w.-]+) \(.*\{$", line):
            own = computations["ENTRY" if head[1] else head[2]] = []
        elif instruction := re.match(r"  .+? = .*? ([a-z][\w-]*)\(", line):
            own.append((instruction[1], line))

    def count(name):
        total = 0
        for opcode, line in computations[name]:
            times = re.search(r'"known_trip_count":\{"n":"(\d+)"', line)
            inner = re.search(r"(?:body|to_apply)=%?([\w.-]+)", line) if opcode in ("while", "call") else None
            total += opcode not in _LAUNCH_NOTHING
            total += (int(times[1]) if times else 1) * count(inner[1]) if inner else 0
        return total

    return count("ENTRY")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of configurations and programs, as benchmarks.limits prints them")
    parser.add_argument("--chip", required=True)
    parser.add_argument("--batch_size", type=int, help="of training steps, another than configured")
    parser.add_argument("--bars", type=int, help="of a crop, others than configured")
    flags = parser.parse_args()
    on = sharding(flags.chip)
    print("| program | at once | kernels | GB | seconds to compile |\n|---|---|---|---|---|")
    for name, make in programs.at_full_size(batch_size=flags.batch_size, bars=flags.bars).items():
        if flags.names and name.removeprefix("step of ") not in flags.names:
            continue
        program, began = make(), time.perf_counter()
        result = compiled(program.function, program.arguments, on)
        memory, seconds = result.memory_analysis(), time.perf_counter() - began
        gigabytes = (memory.argument_size_in_bytes + memory.temp_size_in_bytes) / 1e9
        print(
            f"| {name} | {program.examples} | {kernels(result.as_text())} | {gigabytes:.2f} | {seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
