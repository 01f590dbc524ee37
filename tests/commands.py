"""The command accompany, run in this process."""

from surrogate.commands.accompany import main


def accompany(capsys, *argv):
    """Runs the command; returns exit code, stdout and stderr."""
    try:
        code = main([str(word) for word in argv])
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()
