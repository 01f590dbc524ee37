"""Shared settings and models: silent mistakes are loud here."""

import jax
import pytest
from flax import nnx

from musicvae_jax.model import MusicVAE, MusicVAEConfig

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_disable_most_optimizations", True)  # compiling is most of a small test's time

SIZES = dict(z_size=8, conductor_sizes=(12, 10), decoder_sizes=(14, 12))
ENCODERS = {"bidirectional": (16, 12), "hierarchical": (16, 12)}


@pytest.fixture(scope="session", params=ENCODERS)
def tiny_vae(request):
    """A MusicVAE with random weights, in both layouts."""
    config = MusicVAEConfig(encoder=request.param, encoder_sizes=ENCODERS[request.param], **SIZES)
    model = MusicVAE(config, rngs=nnx.Rngs(0))
    for i, leaf in enumerate(jax.tree.leaves(nnx.state(model), is_leaf=lambda x: isinstance(x, nnx.Variable))):
        if leaf.ndim == 1:  # biases start at zero, which would hide mistakes with them
            leaf[...] = 0.2 * jax.random.normal(jax.random.key(i), leaf.shape)
    return model
