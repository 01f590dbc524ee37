"""Where JAX does not start, every command that needs it says so in JAX's own words, in one line."""

import importlib

import jax
import pytest

from tests.paths import EXAMPLES

COMMANDS = {
    "accompany": [EXAMPLES / "korobeiniki.mid", "--output={folder}/x.mid"],
    "encode_corpus": [f"--config.input={EXAMPLES}", "--config.output={folder}/corpus"],
    "evaluate": [f"--input={EXAMPLES}", "--output={folder}/results"],
    "import_checkpoint": ["--input=nowhere", "--output={folder}/model"],
    "train": ["--config=musicvae_small", "--config.data=nowhere", "--config.workdir={folder}/run"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_jax_that_does_not_start_is_one_line(command, tmp_path, monkeypatch, capsys):
    def devices():
        raise RuntimeError("Unable to initialize backend 'nonsense':\nit is not known")

    monkeypatch.setattr(jax, "devices", devices)
    main = importlib.import_module(f"surrogate.commands.{command}").main
    assert main([str(word).format(folder=tmp_path) for word in COMMANDS[command]]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == f"{command}: JAX does not start: Unable to initialize backend 'nonsense': it is not known"
    assert not list(tmp_path.iterdir())
