"""Whether encode_corpus lets its devices wait for transfers, by a profile of some batches.

    python -m benchmarks.encode_overlap --output=DIR [--checkpoint=trio_16bar_small] [--batch_size=64] [--batches=10]

DIR gets the profile, for TensorBoard and Perfetto. Its events tell how many batches were sent to the devices, and how
many fetched, while the devices computed another. XLA_FLAGS=--xla_force_host_platform_device_count=2 makes two of a CPU.
"""

import argparse
import pathlib
import typing

import jax
import numpy as np

import musicvae_jax
from surrogate.corpus.batches import Batch
from surrogate.corpus.device_encoder import DeviceEncoder
from surrogate.corpus.encoding import WaitingTime, encoded

_ON_CPU = "ThunkExecutor::Execute"  # what the threads of a CPU's devices are told to be doing


class Overlap(typing.NamedTuple):
    """Batches, and how many of them were sent, and fetched, while the devices computed another."""

    batches: int
    sent: int
    fetched: int


def profile(encoder: DeviceEncoder, batches: int, folder, encode=encoded) -> None:
    """Writes a profile of batches that go through an encoder as encode has them, one before it left out."""
    tokens = np.random.default_rng(0).integers(0, 90, (encoder.rows, 256, 3)).astype(np.uint16)
    encoder.fetch(encoder.send(tokens))  # compiles
    with jax.profiler.trace(str(folder), create_perfetto_trace=True):
        for _ in encode(iter([Batch(0, tokens, 0, False)] * batches), encoder, WaitingTime()):
            pass


def overlap(folder) -> Overlap:
    """What the events of the profile in a folder tell."""
    (path,) = pathlib.Path(folder).rglob("*.xplane.pb")
    computed, sent, fetched = [], [], []
    for plane in jax.profiler.ProfileData.from_file(str(path)).planes:
        for event in (event for line in plane.lines for event in line.events):
            if plane.name.startswith("/device:") or event.name == _ON_CPU:
                computed.append((event.start_ns, event.end_ns))
            elif event.name == "send":
                sent.append(event.start_ns)
            elif event.name == "fetch":
                fetched.append(event.end_ns)
    begins, ends = np.array(computed).T

    def is_computing(time):  # threads of a CPU end a little after what they have computed can be fetched
        is_under_way = sum(x < time for x in sent) > sum(x <= time for x in fetched)
        return is_under_way and bool(((begins <= time) & (time < ends)).any())

    return Overlap(len(sent), sum(map(is_computing, sent)), sum(map(is_computing, fetched)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, help="an empty folder, or none yet")
    parser.add_argument("--checkpoint", default="trio_16bar_small")
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--batches", type=int, default=10)
    flags = parser.parse_args()
    encoder = DeviceEncoder(musicvae_jax.load(flags.checkpoint), flags.batch_size)
    profile(encoder, flags.batches, flags.output)
    batches, sent, fetched = overlap(flags.output)
    print(
        f"{jax.local_device_count()} devices: {sent} of {batches} batches were sent, "
        f"{fetched} fetched while another was computed"
    )


if __name__ == "__main__":
    main()
