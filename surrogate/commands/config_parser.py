"""How command lines with --config refuse a wrong flag."""

import pathlib
import sys

from absl import flags


def parse_flags(argv):
    """Parses the flags of a command that takes --config, for absl's app.run; refuses in one line, exit code 2."""
    try:
        left = flags.FLAGS(argv)
        if flags.FLAGS.config is not None:
            _ = flags.FLAGS.config.keys  # what keeps a config file from loading is told when it is used
            return left
        why = "give --config=FILE"
    except AttributeError as error:  # how config_flags tells of a setting that the config does not have
        why = "the config has no setting " + str(error).strip("'\"")
    except (flags.Error, OSError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())
    return sys.exit(print(f"{pathlib.Path(argv[0]).stem}: {why}; see --help", file=sys.stderr) or 2)
