"""A checkpoint of Magenta's, with optimizer slots, goes the whole way: import, encode a corpus, train, accompany."""

import os
import subprocess
import sys

import musicvae_jax
from surrogate.model import window_surrogate
from tests.paths import DATA, EXAMPLES, ROOT

MELODY = EXAMPLES / "korobeiniki.mid"


def run(script, *flags):
    """What a command line prints; it must succeed."""
    command = [sys.executable, "-m", f"scripts.{script}", *map(str, flags)]
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": "--xla_backend_optimization_level=0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_imported_model_accompanies(tmp_path):
    bundle = DATA / "magenta" / "tiny_hierdec_trio_adam" / "bundle.tar"
    magenta, corpus, work, song = (tmp_path / name for name in ("magenta", "corpus", "work", "song.mid"))
    run("import_checkpoint", f"--input={bundle}", f"--output={magenta}")
    run(
        "encode_corpus",
        "--config=configs/encode_corpus.py",
        f"--config.input={DATA / 'synth'}",
        f"--config.output={corpus}",
        f"--config.checkpoint={magenta}",
        "--config.validation_fraction=0.3",  # of 48 small files, so that there is a batch of both kinds
    )
    run(
        "train",
        "--config=configs/window_transformer.py",
        f"--config.data={corpus}",
        f"--config.checkpoint={magenta}",
        f"--config.workdir={work}",
        "--config.steps=2",
        "--config.warmup_steps=1",
        "--config.batch_size=8",
        "--config.evaluate_windows=8",
    )
    line = run("accompany", MELODY, f"--checkpoint={work / 'model'}", f"--output={song}")
    assert "drum hits" in line and song.is_file()
    assert musicvae_jax.load(work / "model").config == musicvae_jax.load(magenta).config
    assert window_surrogate.load(work / "model").config.z_size == 8
