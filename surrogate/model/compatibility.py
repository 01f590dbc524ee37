"""Whether data and models belong together: the same MusicVAE's latents, and songs in the same keys."""

from musicvae_jax import checkpoint
from musicvae_jax.checkpoint import CheckpointError


def model_in_c(name_or_folder) -> bool | None:
    """Tells whether a MusicVAE knows songs brought to C.

    Args:
        name_or_folder: a pretrained name or a model folder.

    Returns:
        What its own training noted, or else what a part beside it reads; None where neither tells.

    Raises:
        CheckpointError: there is no such model.
    """
    folder = checkpoint.resolve(name_or_folder)
    answers = [checkpoint.read_saved(folder)["notes"].get("data", {}).get("in_c")]
    parts = sorted(path.parent for path in folder.glob(f"*/{checkpoint.CONFIG}"))
    answers += [checkpoint.read_saved(part)["config"].get("in_c") for part in parts]
    return next((in_c for in_c in answers if in_c is not None), None)


def data_in_c(data) -> bool | None:
    """Tells whether the songs of a corpus.dataset.Dataset were brought to C; None where its manifest does not tell."""
    return data.manifest.get("config", {}).get("in_c")


def agree_on_c(claims) -> bool | None:
    """The one answer to whether songs are in C.

    Args:
        claims: {who tells: True, False or None, which tells nothing}.

    Raises:
        CheckpointError: two tell otherwise.
    """
    known = {name: in_c for name, in_c in claims.items() if in_c is not None}
    if len(set(known.values())) > 1:
        answers = ", ".join(f"{name}: {describe_keys(in_c)}" for name, in_c in known.items())
        raise CheckpointError(
            f"songs in C and songs in their own keys do not go together ({answers}); "
            "encode_corpus --config.in_c=True or False makes either"
        )
    return next(iter(known.values()), None)


def encoding_in_c(config, pack=None) -> bool:
    """Tells whether songs are to be in C when they are cut into a pack or encoded into a corpus.

    Args:
        config: that of encode_corpus; its in_c may be None, which leaves it to pack and model.
        pack: the corpus.dataset.Dataset that is encoded, if it is one.

    Raises:
        CheckpointError: config, pack and the model that encodes tell otherwise; or there is no such model.
    """
    claims = {"in_c": config.in_c}
    if pack is not None:
        claims[config.input] = data_in_c(pack)
    if not config.output.endswith(".npz"):
        claims[config.checkpoint] = model_in_c(config.checkpoint)
    return bool(agree_on_c(claims))


def describe_keys(in_c) -> str:
    """What to call songs that are in C, or not, or of which nothing tells."""
    return {True: "in C", False: "in their own keys", None: "in keys that nothing tells"}[in_c]


def fingerprint(name_or_folder, data) -> str:
    """The fingerprint of a MusicVAE, loaded in the dtype that a corpus.dataset.Dataset was encoded in."""
    dtype = data.manifest.get("config", {}).get("dtype", "float32")
    return checkpoint.fingerprint(checkpoint.load(name_or_folder, dtype=dtype))


def check_latents(data, path, model, z_size, found_fingerprint) -> list[str]:
    """Makes sure that a corpus holds the latents of a MusicVAE.

    Args:
        data: the corpus.dataset.Dataset.
        path: where it lies.
        model: the MusicVAE's pretrained name or folder.
        z_size: the size of its latent.
        found_fingerprint: what fingerprint finds of it.

    Returns:
        Warnings, one line each.

    Raises:
        CheckpointError: it holds no latents, or those of another model.
    """
    again = f"encode it with encode_corpus --config.checkpoint={model}"
    if not data.encoded:
        raise CheckpointError(f"{path}: holds no latents to learn from; {again}")
    size = data[0]["mu"].shape[-1]
    if size != z_size:
        raise CheckpointError(f"{path}: its latents have {size} numbers, those of {model} {z_size}; {again}")
    encoded_by = data.manifest.get("model")
    if not encoded_by:
        return [f"{path} does not tell whose latents it holds; trusting that they are those of {model}"]
    if encoded_by != found_fingerprint:
        raise CheckpointError(f"{path}: its latents are those of another model than {model}; {again}")
    return []
