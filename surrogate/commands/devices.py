"""What a command computes on."""

from surrogate.commands.parser import UsageError


def check() -> None:
    """Starts JAX; raises UsageError where it cannot, as with JAX_PLATFORMS that it does not know."""
    import jax  # late: a command may be imported by processes that have no use for it

    try:
        jax.devices()
    except RuntimeError as error:
        raise UsageError(f"JAX does not start: {' '.join(str(error).split())}") from None
