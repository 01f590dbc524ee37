"""A model's encoder on all local devices."""

import jax
import numpy as np
from flax import nnx

from musicvae_jax import events


class DeviceEncoder:
    """A model's encoder on all local devices; batches may be under way while the next is sent.

    In a profile its methods have their names. rows: the most windows of a batch, those of all devices together.
    """

    def __init__(self, model, batch_size: int):
        """Puts a model on the devices; batch_size: windows a device."""
        devices = jax.local_devices()
        self.rows = len(devices) * batch_size
        self._shape = (len(devices), batch_size, events.WINDOW_STEPS, len(events.TRACKS))
        graphdef, state = nnx.split(model)
        mesh = jax.sharding.Mesh(np.array(devices), "device")
        self._state = jax.device_put(state, jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec()))

        def encode(state, tokens):
            return nnx.merge(graphdef, state).encoder(tokens)

        self._encode = jax.pmap(encode, in_axes=(None, 0), devices=devices)

    def send(self, tokens):
        """Starts on at most `rows` windows, uint16 [n, 256, 3]; returns what fetch takes."""
        batch = np.pad(tokens, ((0, self.rows - len(tokens)), (0, 0), (0, 0)))
        with jax.profiler.TraceAnnotation("send"):
            return self._encode(self._state, batch.reshape(self._shape)), len(tokens)

    def fetch(self, sent) -> tuple[np.ndarray, np.ndarray]:
        """Waits for what was sent; returns mu and sigma, float32 [n, z] each."""
        outputs, count = sent
        with jax.profiler.TraceAnnotation("fetch"):
            return tuple(np.asarray(output, np.float32).reshape(self.rows, -1)[:count] for output in outputs)
