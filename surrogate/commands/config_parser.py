"""How command lines with --config are read: a configuration by name or file, its settings, the hosts of the job."""

import argparse
import pathlib
import runpy

from absl import flags
from ml_collections import ConfigDict, config_flags

from surrogate import configs
from surrogate.commands import hosts
from surrogate.commands.parser import Parser, UsageError


def parse_args(
    parser: Parser, argv: list[str] | None, *, required: tuple[str, ...], default: str | None = None
) -> tuple[ConfigDict, argparse.Namespace]:
    """Read a command line; a mistake ends in one line on stderr and exit code 2.

    Args:
        parser: takes the flags of the command itself; --config and those of hosts.join are added to it.
        argv: the words after the command's name; when None, those that it was called with.
        required: settings that tell a configuration of this command from those of others.
        default: name of the configuration where none is given; when None, one must be given.

    Returns: the configuration, with the settings that argv changes, and the other flags.
    """
    add = parser.add_argument
    names = ", ".join(configs.files())
    add("--config", default=default, required=not default, metavar="NAME_OR_FILE", help=f"{names}, or a Python file")
    add("--config.SETTING", metavar="VALUE", help="another value of one of its settings")
    hosts.add_flags(parser)
    given, settings = parser.parse_known_args(argv)
    try:
        config = load(given.config)
        if not all(name in config for name in required):
            raise UsageError(f"--config={given.config} is of another command: it lacks {' or '.join(required)}")
        return change(config, settings), given
    except UsageError as error:
        parser.error(str(error))


def load(name_or_file: str) -> ConfigDict:
    """Load a configuration.

    Args:
        name_or_file: the name of one that is shipped, or a Python file with a function get_config().

    Raises: UsageError when there is no such file, or it does not load.
    """
    shipped = configs.files()
    file = shipped.get(name_or_file, pathlib.Path(name_or_file))
    if not file.is_file():
        raise UsageError(f"--config={name_or_file} is neither a file nor one of {', '.join(shipped)}")
    try:
        config = runpy.run_path(str(file))["get_config"]()
    except Exception as error:  # whatever the user's own code raises
        raise UsageError(f"{file} does not load: {type(error).__name__}: {error}") from error
    if not isinstance(config, ConfigDict):
        raise UsageError(f"{file}: get_config() must return a ConfigDict, not {type(config).__name__}")
    return config


def change(config: ConfigDict, words: list[str]) -> ConfigDict:
    """Change settings of a configuration.

    Args:
        config: is changed, and locked.
        words: of a command line, as in --config.model.width=128.

    Returns: config.

    Raises: UsageError for words that are no settings of it, or no values for them.
    """
    values = flags.FlagValues()
    try:
        config_flags.DEFINE_config_dict("config", config, flag_values=values, sys_argv=words)
        left = values(["", *words])[1:]
    except (AttributeError, KeyError) as error:  # how config_flags tells of a setting that the config does not have
        raise UsageError(f"the config has no setting {_text(error)}") from error
    except (flags.Error, TypeError, ValueError) as error:
        raise UsageError(str(error)) from error
    if left:
        raise UsageError(f"{left[0]} is no flag; settings are given as --config.NAME=VALUE")
    return values.config


def _text(error):
    """What an error says, without the quotes that a KeyError puts around its text."""
    inner = error.args[0] if error.args else ""
    return _text(inner) if isinstance(inner, Exception) else str(inner).replace("'", "").replace("\n", "; ")
