"""All devices of all processes, over which the rows of a batch are divided."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding, PartitionSpec


def own_rows(rows: int) -> slice:
    """Which rows of a batch this process makes: as many as every other one, in the order of the processes."""
    share = rows // jax.process_count()
    return slice(jax.process_index() * share, (jax.process_index() + 1) * share)


def connect() -> None:
    """Connects the devices of all processes, which must call it at one time, such as when they have just joined.

    JAX connects CPUs when a program first needs it, and gives up where a process comes 30 s after another; later on a
    process may be late, as with what it reads or compiles.
    """
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices("connect")  # each device with those that stand for it in other processes
        devices = Devices()
        rows = devices.share({"ones": np.ones(jax.local_device_count(), np.float32)})["ones"]
        jax.jit(jnp.sum, out_shardings=devices.everywhere)(rows).block_until_ready()  # each device with all


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
