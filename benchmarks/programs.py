"""The programs that are compiled to train, encode, decode and accompany, with the shapes that they are called with."""

import functools
import typing

import jax
import numpy as np
from flax import nnx

from musicvae_jax import bar_model, elbo
from musicvae_jax import model as window_model
from musicvae_jax.bar_model import BarMusicVAE, BarMusicVAEConfig
from musicvae_jax.events import BARS_PER_WINDOW, BASS, DRUMS
from musicvae_jax.model import MusicVAE, MusicVAEConfig
from musicvae_jax.training_step import init_state, make_step
from surrogate import configs
from surrogate.commands import config_parser
from surrogate.model import critic, objective, song_batches, song_model, song_sampler, window_surrogate
from surrogate.model.band_statistics import STATISTICS
from surrogate.model.critic import Critic, CriticConfig
from surrogate.model.song_band import DRAWS
from surrogate.model.song_model import SongSurrogate, SongSurrogateConfig
from surrogate.model.window_surrogate import WindowSurrogate, WindowSurrogateConfig

MAGENTA = MusicVAEConfig()
"""The sizes of hierdec-trio_16bar."""


class Program(typing.NamedTuple):
    """A jitted function and the shapes and dtypes of its arguments; examples: how many it works on at once."""

    function: typing.Callable
    arguments: tuple
    examples: int


def training_steps() -> dict[str, typing.Callable[..., Program]]:
    """The training step of each configuration: a function of batch_size (as configured) and of sizes of the model."""
    steps = {
        name: functools.partial(training_step, name) for name in sorted(configs.files()) if name != "encode_corpus"
    }
    return steps | {"magenta": functools.partial(training_step, "window_musicvae", **vars(MAGENTA))}


def at_full_size(**changes) -> dict[str, typing.Callable[[], Program]]:
    """By the name that tables call it, what makes each training step, with changes as training_step takes them, and
    each program of inference."""
    steps = {f"step of {name}": functools.partial(make, **changes) for name, make in training_steps().items()}
    return steps | {name: lambda program=program: program for name, program in inference().items()}


def training_step(
    name: str, *, batch_size: int | None = None, bars: int | None = None, dtype: str | None = None, **sizes
) -> Program:
    """The training step of a configuration.

    Args:
        name: of the configuration.
        batch_size, bars, dtype: others than it says.
        sizes: of the model, others than it says.
    """
    config = config_parser.load(name)
    changes = {"batch_size": batch_size, "bars": bars, "dtype": dtype}
    config.update({key: value for key, value in changes.items() if value is not None})
    sizes = config.model.to_dict() | sizes
    make, loss, batch, frozen = _TASKS[config.task](config, sizes)
    module = nnx.eval_shape(make)
    what_stays = nnx.state(module, nnx.Not(nnx.Param))  # a constant of the program
    nnx.update(module, jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), what_stays))
    state = jax.eval_shape(lambda: init_state(make(), config))
    step = make_step(module, loss, config, frozen)
    return Program(step.func, (*step.args, state, shapes(batch)), config.batch_size)


def inference(
    *, bars: int = 256, draws: int = 8, magenta: MusicVAEConfig = MAGENTA, windows: int = 64, **sizes
) -> dict:
    """The programs that encode, decode and accompany.

    Args:
        bars: of a song, and those that are encoded and decoded at once.
        draws: of a song.
        magenta: sizes of a MusicVAE of windows.
        windows: how many are encoded and decoded at once.
        sizes: of the song model.

    Returns:
        {name: Program}.
    """
    of_bars = split(lambda: BarMusicVAE(BarMusicVAEConfig(), rngs=nnx.Rngs(0)))
    of_windows = split(lambda: MusicVAE(magenta, rngs=nnx.Rngs(0)))
    surrogate = split(lambda: WindowSurrogate(WindowSurrogateConfig(magenta.z_size), rngs=nnx.Rngs(0)))
    heard = split(lambda: Critic(CriticConfig(), rngs=nnx.Rngs(0)))
    songs = split(lambda: SongSurrogate(SongSurrogateConfig(**sizes), rngs=nnx.Rngs(0)))
    latents, root = jax.ShapeDtypeStruct((bars, BarMusicVAEConfig().bar_size), np.float32), _array((bars, 2), np.int32)
    window = _array((windows, 256, 3), np.uint16)
    z, row = _array((windows, magenta.z_size), np.float32), _array((windows,), np.uint32)
    key, temperature = jax.eval_shape(lambda: jax.random.key(0)), _array((3,), np.float32)
    draw = (shapes(song_batches.empty(1, bars)), _array((1, bars, draws, song_sampler._DICE), np.float32))
    features = shapes(window_surrogate._features(np.zeros((windows, 256), np.uint16)))
    drawn, dice = (BASS, DRUMS), _array((bars,), np.uint32)
    each = {
        "encode bars": (bar_model._encode_bars, of_bars, (_array((bars, 16, 3), np.uint16), root), bars),
        "decode bars": (_of(bar_model._decode_bars, drawn), of_bars, (latents, root, dice, None, temperature), bars),
        "decode bars, drawn": (
            _of(bar_model._decode_bars, drawn),
            of_bars,
            (latents, root, dice, key, temperature),
            bars,
        ),
        "score bars": (bar_model._bar_log_probs, of_bars, (_array((bars, 16, 3), np.uint16), latents, root), bars),
        "draw a song": (song_sampler._draw, songs, (*draw, _array((5,), np.float32), temperature), 1),
        "hear draws": (critic._hear, heard, (_array((critic.ROWS, STATISTICS), np.float32),), critic.ROWS),
        "predict windows": (window_surrogate._predict, surrogate, (features,), windows),
        "encode windows": (window_model._encode, of_windows, (window,), windows),
        "decode windows": (_of(window_model._decode, (0, 1, 2)), of_windows, (z, row, key, temperature), windows),
        "score windows": (window_model._log_prob, of_windows, (window, z), windows),
    }
    return {
        name: Program(_of_state(function, graphdef), (state, *arguments), examples)
        for name, (function, (graphdef, state), arguments, examples) in each.items()
    }


