"""The commands of docs/researcher.md, "Train your own", word for word at small size, from MIDI files to a song."""

import os
import re
import shlex
import subprocess
import sys

import surrogate
from musicvae_jax import checkpoint
from surrogate.model import compatibility
from tests.paths import DATA, EXAMPLES, ROOT

FEW = "--config.steps=2 --config.warmup_steps=1 --config.batch_size=8 --config.evaluate_windows=8"
LSTMS = " ".join(f"--config.model.{name}=(8,)" for name in ("conductor_sizes", "decoder_sizes"))
SMALL = {
    "--config.input=MIDI_DIR": "--config.validation_fraction=0.3 --config.workers=1",
    "window_musicvae": f"{FEW} --config.model.z_size=8 --config.model.encoder_sizes=(8,8) {LSTMS}",
    "window_transformer": f"{FEW} --config.model.width=16 --config.model.layers=1 --config.model.heads=2",
    "scripts.accompany": "--output=runs/song.mid",
}


def documented_commands():
    text = (ROOT / "docs" / "researcher.md").read_text(encoding="utf-8")
    [block] = re.findall(r"## Train your own\n\n```\n(.*?)```", text, re.DOTALL)
    commands = block.replace("\\\n", " ").splitlines()
    return [line for line in commands if "scripts.evaluate" not in line]  # which has its own tests


def run(line, folder):
    line += "".join(f" {flags}" for name, flags in SMALL.items() if name in line)
    for name, path in {"MIDI_DIR": DATA / "synth", "melody.mid": EXAMPLES / "korobeiniki.mid"}.items():
        line = line.replace(name, str(path))
    line = re.sub(r"(?<==)(pack\.npz|corpus|runs/[\w/.]+)(?=\s|$)", lambda match: str(folder / match[0]), line)
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    command = [sys.executable, *shlex.split(line.replace("(", "\\(").replace(")", "\\)"))[1:]]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_documented_chain_ends_with_a_song(tmp_path):
    (tmp_path / "runs").mkdir()
    commands = documented_commands()
    assert len(commands) == 5
    printed = [run(line, tmp_path) for line in commands]
    assert "drum hits" in printed[-1] and (tmp_path / "runs" / "song.mid").is_file()
    model = tmp_path / "runs" / "surrogate" / "model"
    assert compatibility.model_in_c(model) is False
    assert surrogate.load(model).config.in_c is False
    assert checkpoint.load(model).config.z_size == surrogate.load(model).config.z_size == 8
    card = (model / "README.md").read_text()
    assert card.count("Trained last.") == 1 and card.count("2 steps of 8 windows") == 2
    assert str(tmp_path) not in card and "## Surrogate encoder\n\nTrained last." in card
