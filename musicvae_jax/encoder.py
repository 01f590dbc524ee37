"""The encoder of trios: levels of bidirectional LSTMs (magenta/models/music_vae/lstm_models.py)."""

import jax
import jax.numpy as jnp
from flax import nnx

from musicvae_jax.bidirectional import BidirectionalStack
from musicvae_jax.events import BARS_PER_WINDOW, DEPTHS, STEPS_PER_BAR
from musicvae_jax.lstm import Dense, class_rows


class Encoder(nnx.Module):
    """tokens -> mean and standard deviation of q(z | trio)."""

    def __init__(self, config, *, rngs):
        self.levels = nnx.List()
        reads = {"tokens": sum(DEPTHS)}
        for sizes in config.encoder_levels:
            self.levels.append(BidirectionalStack(sizes, **reads, rngs=rngs))
            outputs = 2 * sizes[-1]
            reads = {"inputs": outputs}
        self.mu = Dense(outputs, config.z_size, rngs=rngs)
        self.sigma = Dense(outputs, config.z_size, rngs=rngs)

    def features(self, tokens_BxTx3, lengths=None):
        """What mu and sigma are made from.

        Args:
            tokens_BxTx3: int [B, 256, 3].
            lengths: steps of each row that count, int [B]; for a hierarchical encoder also steps of each bar, [B, 16];
                None is all.

        Returns:
            The encoder's output, float32 [B, 2H].
        """
        batch = tokens_BxTx3.shape[0]
        tokens = class_rows(tokens_BxTx3, DEPTHS)
        if len(self.levels) == 1:
            return self.levels[0](tokens.swapaxes(0, 1), lengths)
        steps, bars = self.levels
        tokens_TxNx3 = tokens.reshape(batch * BARS_PER_WINDOW, STEPS_PER_BAR, 3).swapaxes(0, 1)
        if lengths is not None:
            if lengths.ndim == 1:  # all or nothing: 0 or 256 steps
                lengths = jnp.repeat(lengths[:, None] // BARS_PER_WINDOW, BARS_PER_WINDOW, axis=1)
            lengths = lengths.reshape(-1)
        bars_BxSxD = steps(tokens_TxNx3, lengths).reshape(batch, BARS_PER_WINDOW, -1)
        return bars(bars_BxSxD.swapaxes(0, 1))

    def __call__(self, tokens_BxTx3, lengths=None):
        """Mean and standard deviation, float32 [B, Z] each, of what features takes."""
        features = self.features(tokens_BxTx3, lengths)
        return self.mu(features), jax.nn.softplus(self.sigma(features))