def split(make):
    """A module's graphdef and the shapes of its state."""
    return nnx.split(nnx.eval_shape(make))


def shapes(tree):
    """Shapes and dtypes of a tree of arrays."""
    return jax.tree.map(lambda leaf: _array(leaf.shape, leaf.dtype), tree)


def _array(shape, dtype):
    return jax.ShapeDtypeStruct(shape, dtype)


def _of(function, *first):
    return functools.partial(function, *first)


def _of_state(function, graphdef):
    return jax.jit(functools.partial(function, graphdef))


def _bar_musicvae(config, sizes):
    batch = {
        "bars": np.zeros((config.batch_size, 16, 3), np.uint16),
        "roots": np.zeros((config.batch_size, 2), np.int32),
    }
    loss = functools.partial(bar_model.loss, beta=config.beta)
    return lambda: BarMusicVAE(BarMusicVAEConfig(**sizes), rngs=nnx.Rngs(0)), loss, batch, None


def _song_surrogate(config, sizes):
    batch = song_batches.empty(config.batch_size, config.bars)
    loss = functools.partial(song_model.loss, dropout=config.dropout)
    return lambda: SongSurrogate(SongSurrogateConfig(**sizes), rngs=nnx.Rngs(0)), loss, batch, None


def _musicvae(config, sizes):
    def loss(module, batch, key):
        return elbo.loss(module, batch["tokens"], key, beta=config.beta, free_bits=config.free_bits)

    batch = {"tokens": np.zeros((config.batch_size, 256, 3), np.uint16)}
    return lambda: MusicVAE(MusicVAEConfig(**sizes), rngs=nnx.Rngs(0)), loss, batch, None


def _window_surrogate(config, sizes):
    sizes = {"z_size": MAGENTA.z_size, **sizes, "in_c": False}
    weights = config.objective.to_dict()
    tokens = {"tokens": np.zeros((config.batch_size, 256, 3), np.uint16)}
    latents = {name: np.zeros((config.batch_size, sizes["z_size"]), np.float32) for name in ("mu", "sigma")}
    batch = window_surrogate.with_features(tokens | latents)
    vae = nnx.eval_shape(lambda: MusicVAE(MAGENTA, rngs=nnx.Rngs(0), encoder=False))
    frozen = {"vae": vae} if weights["likelihood"] else None
    make = functools.partial(WindowSurrogate, WindowSurrogateConfig(**sizes))
    return lambda: make(rngs=nnx.Rngs(0)), functools.partial(objective.loss, **weights), batch, frozen


def _song_critic(config, sizes):
    windows = config.batch_size, config.bars // BARS_PER_WINDOW
    statistics = np.zeros((config.batch_size, 1 + DRAWS, windows[1], STATISTICS), np.float32)
    batch = {"statistics": statistics, "counts": np.zeros(windows, bool)}
    loss = functools.partial(critic.loss, dropout=config.dropout)
    return lambda: Critic(CriticConfig(**sizes), rngs=nnx.Rngs(0)), loss, batch, None


_TASKS = {
    "bar_musicvae": _bar_musicvae,
    "song_surrogate": _song_surrogate,
    "song_critic": _song_critic,
    "musicvae": _musicvae,
    "window_surrogate": _window_surrogate,
}
