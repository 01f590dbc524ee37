"""--config: configurations by name from anywhere, by file, their settings, and mistakes in one line."""

import os
import subprocess
import sys

import pytest

from surrogate import configs
from surrogate.commands import config_parser
from surrogate.commands.parser import Parser
from tests.paths import ROOT

NAMES = sorted(path.stem for path in (ROOT / "configs").glob("*.py"))


def parse(*argv, required=("data", "workdir"), **options):
    return config_parser.parse_args(Parser(prog="train", description=""), list(argv), required=required, **options)


@pytest.mark.parametrize("name", NAMES)
def test_every_configuration_is_found_by_name_and_by_file(name):
    assert list(configs.files()) == NAMES
    by_name, by_file = config_parser.load(name), config_parser.load(str(ROOT / "configs" / f"{name}.py"))
    assert by_name.to_dict() == by_file.to_dict() and len(by_name) > 10


def test_settings_change_and_keep_their_types():
    words = "--config.data=a.npz", "--config.steps", "7", "--config.model.in_c", "--config.objective.kl=2"
    config, given = parse("--config=window_transformer", *words, "--process_count=2", "--config.ema=0.5")
    assert (config.data, config.steps, config.model.in_c, config.objective.kl, config.ema) == ("a.npz", 7, True, 2, 0.5)
    assert isinstance(config.objective.kl, float)
    assert (given.coordinator, given.process_count, given.process_id) == (None, 2, None)
    assert parse("--config=window_musicvae", "--config.transpose=(1,2)")[0].transpose == (1, 2)
    with pytest.raises(AttributeError):
        config.stepps = 1


def test_without_a_name_the_default_is_read_anew_each_time():
    first, _ = parse("--config.seed=3", required=("input",), default="encode_corpus")
    second, _ = parse(required=("input",), default="encode_corpus")
    assert (first.seed, second.seed) == (3, 0)


FILES = {
    "broken.py": "def get_config(:",
    "empty.py": "",
    "raises.py": "def get_config():\n    raise OSError('two\\nlines')",
    "number.py": "def get_config():\n    return 3",
}
MISTAKES = {
    "nothing": ([], "required: --config"),
    "no such name": (["--config=nothing"], "--config=nothing is neither a file nor one of bilstm, critic,"),
    "a folder": (["--config={folder}"], "is neither a file"),
    "syntax": (["--config={folder}/broken.py"], "broken.py does not load: SyntaxError"),
    "no function": (["--config={folder}/empty.py"], "empty.py does not load: KeyError: 'get_config'"),
    "an error of its own": (["--config={folder}/raises.py"], "raises.py does not load: OSError: two lines"),
    "not a config": (["--config={folder}/number.py"], "must return a ConfigDict, not int"),
    "another command's": (["--config=encode_corpus"], "--config=encode_corpus is of another command: it lacks data"),
    "no such setting": (["--config=transformer", "--config.dataa=1"], 'no setting dataa; Did you mean "data"'),
    "no such part": (["--config=transformer", "--config.nothing.x=1"], "no setting nothing"),
    "no such setting of a part": (["--config=transformer", "--config.model.wide=1"], "no setting wide"),
    "wrong type": (["--config=transformer", "--config.steps=many"], "--config.steps=many"),
    "a dict": (["--config=transformer", "--config.model=3"], "--config.model=3"),
    "no such flag": (["--config=transformer", "--confg.steps=3"], "Unknown command line flag 'confg.steps'"),
    "a stray word": (["--config=transformer", "--config.steps=3", "4"], "4 is no flag"),
    "a flag of the job": (["--config=transformer", "--process_id=one"], "argument --process_id"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line(case, tmp_path, capsys):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    words, message = MISTAKES[case]
    with pytest.raises(SystemExit) as stop:
        parse(*(word.format(folder=tmp_path) for word in words))
    out, err = capsys.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("train: ") and message in err and err.endswith("; see --help\n")


def test_names_are_found_from_another_folder(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    words = "-m", "scripts.encode_corpus", "--config=encode_corpus", "--config.input=nowhere", "--config.output=out"
    ended = subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (2, "encode_corpus: nowhere: no such file or folder\n")
    assert not list(tmp_path.iterdir())
