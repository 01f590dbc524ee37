"""Model folders pushed to the Hugging Face hub, with a card that tells what they are. Needs the extra hub."""

import pathlib

from musicvae_jax import checkpoint, hub
from musicvae_jax.checkpoint import CheckpointError
from musicvae_jax.files import FilePath

_CARD = "README.md"


def push(
    name_or_folder: FilePath,
    repository: str,
    *,
    private: bool = True,
    license: str | None = None,
    message: str = "Add a model",
) -> str:
    """Puts a model folder on the Hugging Face hub: parameters, configs, parts such as a surrogate, and the card.

    The repository is made where there is none. musicvae_jax.load, and --checkpoint of the commands, take it as
    "hf:owner/name" or "hf:owner/name@revision".

    Args:
        name_or_folder: a pretrained name, or the folder.
        repository: "owner/name", or "owner/name@branch", which is made where there is none.
        private: whether only its owner sees a repository that is made.
        license: of the weights, as the hub names it, say "apache-2.0"; None leaves it untold.
        message: of the commit.

    Returns:
        The commit's address.

    Raises:
        CheckpointError: there is no such model, it cannot be pushed, or huggingface_hub is missing.
    """
    folder = checkpoint.resolve(name_or_folder)
    try:
        name = hub.HubName.parse(repository)
        client = hub.client(repository)
    except hub.HubError as error:
        raise CheckpointError(str(error)) from None
    paths = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.name in (checkpoint.CONFIG, checkpoint.PARAMS)
    )
    parts = [client.CommitOperationAdd(path, str(folder / path)) for path in paths]
    parts.append(client.CommitOperationAdd(_CARD, _card(client, folder, name.repository, license).encode()))
    api = client.HfApi(hub.endpoint(), library_name=hub.LIBRARY)
    try:
        api.create_repo(name.repository, private=private, exist_ok=True)
        if name.revision is not None:
            api.create_branch(name.repository, branch=name.revision, exist_ok=True)
        done = api.create_commit(name.repository, parts, commit_message=message, revision=name.revision)
    except Exception as error:  # its HTTP library's errors have no base of their own
        raise CheckpointError(f"{repository}: cannot be pushed to {hub.endpoint()}: {hub.reason(error)}") from None
    return done.commit_url


def _card(client, folder: pathlib.Path, title: str, license: str | None) -> str:
    """The folder's own card, or one of a few lines, under the metadata by which the hub finds it."""
    path = folder / _CARD
    saved = checkpoint.read_saved(folder)
    own = path.read_text(encoding="utf-8") if path.is_file() else f"# {title}\n\nA {saved['kind']} of {hub.LIBRARY}.\n"
    if own.startswith("---\n"):
        return own
    tags = ["music", "midi", "jax", saved["kind"].replace("_", "-")]
    data = client.ModelCardData(license=license, library_name=hub.LIBRARY, tags=tags)
    return f"---\n{data.to_yaml()}\n---\n{own}"
