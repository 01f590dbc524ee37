"""What goes wrong with collections and corpora."""

import errno


class DatasetError(ValueError):
    """A collection, a corpus or a setting of its making that cannot be used; the message is one line that names it."""


def explain(error: Exception, output: str) -> str:
    """Says in one line why a job ended.

    Args:
        error: an OSError, or one whose message is such a line; its cause may be an OSError.
        output: what the job was to write.
    """
    cause = error if isinstance(error, OSError) else error.__cause__
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{output}: the disk is full; make room and give the same command again: it goes on where this one stopped"
        )
    if isinstance(error, OSError):
        return f"{error.filename or output}: {error.strerror or error}"
    return str(error)
