"""The experiment of a BiLSTM against a transformer: both trained on one corpus, compared on the tunes it holds out."""

import json

import numpy as np
import pytest

from musicvae_jax.stopping import Stopped
from surrogate.commands import console, train
from surrogate.commands.compare_surrogates import main
from surrogate.corpus import dataset
from surrogate.evaluation import surrogates
from surrogate.model.gaussian import Gaussian

SMALL = "--config.steps=2", "--config.warmup_steps=1", "--config.batch_size=4", "--config.evaluate_windows=4"
SMALL = (*SMALL, "--config.model.width=16", "--config.model.layers=1", "--config.model.heads=2")


def test_one_command_trains_both_and_compares_them_by_tune(window_corpus, model_folder, tmp_path, capsys):
    work = tmp_path / "experiment"
    flags = [
        f"--config.data={window_corpus}",
        f"--config.checkpoint={model_folder}",
        f"--config.workdir={work}",
        *SMALL,
    ]
    assert main(flags) == 0
    told, _ = capsys.readouterr()
    results = json.loads((work / "results.json").read_text())
    assert list(results["rows"]) == ["mean of the corpus", "bilstm", "transformer"]
    for row in results["rows"].values():
        assert list(row) == list(surrogates.COLUMNS)
        assert all(interval["lo"] <= interval["value"] <= interval["hi"] for interval in row.values())
    data = dataset.open(window_corpus)
    held_out = data.indices("validation")
    assert (results["windows"], results["tunes"]) == (len(held_out), len(np.unique(data.tune[held_out])))
    less = results["less bilstm"]["transformer"]["kl"]["value"]
    assert less == pytest.approx(
        results["rows"]["transformer"]["kl"]["value"] - results["rows"]["bilstm"]["kl"]["value"]
    )
    assert "transformer less bilstm, 95 % over tunes: kl " in told and "| bilstm" in told
    assert (work / "bilstm" / "metrics.csv").is_file() and (work / "transformer" / "model" / "transformer").is_dir()


def test_columns_are_ratios_of_what_windows_have():
    """Who predicts the latents themselves explains all of them, who predicts their mean nothing."""
    rng = np.random.default_rng(0)
    mu, sigma = rng.normal(size=(6, 3)).astype(np.float32), np.full((6, 3), 0.5, np.float32)

    class Vae:
        def log_prob(self, tokens, z):
            return np.tile([-1.0, -2.0, -3.0], (len(z), 1))

    def value(gaussian, column):
        numerator, denominator = surrogates._columns(Vae(), None, mu, sigma, gaussian)[column]
        return numerator.sum() / denominator.sum()

    perfect, mean = Gaussian(mu, sigma), Gaussian(np.broadcast_to(mu.mean(0), mu.shape), sigma)
    assert value(perfect, "kl") == pytest.approx(0, abs=1e-5) and value(perfect, "r2") == pytest.approx(1)
    assert value(mean, "r2") == pytest.approx(0, abs=1e-6) and value(mean, "kl") > 1
    assert (value(mean, "bass_nats"), value(mean, "drums_nats")) == (2, 3)


def test_mistakes_end_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--config.data=corpus"])
    assert stop.value.code == 2 and "give --config.checkpoint" in capsys.readouterr().err
    words = "--config.data=none", "--config.checkpoint=none", f"--config.workdir={tmp_path / 'work'}"
    assert main(words) == 2 and capsys.readouterr().err == (
        "compare_surrogates: none: neither a pack (.npz) nor an encoded corpus\n"
    )


def test_a_training_that_was_told_to_end_is_no_mistake(tmp_path, capsys, monkeypatch):
    def run(*_):
        raise Stopped("told to end, and saved at step 3")

    monkeypatch.setattr(train, "run", run)
    words = "--config.data=corpus", "--config.checkpoint=model", f"--config.workdir={tmp_path}"
    assert main(words) == console.STOPPED
    assert capsys.readouterr().err == "compare_surrogates: told to end, and saved at step 3\n"


def test_a_model_of_bars_gets_no_surrogate_of_windows(bar_corpus, tmp_path, capsys):
    words = f"--config.data={bar_corpus}", "--config.checkpoint=trio_16bar_small", f"--config.workdir={tmp_path / 'w'}"
    assert train.main(["--config=window_transformer", *words]) == 2
    assert "is a model of bars, whose surrogate is trained by configs/transformer.py" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()
