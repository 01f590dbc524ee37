"""What the train loop hands to the devices, in which order and in which dtype."""

import contextlib

import jax
from flax import nnx

from musicvae_jax import training
from tests.tiny import batch_at, config, vae, vae_loss


def test_evaluations_are_computed_in_the_dtype_of_the_training(tmp_path):
    dtypes = set()

    def score(module, batch, key):
        dtypes.update(leaf.dtype.name for leaf in jax.tree.leaves(nnx.state(module, nnx.Param)))
        return vae_loss(module, batch, key)

    half = config(dtype="bfloat16", steps=2, warmup_steps=1)
    training.fit(vae(), vae_loss, batch_at, half, tmp_path, held_out=[batch_at(99)], score=score)
    assert dtypes == {"bfloat16"}


def test_steps_go_on_while_a_checkpoint_is_written(tmp_path, monkeypatch):
    told = []

    class Checkpointer(contextlib.AbstractContextManager):
        latest = None

        def __exit__(self, *_):
            pass

        def wait(self):
            told.append("wait")

        def save_async(self, step, state):
            told.append(f"save {step}")

    class Step(training.Step):
        def __call__(self, *arguments):
            told.append("step")
            return super().__call__(*arguments)

    monkeypatch.setattr(training, "_checkpointer", lambda folder: Checkpointer())
    monkeypatch.setattr(training, "Step", Step)
    training.fit(vae(), vae_loss, batch_at, config(steps=4, checkpoint_every=2), tmp_path)
    assert told == ["step", "step", "wait", "save 2", "step", "step", "wait", "save 4"]
