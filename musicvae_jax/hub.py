"""Models on the Hugging Face hub: their names, and the folder that one is fetched into. Needs the extra hub."""

import functools
import os
import pathlib
import typing

PREFIX = "hf:"
MISSING = "needs huggingface_hub; pip install '.[hub]'"
LIBRARY = "musicvae-jax"
_FILES = ["*.json", "*.safetensors", "*.md"]


class HubError(ValueError):
    """A model that cannot be fetched or pushed; the message is one line that names it."""


class HubName(typing.NamedTuple):
    """A repository, "owner/name", and a branch, tag or commit of it, None for the main branch."""

    repository: str
    revision: str | None

    @classmethod
    def parse(cls, text: str) -> "HubName":
        """Reads "hf:owner/name", "hf:owner/name@revision" or either without its hf:; HubError if it is none."""
        repository, at, revision = text.removeprefix(PREFIX).partition("@")
        if repository.count("/") != 1 or not all(repository.split("/")) or bool(at) != bool(revision):
            raise HubError(
                f"{text}: a model on the hub is named as in {PREFIX}owner/name or {PREFIX}owner/name@revision"
            )
        return cls(repository, revision or None)


@functools.cache  # a folder is asked for again and again, the service once
def fetch(text: str) -> pathlib.Path:
    """Fetches a model into the cache of huggingface_hub; what is there already is not fetched again.

    Args:
        text: its name, as "hf:owner/name@revision".

    Returns:
        The folder, which is not to be written into.

    Raises:
        HubError: there is no such model, the service cannot be reached, or huggingface_hub is missing.
    """
    name = HubName.parse(text)
    hub = client(text)
    try:
        return pathlib.Path(
            hub.snapshot_download(
                name.repository,
                revision=name.revision,
                allow_patterns=_FILES,
                endpoint=endpoint(),
                library_name=LIBRARY,
            )
        )
    except Exception as error:  # its HTTP library's errors have no base of their own
        raise HubError(f"{text}: cannot be fetched from {endpoint()}: {reason(error)}") from None


def client(text: str):
    """The module huggingface_hub; HubError, which names the model, where it is missing."""
    try:
        import huggingface_hub  # half a second that only models on the hub need
    except ImportError:
        raise HubError(f"{text}: {MISSING}") from None
    return huggingface_hub


def endpoint() -> str:
    """The service that is asked: what HF_ENDPOINT says now, not as huggingface_hub was imported."""
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co")


def reason(error: Exception) -> str:
    """What the service's client tells, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
