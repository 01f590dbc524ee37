"""docs/latent_space.ipynb, from the first cell to the last, at small size."""

import os

import nbclient
import nbformat

from musicvae_jax import midi
from tests.paths import DATA, ROOT

NOTEBOOK = ROOT / "docs" / "latent_space.ipynb"


def test_the_notebook_runs_to_its_end(tmp_path, monkeypatch):
    book = nbformat.read(NOTEBOOK, as_version=4)
    [parameters] = [cell for cell in book.cells if "parameters" in cell.metadata.get("tags", ())]
    changes = {
        "SONGS": str(DATA / "synth" / "synth_[0-2]?.mid"),
        "FOLDER": str(tmp_path),
        "SIZES": dict(width=16, encoder_layers=1, decoder_layers=1, heads=2, source_width=8),
        "TRAINING": dict(
            steps=2, warmup_steps=1, batch_size=2, bars=16, log_every=1, evaluate_every=1, evaluate_batches=1
        ),
    }
    assert all(f"{name} = " in parameters.source for name in changes)
    parameters.source = "\n".join(f"{name} = {value!r}" for name, value in changes.items())
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    monkeypatch.setenv("XLA_FLAGS", "--xla_backend_optimization_level=0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    where = {"metadata": {"path": str(NOTEBOOK.parent)}}
    nbclient.NotebookClient(book, timeout=None, kernel_name="python3", resources=where).execute()
    outputs = "".join(str(cell.outputs) for cell in book.cells if cell.cell_type == "code")
    assert "BarMusicVAE: a bar of" in outputs and "28 songs" in outputs and outputs.count("image/png") >= 3
    assert len(midi.read(tmp_path / "song.mid").tracks) == 3 and (tmp_path / "half_way.mid").is_file()


def test_the_notebook_is_kept_without_what_it_printed():
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in book.cells)
