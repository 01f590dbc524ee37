"""The commands of docs/researcher.md, "Train your own", word for word at small size, from MIDI files to a song."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from musicvae_jax import checkpoint
from surrogate.model import compatibility, critic, song_band, window_surrogate
from tests.paths import DATA, EXAMPLES, ROOT

SYNTH = DATA / "synth"
FEW = "--config.steps=2 --config.warmup_steps=1 --config.batch_size=8"
WINDOWS, SONGS = f"{FEW} --config.evaluate_windows=8", f"{FEW} --config.evaluate_batches=1"
LSTMS = " ".join(f"--config.model.{name}=(8,)" for name in ("conductor_sizes", "decoder_sizes"))
SMALL = {
    "--config.input=MIDI_DIR": "--config.validation_fraction=0.3 --config.workers=1",
    "musicvae_small": f"{SONGS} --config.model.codes=16 --config.model.width=16",
    "configs/transformer": f"{SONGS} --config.bars=16 --config.model.width=16 --config.model.heads=2",
    "configs/critic": f"{SONGS} --config.bars=16 --config.model.width=16",
    "window_musicvae": f"{WINDOWS} --config.model.z_size=8 --config.model.encoder_sizes=(8,8) {LSTMS}",
    "window_transformer": f"{WINDOWS} --config.model.width=16 --config.model.layers=1 --config.model.heads=2",
    "scripts.accompany": "--output=runs/song.mid",
}


def documented_commands(heading):
    """Those of the first block below a heading of docs/researcher.md."""
    text = (ROOT / "docs" / "researcher.md").read_text(encoding="utf-8")
    block = re.findall(rf"## {heading}\n.*?```\n(.*?)```", text, re.DOTALL)[0]
    commands = block.replace("\\\n", " ").splitlines()
    return [line for line in commands if "scripts.evaluate" not in line]  # which has its own tests


def run(line, folder):
    line += "".join(f" {flags}" for name, flags in SMALL.items() if name in line)
    own = {"MIDI_DIR/A": SYNTH / "synth_00", "MIDI_DIR/B": SYNTH / "synth_01", "MIDI_DIR": SYNTH}
    for name, path in (own | {"melody.mid": EXAMPLES / "korobeiniki.mid"}).items():
        line = line.replace(name, str(path))
    line = re.sub(
        r"(?<==)(\w+\.(npz|html)|corpus|between|runs/[\w/.]+)(?=\s|$)", lambda match: str(folder / match[0]), line
    )
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    command = [sys.executable, *shlex.split(line.replace("(", "\\(").replace(")", "\\)"))[1:]]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def documented_chain(heading, length, folder, last, title):
    """Runs the commands below a heading, so many, to the song at the end; returns the last model and its card."""
    (folder / "runs").mkdir()
    commands = documented_commands(heading)
    assert len(commands) == length
    printed = [run(line, folder) for line in commands]
    assert "drum hits" in printed[-1] and (folder / "runs" / "song.mid").is_file()
    model = folder / "runs" / last / "model"
    card = (model / "README.md").read_text()
    assert card.count("Trained last.") == 1 and card.count("2 steps of 8 examples") == card.count("##") - 2
    assert str(folder) not in card and f"## {title}\n\nTrained last." in card
    return model, card


def test_the_documented_chain_ends_with_a_song(tmp_path):
    model, card = documented_chain("Train your own", 5, tmp_path, "critic", "Critic")
    assert critic.load(model).config.width == 16 and critic.load(tmp_path / "runs" / "surrogate" / "model") is None
    assert song_band.load_surrogate(model).config.codes == checkpoint.load(model).config.codes == 16
    assert " bars, " in card
    first = documented_first_run(tmp_path)
    before, after = (
        checkpoint.flat_params(song_band.load_surrogate(path)) for path in (model, first / "runs" / "first" / "model")
    )
    moved = [float(abs(after[name] - leaf).max()) for name, leaf in before.items()]
    assert 0 < max(moved) < 0.02, "two steps from where it was"
    again = f"python -m scripts.train --config=transformer --config.data=songs.npz --config.start={model}"
    again += f" --config.checkpoint={tmp_path}/runs/vae/model --config.model.width=16 --config.model.heads=2"
    with pytest.raises(AssertionError, match="has other sizes than config.model"):
        run(f"{again} --config.workdir=runs/other --config.model.source_width=8", first)


def documented_first_run(folder):
    """Runs the commands of "A first run", from the small models of a folder instead of the embedded ones."""
    first = folder / "first"
    (first / "runs").mkdir(parents=True)
    small = f"--config.start={folder}/runs/surrogate/model --config.checkpoint={folder}/runs/vae/model"
    commands = documented_commands("A first run")
    assert len(commands) == 4
    for line in commands:
        run(line.replace("--config.start=trio_16bar_small", small), first)
    assert (first / "between" / "page.html").is_file() and (first / "song.html").is_file()
    return first


def test_the_documented_chain_for_windows_ends_with_a_song(tmp_path):
    model, _ = documented_chain("Latents of windows", 5, tmp_path, "surrogate", "Surrogate encoder")
    assert compatibility.model_in_c(model) is False
    assert window_surrogate.load(model).config.in_c is False
    assert checkpoint.load(model).config.z_size == window_surrogate.load(model).config.z_size == 8
