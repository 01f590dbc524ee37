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


def best(vae, prior, tokens_nxTx3, count, *, seed=0):
    """Of `count` draws the one under which the decoder finds the melody likeliest: float32 [n, Z], and the first draw.

    tokens_nxTx3: windows whose melody counts; their bass and drums do not.
    """
    takes = [np.asarray(prior.sample(jax.random.key(seed + i))) for i in range(count)]
    scores = [vae.log_prob(tokens_nxTx3, z)[:, 0] for z in takes]
    return np.stack(takes)[np.argmax(scores, axis=0), np.arange(len(tokens_nxTx3))], takes[0]


def write(vae, prior, tokens_nxTx3, *, key, temperature):
    """Bass and drums for windows of which the melody counts: uint16 [n, 256, 3], the melody the decoder's own.

    The bass comes from the mode of p(z | melody) refined, which follows the melody's harmony better, the drums from the
    mode itself, which keeps a steadier beat (docs/surrogate.md); the decoder writes tracks independently of each other.
    """
    mode_nxZ = np.asarray(prior.mode())
    both = np.concatenate([refine(vae, prior, tokens_nxTx3, mode_nxZ), mode_nxZ])
    bass_nxTx3, drums_nxTx3 = np.split(vae.decode(both, key=key, temperature=temperature), 2)
    return np.concatenate([bass_nxTx3[..., :2], drums_nxTx3[..., 2:]], axis=-1)


def refine(vae, prior, tokens_nxTx3, z_nxZ, *, batch_size=64):
    """z moved uphill on log p(melody | z) + log p(z | melody), by STEPS steps: float32 [n, Z].

    A step goes along the gradient times the prior's variance, so that well-known directions move little.
    """
    z_nxZ = np.asarray(z_nxZ, np.float32)
    arrays = np.asarray(tokens_nxTx3), z_nxZ, *map(np.asarray, prior)
    return in_batches(_refine, vae, batch_size, *arrays)


@functools.partial(jax.jit, static_argnums=0)
def _refine(graphdef, state, tokens_BxTx3, z_BxZ, logits, means, stds):
    vae, prior = nnx.merge(graphdef, state), Prior(logits, means, stds)
    scale_BxZ = jnp.einsum("bk,bkz->bz", jax.nn.softmax(logits), stds**2)

    def posterior(z_BxZ):
        log_probs_BxTx1, _ = vae.track_log_probs(tokens_BxTx3, z_BxZ, tracks=(0,))
        return log_probs_BxTx1.sum() + prior.log_prob(z_BxZ).sum()

    def step(z_BxZ, _):
        return z_BxZ + RATE * scale_BxZ * jax.grad(posterior)(z_BxZ), None

    return jax.lax.scan(step, z_BxZ, None, length=STEPS)[0]
