"""What a melody alone tells of bass and drums, step by step, whatever MusicVAE decodes them.

A latent of a whole window cannot say everything about every step. So beside p(z | melody) stand the marginals p(feature
of a step | melody), of each of events.FEATURES of the bass and of the drums. Divided by how frequent a feature is
anyway they are evidence, which the decoder takes into account as a product of experts (Hinton 2002): its own
p(token | z, tokens before) times p(feature | melody) / p(feature) for each feature of the token.
"""

import dataclasses
import functools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import checkpoint
from musicvae_jax.events import BASS, DRUMS, FEATURES, NO_EVENT, WINDOW_STEPS
from musicvae_jax.lstm import Dense
from musicvae_jax.model import in_batches
from surrogate.model.surrogate_encoder import Transformer, check_sizes

PART = "marginals"
_SIZES = len(FEATURES[BASS]), len(FEATURES[DRUMS])


@dataclasses.dataclass(frozen=True)
class MarginalsConfig:
    """Sizes of a transformer, as those of SurrogateConfig; in_c: it reads melodies in C."""

    patch: int = 4
    width: int = 128
    layers: int = 4
    heads: int = 4
    in_c: bool = False

    def __post_init__(self):
        check_sizes(self)


class Marginals(nnx.Module):
    """melody tokens -> log-odds of each feature of bass and drums at each step; of pitch classes, unnormalised logs."""

    def __init__(self, config, *, rngs):
        self.config = config
        self.body = Transformer(config, rngs=rngs)
        self.head = Dense(config.width, config.patch * sum(_SIZES), rngs=rngs)
        self.frequencies = nnx.Param(jnp.zeros(sum(_SIZES)))

    def start_from_frequencies(self, tokens):
        """Sets what is known without a melody, which training leaves alone.

        Args:
            tokens: uint16 [n, 256, 3], windows to count in.
        """
        found = [np.asarray(x).mean((0, 1), dtype=np.float64) for x in features(jnp.asarray(tokens))]
        frequency_F = np.concatenate(found) + 1e-6
        logits_F, pitch_classes = np.log(frequency_F / (1 - frequency_F)), slice(1, _SIZES[0])
        logits_F[pitch_classes] = np.log(frequency_F[pitch_classes] / frequency_F[pitch_classes].sum())
        self.frequencies[...] = jnp.asarray(logits_F, jnp.float32)

    def __call__(self, melody_BxT):
        """float32 [B, 256, F]: the onset of a bass note, its 12 pitch classes, the drums."""
        given_BxPxN = self.head(self.body.read(melody_BxT.astype(jnp.int32)))
        known_1x1xF = jax.lax.stop_gradient(self.frequencies[None, None])
        return given_BxPxN.reshape(-1, WINDOW_STEPS, sum(_SIZES)).astype(jnp.float32) + known_1x1xF

    def evidence(self, melody, batch_size=64):
        """Computes what melodies speak for.

        Args:
            melody: tokens, int [n, 256].
            batch_size: windows that are computed together.

        Returns:
            {track: float32 [n, 256, F]} as MusicVAE.decode takes it.
        """
        return in_batches(_evidence, self, batch_size, np.asarray(melody))


def log_probs(logits_xF):
    """Log-odds of an onset [..., 1], log-probabilities of pitch classes [..., 12], log-odds of drums [..., 9]."""
    onset, pitch_class, hits = jnp.split(logits_xF, (1, _SIZES[0]), axis=-1)
    return onset, jax.nn.log_softmax(pitch_class), hits


def features(tokens_BxTx3):
    """What marginals are of.

    Args:
        tokens_BxTx3: trio windows, int [B, 256, 3].

    Returns:
        0 or 1, of the bass [B, T, 13]: whether a note begins, and of which pitch class the one is that sounds, begun
        here or before; and of the drums [B, T, 9].
    """
    bass_BxT, drums_BxT = tokens_BxTx3[..., BASS].astype(jnp.int32), tokens_BxTx3[..., DRUMS].astype(jnp.int32)
    latest_BxT = jax.lax.cummax(jnp.where(bass_BxT != NO_EVENT, jnp.arange(bass_BxT.shape[1]), 0), axis=1)
    sounding_BxT = jnp.take_along_axis(bass_BxT, latest_BxT, axis=1)
    of_bass, of_drums = jnp.asarray(FEATURES[BASS].T), jnp.asarray(FEATURES[DRUMS].T)
    return jnp.concatenate([of_bass[bass_BxT, :1], of_bass[sounding_BxT, 1:]], -1), of_drums[drums_BxT]


def loss(module, batch, key):
    """-log p of the real bass' and drums' features, each by itself.

    Args:
        module: the Marginals.
        batch: tokens [B, 256, 3].
        key: not used; as musicvae_jax.training.fit calls a loss.

    Returns:
        The loss, nats a window, and metrics: it and its three parts.
    """
    onset, pitch_class, hits = log_probs(module(batch["tokens"][..., 0]))
    bass_BxTx13, hits_BxTx9 = features(batch["tokens"])
    parts = {
        "onsets": _cross_entropy(onset, bass_BxTx13[..., :1]),
        "pitch_classes": -bass_BxTx13[..., 1:] * pitch_class,
        "drums": _cross_entropy(hits, hits_BxTx9),
    }
    nats = {name: x.sum((1, 2)).mean() for name, x in parts.items()}
    value = sum(nats.values())
    return value, {"loss": value} | nats


def _cross_entropy(log_odds, truth):
    return jax.nn.softplus(log_odds) - truth * log_odds


@functools.partial(jax.jit, static_argnums=0)
def _evidence(graphdef, state, melody_BxT):
    module = nnx.merge(graphdef, state)
    given, known = log_probs(module(melody_BxT)), log_probs(module.frequencies[None, None].astype(jnp.float32))
    onset, pitch_class, hits = (x - y for x, y in zip(given, known, strict=True))
    return {BASS: jnp.concatenate([onset, pitch_class], -1), DRUMS: hits}


def save(folder, module: Marginals, **options) -> None:
    """Writes marginals inside a model folder.

    Args:
        folder: the model folder.
        module: the Marginals.
        options: notes and dtype, as musicvae_jax.checkpoint.save_module takes them.
    """
    checkpoint.save_module(pathlib.Path(folder) / PART, module, kind="marginals", config=module.config, **options)


def load(name_or_folder=checkpoint.DEFAULT) -> Marginals | None:
    """Loads the marginals of a model.

    Args:
        name_or_folder: a pretrained name or a model folder.

    Returns:
        None if it has none.

    Raises:
        CheckpointError: there is no such model, or they cannot be read.
    """
    folder = checkpoint.resolve(name_or_folder) / PART
    if not folder.is_dir():
        return None
    return checkpoint.load_module(
        folder, kind="marginals", build=lambda c: Marginals(MarginalsConfig(**c), rngs=nnx.Rngs(0))
    )
