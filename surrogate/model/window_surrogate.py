"""The surrogate encoder of windows: the melody of 16 bars -> a Gaussian over MusicVAE's one latent for them."""

import dataclasses
import functools
import pathlib
import typing

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from musicvae_jax import checkpoint
from musicvae_jax.bidirectional import BidirectionalStack
from musicvae_jax.events import BARS_PER_WINDOW, LINE_CLASSES, MELODY
from musicvae_jax.lstm import Dense
from musicvae_jax.model import in_batches
from surrogate.model import song_batches
from surrogate.model.gaussian import Gaussian
from surrogate.model.song_encoder import SongEncoder

PART = "surrogate"  # its folder inside that of the MusicVAE whose latents it predicts
_KIND = "window_surrogate"
_FEATURES = ("melody", "likeness", "is_bar", "place", "edge", "tempo", "density", "plays")
_UNKNOWN_TEMPO = 120.0


@dataclasses.dataclass(frozen=True)
class WindowSurrogateConfig:
    """Sizes of a WindowSurrogate.

    z_size: that of the MusicVAE. body: "transformer", or "bilstm", the baseline, which has no heads and reads tokens.
    in_c: it reads melodies brought to C major's notes (surrogate.reading.keys), and its MusicVAE such trios.
    """

    z_size: int
    body: str = "transformer"
    width: int = 128
    layers: int = 4
    heads: int = 4
    in_c: bool = False

    def __post_init__(self):
        if self.body not in ("transformer", "bilstm"):
            raise ValueError(f'body must be "transformer" or "bilstm", not {self.body!r}')
        if min(self.z_size, self.width, self.heads) < 1 or self.layers < (self.body == "bilstm"):
            raise ValueError(f"sizes must be more than 0, not {self}")
        if self.width % (2 * self.heads):
            raise ValueError(f"twice the heads must divide width, not {self}")


class _Transformer(nnx.Module):
    """The vectors of the window's 16 bars, side by side: float32 [B, 16 * width]."""

    def __init__(self, config, *, rngs):
        self.encoder = SongEncoder(config.width, config.layers, config.heads, rngs=rngs)
        self.outputs = BARS_PER_WINDOW * config.width

    def __call__(self, batch):
        bars_BxSxD = self.encoder(batch)
        return bars_BxSxD.reshape(len(bars_BxSxD), self.outputs)


class _BiLSTM(nnx.Module):
    """The final outputs of a stack of bidirectional LSTMs, float32 [B, 2 * width]."""

    def __init__(self, config, *, rngs):
        self.stack = BidirectionalStack((config.width,) * config.layers, tokens=LINE_CLASSES, rngs=rngs)
        self.outputs = 2 * config.width

    def __call__(self, batch):
        return self.stack(batch["line"].astype(jnp.int32).T[..., None])


class WindowSurrogate(nnx.Module):
    """The melody of a window -> p(z | melody)."""

    def __init__(self, config: WindowSurrogateConfig, *, rngs: nnx.Rngs):
        self.config = config
        body: typing.Any = {"transformer": _Transformer, "bilstm": _BiLSTM}[config.body](config, rngs=rngs)
        self.body = body
        self.head = Dense(body.outputs, 2 * config.z_size, rngs=rngs)

    def __call__(self, batch: dict) -> Gaussian:
        """Reads windows as with_features makes them."""
        mean, raw = jnp.split(self.head(self.body(batch)), 2, -1)
        return Gaussian(mean, jax.nn.softplus(raw) + 1e-4)

    def predict(self, melody: np.ndarray, batch_size: int = 64) -> Gaussian:
        """Predicts p(z | melody) of windows.

        Args:
            melody: tokens, int [n, 256].
            batch_size: windows that are computed together.

        Returns:
            A Gaussian of NumPy arrays.
        """
        return in_batches(_predict, self, batch_size, _features(np.asarray(melody)))


@functools.partial(jax.jit, static_argnums=0)
def _predict(graphdef, state, batch):
    return nnx.merge(graphdef, state)(batch)


def with_features(batch: dict) -> dict:
    """A batch of windows with what a WindowSurrogate reads of them.

    Args:
        batch: tokens int [B, 256, 3], of which the melody is read, and whatever else.

    Returns:
        The batch, with line, the melody's tokens int [B, 256], and what a SongEncoder reads of 16 bars from the middle
        of a song (see surrogate.model.song_batches).
    """
    return batch | _features(np.asarray(batch["tokens"])[..., MELODY])


def _features(line_BxT):
    songs = song_batches.empty(len(line_BxT), BARS_PER_WINDOW)
    for row, line_T in enumerate(line_BxT):
        song_batches.put_melody(songs, row, line_T, _UNKNOWN_TEMPO)
    songs["edge"][:] = 0
    return {"line": line_BxT} | {name: songs[name] for name in _FEATURES}


def save(folder, surrogate: WindowSurrogate, *, part: str = PART, **options) -> None:
    """Writes a surrogate inside a MusicVAE's model folder.

    Args:
        folder: the model folder.
        surrogate: the module.
        part: the name of its folder in there.
        options: notes and dtype, as musicvae_jax.checkpoint.save_module takes them.
    """
    checkpoint.save_module(pathlib.Path(folder) / part, surrogate, kind=_KIND, config=surrogate.config, **options)


def load(name_or_folder=checkpoint.DEFAULT, *, part: str = PART) -> WindowSurrogate:
    """Loads the surrogate of a model.

    Args:
        name_or_folder: a pretrained name or a model folder.
        part: its folder in there.

    Raises:
        CheckpointError: there is none, or it cannot be read.
    """
    folder = checkpoint.resolve(name_or_folder)
    if not (folder / part).is_dir():
        config = "bilstm" if part == "bilstm" else "window_transformer"
        raise checkpoint.CheckpointError(f"{name_or_folder}: has no {part} yet; train one with configs/{config}.py")

    def build(config):
        return WindowSurrogate(WindowSurrogateConfig(**config), rngs=nnx.Rngs(0))

    return checkpoint.load_module(folder / part, kind=_KIND, build=build)
