"""The surrogate encoder: melody tokens -> a distribution over MusicVAE's latent, by a transformer or by LSTMs."""

import dataclasses
import functools
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import checkpoint
from musicvae_jax.events import BARS_PER_WINDOW, LINE_CLASSES, STEPS_PER_BAR, WINDOW_STEPS
from musicvae_jax.lstm import BidirectionalStack, Dense
from musicvae_jax.model import in_batches
from surrogate.model.prior import Prior

PART = "surrogate"  # its folder inside that of the MusicVAE whose latents it predicts


@dataclasses.dataclass(frozen=True)
class SurrogateConfig:
    """Sizes of a surrogate.

    z_size, bar_size: those of the MusicVAE. body: "transformer" or "bilstm", which has neither patches nor heads.
    patch: steps that share one position of the transformer (4 is a beat). components: Gaussians of the mixture. in_c:
    it reads melodies brought to C major's notes (surrogate.reading.keys), and its MusicVAE such trios.
    """

    z_size: int
    bar_size: int = 0
    body: str = "transformer"
    patch: int = 4
    width: int = 192
    layers: int = 4
    heads: int = 4
    components: int = 1
    in_c: bool = False

    def __post_init__(self):
        if self.body not in ("transformer", "bilstm"):
            raise ValueError(f'body must be "transformer" or "bilstm", not {self.body!r}')
        check_sizes(self)


def check_sizes(config):
    """Raises ValueError if no Transformer can have the patch, width, layers and heads of a config."""
    if min(config.patch, config.width, config.heads) < 1 or config.layers < 0:
        raise ValueError(f"sizes must be more than 0, not {config}")
    if STEPS_PER_BAR % config.patch or config.width % config.heads:
        raise ValueError(f"patch must divide {STEPS_PER_BAR} and heads must divide width, not {config}")


class Block(nnx.Module):
    """Pre-norm self-attention over all positions, then a two-layer perceptron."""

    def __init__(self, width, heads, *, rngs):
        self.heads = heads
        self.norms = nnx.List([nnx.LayerNorm(width, rngs=rngs) for _ in range(2)])
        self.qkv = Dense(width, 3 * width, rngs=rngs)
        self.out = Dense(width, width, rngs=rngs)
        self.up = Dense(width, 4 * width, rngs=rngs)
        self.down = Dense(4 * width, width, rngs=rngs)

    def __call__(self, x_BxPxD):
        batch, positions, width = x_BxPxD.shape
        q, k, v = jnp.split(self.qkv(self.norms[0](x_BxPxD)), 3, axis=-1)
        q, k, v = (y.reshape(batch, positions, self.heads, -1) for y in (q, k, v))
        mixed = jax.nn.dot_product_attention(q, k, v).reshape(batch, positions, width)
        x_BxPxD = x_BxPxD + self.out(mixed)
        return x_BxPxD + self.down(jax.nn.gelu(self.up(self.norms[1](x_BxPxD))))


