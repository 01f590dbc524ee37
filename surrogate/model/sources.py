"""Where a part of a bar comes from: it is new, or follows a bar before it, and what follows goes on as runs of bars."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import products
from musicvae_jax.lstm import Dense, Hidden
from surrogate.model.attention import FARTHEST

NEVER = -1e9
"""The logarithm of the probability of what cannot be: no infinity, of which gradients would be no numbers."""
_LEAST = 1e-6


class Source(nnx.Module):
    """Scores of where a part of a bar comes from: each bar before it, and last that it is new.

    goes_on: log-odds that it follows the bar after the one that the bar before it followed. alters: log-odds that what
    follows may differ from what it follows.
    """

    def __init__(self, width, source_width, *, rngs):
        self.query = Hidden(width, source_width, rngs=rngs)
        self.key = Hidden(2 * width, source_width, rngs=rngs)
        self.new, self.goes_on, self.alters = (Dense(width, 1, rngs=rngs) for _ in range(3))
        for dense, bias in ((self.new, 2.0), (self.goes_on, -1.0), (self.alters, 2.0)):
            dense.kernel[...] *= 0.1
            dense.bias[...] += bias
        self.likeness = nnx.Param(jnp.array([1.0, 4.0, 2.0, 0.5, 0.5]))
        self.distance = nnx.Param(jnp.zeros(FARTHEST + 1))

    def __call__(self, x_BxQxD, keys_BxKxW, likeness_BxQxKxF, distance_row_QxK, before_BxQxK):
        """float32 [B, Q, K + 1], logarithms of probabilities but for a constant; keys as self.key gives them."""
        keys, query = keys_BxKxW.astype(self.query.kernel.dtype), self.query(x_BxQxD)
        scores = products.einsum("bqw,bkw->bqk", query, keys) / np.sqrt(keys.shape[-1])
        scores += products.einsum("bqkf,f->bqk", likeness_BxQxKxF, self.likeness[...].astype(jnp.float32))
        scores += products.rows(self.distance[...].astype(jnp.float32)[:, None], distance_row_QxK)[None, ..., 0]
        return jnp.concatenate([jnp.where(before_BxQxK, scores, NEVER), self.new(x_BxQxD)], -1)


def nats(scores_BxSxJ, goes_on_BxS, log_p_BxSxJ, before_BxSxS, plays_BxS):
    """-log p(part of each bar | those before it), by the forward algorithm of a hidden Markov model of its sources.

    A bar's source is the one after that of the bar before it, or is chosen anew.

    Args:
        scores_BxSxJ: of sources, as Source gives them, J = S + 1; of a hidden state, float32.
        goes_on_BxS: log-odds that a run goes on, where it may.
        log_p_BxSxJ: log p(the part | its source).
        before_BxSxS: bool, which bars may be followed.
        plays_BxS: bool, in which bars the part plays; what stands in others tells nothing of their sources.

    Returns:
        float32 [B, S].
    """
    chosen_SxBxJ = jnp.moveaxis(jax.nn.log_softmax(scores_BxSxJ, -1), 1, 0)
    may_SxBxJ = jnp.pad(jnp.moveaxis(before_BxSxS[..., 1:], 1, 0), ((0, 0), (0, 0), (1, 1)))  # none goes on to bar 0
    goes_on_SxBx1 = jax.nn.log_sigmoid(goes_on_BxS).T[..., None]

    def of_bar(known_BxJ, bar):
        chosen_BxJ, may_BxJ, goes_on_Bx1, log_p_BxJ, plays_B = bar
        moved_BxJ = jnp.where(may_BxJ, jnp.roll(known_BxJ, 1, -1), NEVER) + goes_on_Bx1
        moves_Bx1 = jnp.exp(jax.nn.logsumexp(moved_BxJ, -1, keepdims=True))
        prior_BxJ = jnp.logaddexp(moved_BxJ, jnp.log1p(-jnp.minimum(moves_Bx1, 1 - _LEAST)) + chosen_BxJ)
        joint_BxJ = prior_BxJ + log_p_BxJ
        total_B = jax.nn.logsumexp(joint_BxJ, -1)
        return jnp.where(plays_B[:, None], joint_BxJ - total_B[:, None], prior_BxJ), -total_B

    is_new_BxJ = jnp.full_like(chosen_SxBxJ[0], NEVER).at[:, -1].set(0)
    bars = chosen_SxBxJ, may_SxBxJ, goes_on_SxBx1, jnp.moveaxis(log_p_BxSxJ, 1, 0), plays_BxS.T
    return jax.lax.scan(of_bar, is_new_BxJ, bars)[1].T
