"""Train the seed's BiLSTM and a transformer on an encoded corpus, and compare what they predict of held-out tunes.

--config.data=CORPUS --config.checkpoint=MODEL --config.workdir=DIR and all other settings are those of
configs/window_transformer.py, for both. Started again with the same command, it goes on from the last checkpoint.
"""

import pathlib

from surrogate.commands import config_parser, devices
from surrogate.commands.console import STOPPED, interruptible, refuse, tell
from surrogate.commands.parser import Parser, UsageError

_CONFIGS = {"bilstm": "bilstm", "transformer": "window_transformer"}
"""Row of the table -> configuration."""


@interruptible("compare_surrogates")
def main(argv=None) -> int:
    """Run the command line; returns the exit code: 0, or 2 after one line on stderr that says what to put right."""
    parser = Parser(prog="compare_surrogates", description=__doc__)
    parser.add_argument("--config.SETTING", metavar="VALUE", help="another value of a setting, for both")
    _, settings = parser.parse_known_args(argv)
    try:
        configs = {row: _config(row, name, settings) for row, name in _CONFIGS.items()}
    except UsageError as mistake:
        parser.error(str(mistake))
    from absl import logging  # late, like all that follows, so that a wrong flag is answered at once

    from musicvae_jax.stopping import Stopped
    from surrogate.commands import train
    from surrogate.evaluation import surrogates

    logging.set_verbosity(logging.WARNING)  # Orbax tells of every file it touches
    any_config = configs["transformer"]
    try:
        devices.check()
        for config in configs.values():
            train.run(config, parser.prog)
        models = {row: f"{config.workdir}/model" for row, config in configs.items()}
        output = pathlib.Path(any_config.workdir).parent / "results.json"
        text = surrogates.compare(any_config.data, any_config.checkpoint, models, output=output, seed=any_config.seed)
    except Stopped as stopped:
        refuse(parser.prog, stopped)
        return STOPPED
    except train.MISTAKES as error:
        return refuse(parser.prog, error)
    return tell(parser.prog, text)


def _config(row, name, settings):
    config = config_parser.change(config_parser.load(name), settings)
    lacking = [setting for setting in ("data", "checkpoint", "workdir") if not config[setting]]
    if lacking:
        raise UsageError(f"give --config.{lacking[0]}")
    # What both are to be alike in, and where each is kept, whatever is beside it in the model's folder.
    config.objective.likelihood = 0.0
    config.part = row
    config.workdir = f"{config.workdir}/{row}"
    return config
