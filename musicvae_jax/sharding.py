"""All devices of all processes, over which the rows of a batch are divided."""

import jax
import numpy as np
from flax import nnx
from jax.sharding import NamedSharding, PartitionSpec


def own_rows(rows: int) -> slice:
    """Which rows of a batch this process makes: as many as every other one, in the order of the processes."""
    share = rows // jax.process_count()
    return slice(jax.process_index() * share, (jax.process_index() + 1) * share)


class Devices:
    """The mesh of a training. everywhere, by_row: how what all devices need, and how a batch, lies on it."""

    def __init__(self):
        devices = sorted(jax.devices(), key=lambda device: (device.process_index, device.id))  # as own_rows has them
        mesh = jax.sharding.Mesh(np.array(devices), ("data",))
        self.everywhere, self.by_row = NamedSharding(mesh, PartitionSpec()), NamedSharding(mesh, PartitionSpec("data"))

    def share(self, batch: dict) -> dict:
        """A batch of which each process has its own rows, on the devices."""
        with jax.transfer_guard_host_to_device("allow"):  # between processes JAX counts this transfer as implicit
            return jax.make_array_from_process_local_data(self.by_row, batch)

    def replicate(self, module: nnx.Module, dtype):
        """A copy of a module on every device, in dtype."""
        graphdef, state = nnx.split(module)
        return nnx.merge(graphdef, jax.device_put(cast(state, dtype), self.everywhere))


def cast(tree, dtype):
    """A tree of arrays in dtype."""
    return jax.tree.map(lambda leaf: leaf.astype(dtype), tree)
