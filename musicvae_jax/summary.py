"""What print(model) tells: five lines of what it reads, how it is made and how large it is."""

import jax
from flax import nnx

from musicvae_jax.events import BARS_PER_WINDOW, BEATS_PER_BAR


def of_windows(model: nnx.Module) -> str:
    """Describes a MusicVAE."""
    config = model.config
    conductor = f"LSTM of {_sizes(config.conductor_sizes)}: a vector for each bar" if config.conductor_sizes else "none"
    encoder = f"{config.encoder} LSTM of {_sizes(config.encoder_sizes)}" if model.encoder else "left out"
    return "\n".join(
        [
            f"MusicVAE: {BARS_PER_WINDOW} bars of a trio <-> {config.z_size} numbers, {_weights(model)}",
            f"  encoder    {encoder}",
            f"  conductor  {conductor}",
            f"  decoders   {len(model.tracks)}, LSTM of {_sizes(config.decoder_sizes)}",
            f"  use        encode(tokens [n, 256, 3]) -> mu, sigma [n, {config.z_size}]; decode(z, key=...) -> tokens",
        ]
    )


def of_bars(model: nnx.Module) -> str:
    """Describes a BarMusicVAE."""
    config = model.config
    melody, bass, drums = (BEATS_PER_BAR * size for size in config.beat_sizes)
    return "\n".join(
        [
            f"BarMusicVAE: a bar of melody, bass and drums <-> {config.bar_size} numbers, {_weights(model)}",
            f"  latent     {melody} of melody, {bass} of bass, {drums} of drums, {BEATS_PER_BAR} beats each",
            f"  networks   encoder {config.width} wide, a decoder of {config.decoder_size} units for each part",
            f"  codebooks  {config.codes} beats of bass and of drums",
            f"  use        encode_bars(bars [S, 16, 3]) -> mu, sigma [S, {config.bar_size}]; decode_bars(z) -> bars",
        ]
    )


def _sizes(sizes):
    return " and ".join(map(str, sizes))


def _weights(model):
    leaves = jax.tree.leaves(nnx.state(model))
    dtypes = sorted({str(leaf.dtype) for leaf in leaves if "float" in str(leaf.dtype)})
    return f"{sum(leaf.size for leaf in leaves) / 1e6:.2f} M parameters of {' and '.join(dtypes)}"