class Transformer(nnx.Module):
    """melody tokens [B, 256] -> a vector of the window, float32 [B, width], and one of each bar [B, 16, width]."""

    def __init__(self, config, *, rngs):
        self.patch, width = config.patch, config.width

        def table(*shape):
            return nnx.Param(jax.random.normal(rngs.params(), (*shape, width)) * 0.1)

        self.tokens = table(config.patch, LINE_CLASSES)
        self.bar = table(BARS_PER_WINDOW)
        self.patch_in_bar = table(STEPS_PER_BAR // config.patch)
        self.blocks = nnx.List([Block(width, config.heads, rngs=rngs) for _ in range(config.layers)])
        self.norm = nnx.LayerNorm(width, rngs=rngs)
        self.outputs = width

    def __call__(self, melody_BxT):
        x_BxPxD = self.read(melody_BxT)
        return x_BxPxD.mean(1), _bar_means(x_BxPxD)

    def read(self, melody_BxT):
        """A vector of each patch, float32 [B, 256 / patch, width]."""
        melody_BxPxN = melody_BxT.reshape(-1, WINDOW_STEPS // self.patch, self.patch)
        # A patch's embedding is the sum of a row for each of its steps: a dense layer on its one-hots, as gathers.
        x_BxPxD = self.tokens[...][jnp.arange(self.patch), melody_BxPxN].astype(jnp.float32).sum(-2)
        place_PxD = (self.bar[...][:, None] + self.patch_in_bar[...][None]).reshape(1, -1, self.outputs)
        x_BxPxD = x_BxPxD + place_PxD.astype(jnp.float32)
        for block in self.blocks:
            x_BxPxD = block(x_BxPxD)
        return self.norm(x_BxPxD)


class BiLSTM(nnx.Module):
    """The same by a stack of bidirectional LSTMs: its final outputs, and the mean of those in a bar."""

    def __init__(self, config, *, rngs):
        self.stack = BidirectionalStack((config.width,) * config.layers, tokens=LINE_CLASSES, rngs=rngs)
        self.outputs = 2 * config.width

    def __call__(self, melody_BxT):
        window_BxD, steps_TxBxD = self.stack.read(melody_BxT.T[..., None])
        return window_BxD, _bar_means(steps_TxBxD.swapaxes(0, 1))


def _bar_means(x_BxPxD):
    return x_BxPxD.reshape(len(x_BxPxD), BARS_PER_WINDOW, -1, x_BxPxD.shape[-1]).mean(2)


class Surrogate(nnx.Module):
    """melody tokens of a window -> p(z | melody)."""

    def __init__(self, config, *, rngs):
        self.config = config
        self.body = {"transformer": Transformer, "bilstm": BiLSTM}[config.body](config, rngs=rngs)
        window_size = config.z_size - BARS_PER_WINDOW * config.bar_size
        self.head = Dense(self.body.outputs, config.components * (2 * window_size + 1), rngs=rngs)
        bar_outputs = config.components * 2 * config.bar_size
        self.bar_head = Dense(self.body.outputs, bar_outputs, rngs=rngs) if bar_outputs else None

    def __call__(self, melody_BxT):
        batch, components = len(melody_BxT), self.config.components
        window_BxD, bars_BxSxD = self.body(melody_BxT.astype(jnp.int32))
        head_BxN = self.head(window_BxD)
        parts = [head_BxN[:, components:].reshape(batch, 2, components, -1)]
        if self.config.bar_size:  # as in z: what belongs to the window, then what belongs to each bar
            bars_BxSxN = self.bar_head(bars_BxSxD).reshape(batch, BARS_PER_WINDOW, 2, components, -1)
            parts.append(jnp.moveaxis(bars_BxSxN, 1, 3).reshape(batch, 2, components, -1))
        means, raw = jnp.concatenate(parts, -1).swapaxes(0, 1)
        return Prior(head_BxN[:, :components], means, jax.nn.softplus(raw) + 1e-4)

    def predict(self, melody, batch_size=64):
        """Predicts p(z | melody) of windows.

        Args:
            melody: tokens, int [n, 256].
            batch_size: windows that are computed together.

        Returns:
            A Prior of NumPy arrays.
        """
        return in_batches(_predict, self, batch_size, np.asarray(melody))


@functools.partial(jax.jit, static_argnums=0)
def _predict(graphdef, state, melody_BxT):
    return nnx.merge(graphdef, state)(melody_BxT)


def save(folder, surrogate: Surrogate, *, part: str = PART, **options) -> None:
    """Writes a surrogate inside a MusicVAE's model folder.

    Args:
        folder: the model folder.
        surrogate: the module.
        part: the name of its folder in there.
        options: notes and dtype, as musicvae_jax.checkpoint.save_module takes them.
    """
    checkpoint.save_module(pathlib.Path(folder) / part, surrogate, kind="surrogate", config=surrogate.config, **options)


def load(name_or_folder=checkpoint.DEFAULT, *, part: str = PART) -> Surrogate:
    """Loads the surrogate of a model.

    Args:
        name_or_folder: a pretrained name or a model folder.
        part: its folder in there; "bilstm" is the baseline that the default model was measured against.

    Raises:
        CheckpointError: there is none, or it cannot be read.
    """
    folder = checkpoint.resolve(name_or_folder)
    if not (folder / part).is_dir():
        config = "bilstm" if part == "bilstm" else "transformer"
        raise checkpoint.CheckpointError(f"{name_or_folder}: has no {part} yet; train one with configs/{config}.py")
    return checkpoint.load_module(
        folder / part, kind="surrogate", build=lambda c: Surrogate(SurrogateConfig(**c), rngs=nnx.Rngs(0))
    )
