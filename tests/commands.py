"""Commands, run in this process."""

from surrogate.commands.accompany import main as accompany_main


def run(main, capsys, *argv):
    """Runs the main() of a command; returns exit code, stdout and stderr."""
    try:
        code = main([str(word) for word in argv])
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


def accompany(capsys, *argv):
    """Runs the command accompany, as run does."""
    return run(accompany_main, capsys, *argv)
