"""From p(z | melody) to the z of a take: drawn and ranked, or refined; the decoder's view of the melody is the witness.

The decoder writes a melody, too, and the player's is known: a z under which it is likely fits this player's music.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax.model import in_batches
from surrogate.prior import Prior

STEPS = 20
RATE = 0.1
WITNESS = 0.3  # of log p(melody | z), as p(z | melody) has heard the melody, too


def best(vae, prior, tokens_nxTx3, count, *, seed=0):
    """Of `count` draws the one under which the decoder finds the melody likeliest: float32 [n, Z], and the first draw.

    tokens_nxTx3: windows whose melody counts; their bass and drums do not.
    """
    takes = [np.asarray(prior.sample(jax.random.key(seed + i))) for i in range(count)]
    scores = [vae.log_prob(tokens_nxTx3, z)[:, 0] for z in takes]
    return np.stack(takes)[np.argmax(scores, axis=0), np.arange(len(tokens_nxTx3))], takes[0]


def refine(vae, prior, tokens_nxTx3, z_nxZ, *, witness=WITNESS, batch_size=64):
    """z moved uphill on witness * log p(melody | z) + log p(z | melody), by STEPS steps: float32 [n, Z].

    A step goes along the gradient times the prior's variance, so that well-known directions move little.
    """
    z_nxZ = np.asarray(z_nxZ, np.float32)
    arrays = np.asarray(tokens_nxTx3), z_nxZ, *map(np.asarray, prior)
    return in_batches(_refine, vae, batch_size, *arrays, shared=(np.float32(witness),))


@functools.partial(jax.jit, static_argnums=0)
def _refine(graphdef, state, tokens_BxTx3, z_BxZ, logits, means, stds, witness):
    vae, prior = nnx.merge(graphdef, state), Prior(logits, means, stds)
    scale_BxZ = jnp.einsum("bk,bkz->bz", jax.nn.softmax(logits), stds**2)

    def posterior(z_BxZ):
        log_probs_BxTx1, _ = vae.track_log_probs(tokens_BxTx3, z_BxZ, tracks=(0,))
        return witness * log_probs_BxTx1.sum() + prior.log_prob(z_BxZ).sum()

    def step(z_BxZ, _):
        return z_BxZ + RATE * scale_BxZ * jax.grad(posterior)(z_BxZ), None

    return jax.lax.scan(step, z_BxZ, None, length=STEPS)[0]
