"""Directions in the latent space along which bass or drums become denser, found from a corpus and kept with a model.

The direction is the difference between the mean latents of dense and of sparse windows (the attribute vectors of
Roberts et al., 2018, section 5.4). How far to go is measured by decoding: to as many notes as people play, and from
there to half and to twice as many.
"""

import io
import pathlib
import typing
import zipfile
import zlib

import numpy as np
import tqdm

from musicvae_jax import checkpoint, events, files
from surrogate.model import takes

FILE = "attributes.npz"
PARTS = ("bass", "drums")
QUARTER = 0.25
AMOUNTS = np.linspace(-0.6, 1.8, 13)


class Attributes(typing.NamedTuple):
    """Of bass and of drums.

    directions: float32 [2, Z]. amounts: float64 [A]. densities: float64 [2, A], onsets a bar that were measured at
    these amounts of a direction. human: float64 [2], onsets a bar in the corpus.
    """

    directions: np.ndarray
    amounts: np.ndarray
    densities: np.ndarray
    human: np.ndarray

    def amount(self, part: int, octaves: float) -> float:
        """How much of a direction makes a part as dense as wanted, or as near to it as was measured.

        Args:
            part: 0 for bass, 1 for drums.
            octaves: 2 ** octaves times as many notes as people play.
        """
        return float(np.interp(np.log2(self.human[part]) + octaves, np.log2(self.densities[part]), self.amounts))

    def shift(self, bass=0.0, drums=0.0) -> np.ndarray:
        """What to add to the latents of bass and drums.

        Args:
            bass, drums: 0 for as many notes as people play, 1 for twice, -1 for half as many.

        Returns:
            float32 [2, Z].
        """
        return np.float32([[self.amount(0, bass)], [self.amount(1, drums)]]) * self.directions


def onsets(tokens_xTx2) -> np.ndarray:
    """Counts how dense bass and drums are.

    Args:
        tokens_xTx2: bass and drum tokens, int [..., T, 2].

    Returns:
        Bass onsets and drum hits a bar, float64 [2].
    """
    bass, drums = tokens_xTx2[..., 0] >= events.FIRST_PITCH, np.bitwise_count(tokens_xTx2[..., 1])
    return events.STEPS_PER_BAR * np.array([bass.mean(), drums.mean(dtype=np.float64)])


def find(mu_nxZ, tokens_nxTx3) -> np.ndarray:
    """Finds the directions: the mean latent of the densest quarter of windows less that of the sparsest.

    Args:
        mu_nxZ: latents of windows, float32 [n, Z].
        tokens_nxTx3: the windows, uint16 [n, 256, 3].

    Returns:
        float32 [2, Z], of bass and of drums.
    """
    directions = []
    for count_nxT in (tokens_nxTx3[..., 1] >= events.FIRST_PITCH, np.bitwise_count(tokens_nxTx3[..., 2])):
        count_n = count_nxT.sum(1, dtype=np.int64)
        low, high = np.quantile(count_n, (QUARTER, 1 - QUARTER))
        directions.append(mu_nxZ[count_n >= high].mean(0) - mu_nxZ[count_n <= low].mean(0))
    return np.float32(directions)


def measure(vae, encoder, marginals, directions_2xZ, tokens_nxTx3, *, temperature) -> Attributes:
    """Measures how dense bass and drums become at each of AMOUNTS, played to windows as songs of their own.

    Args:
        vae, encoder, marginals: the model's parts; marginals are None where it has none.
        directions_2xZ: as find gives them.
        tokens_nxTx3: the windows, uint16 [n, 256, 3], whose melodies are played to.
        temperature: of bass and of drums.
    """
    lines_nxT, song_n = tokens_nxTx3[..., 0], np.arange(len(tokens_nxTx3))
    prior, densities = encoder.predict(lines_nxT), []
    evidence = marginals and marginals.evidence(lines_nxT)
    bass_z = takes.refine(vae, prior, lines_nxT, prior.mode()[None])
    drums_z = takes.draws(prior, song_n, takes.DRAWS, window_size=vae.config.window_size)
    for amount in tqdm.tqdm(AMOUNTS, desc="densities", unit="amount"):
        bass_shift, drums_shift = amount * directions_2xZ
        bass = takes.decode(vae, bass_z + bass_shift, song_n, takes.BASS, 0, temperature[0], evidence)
        drums = takes.decode(vae, drums_z + drums_shift, song_n, takes.DRUMS, 0, temperature[1], evidence)
        first_n = takes.ratings(bass[0], drums, song_n).argmax(0)
        densities.append(onsets(np.stack([bass[0], drums[first_n, song_n]], -1)))
    rising = np.maximum.accumulate(np.maximum(np.transpose(densities), 1e-3), axis=1)
    return Attributes(directions_2xZ, AMOUNTS, rising, onsets(tokens_nxTx3[..., 1:]))


def save(folder, attributes) -> None:
    """Writes attributes into a model's folder; raises FileError where they cannot be written."""
    stream = io.BytesIO()
    np.savez(stream, **attributes._asdict())
    files.write_whole(pathlib.Path(folder) / FILE, stream.getvalue())


def load(name_or_folder) -> Attributes | None:
    """Loads the attributes of a model.

    Args:
        name_or_folder: a pretrained name or a model folder.

    Returns:
        None if it has none.

    Raises:
        CheckpointError: there is no such model, or they are damaged.
    """
    path = checkpoint.resolve(name_or_folder) / FILE
    if not path.is_file():
        return None
    try:
        with np.load(path) as arrays:
            attributes = Attributes(**arrays)
        _check_arrays(attributes, checkpoint.read_config(name_or_folder, kind="musicvae")["z_size"])
    # TypeError: a file of one array is no context, or a name is not one of theirs.
    except (OSError, EOFError, ValueError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())
        raise checkpoint.CheckpointError(
            f"{path}: is damaged ({reason}); remove it, and find_attributes writes it anew"
        ) from None
    return attributes


def _check_arrays(attributes, z_size):
    amounts = attributes.amounts.size
    shapes = (len(PARTS), z_size), (amounts,), (len(PARTS), amounts), (len(PARTS),)
    for name, array, shape in zip(Attributes._fields, attributes, shapes, strict=True):
        if array.shape != shape:
            raise ValueError(f"{name} has the shape {array.shape}, not {shape}")
        if not np.isfinite(array).all():
            raise ValueError(f"{name} has numbers that are not finite")
