"""A model folder in pieces that are small enough to carry."""

import pathlib
import tarfile

from musicvae_jax.files import FilePath


def cut(folder: FilePath, output: FilePath, part_bytes: int = 15_000_000) -> list[pathlib.Path]:
    """Cuts a folder into output/model.tar.000, .001, ...; `cat model.tar.* | tar x` joins them.

    Args:
        folder: what to cut.
        output: where the parts go; made if need be.
        part_bytes: the size of all parts but the last.

    Returns:
        The parts.
    """
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    whole = output / "model.tar"
    with tarfile.open(whole, "w") as tar:
        tar.add(folder, arcname=pathlib.Path(folder).name)
    parts: list[pathlib.Path] = []
    with whole.open("rb") as stream:
        while data := stream.read(part_bytes):
            parts.append(output / f"model.tar.{len(parts):03d}")
            parts[-1].write_bytes(data)
    whole.unlink()
    return parts
