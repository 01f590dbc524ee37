"""What each choice in the surrogate buys: one training each on equally many windows, judged on the same songs.

    python -m benchmarks.surrogate_choices --data=CORPUS --validation=PACK --workdir=DIR [--steps=400]
        [--fifths=CORPUS] [--narrow=CORPUS] [--only=NAME,NAME]

The corpora are encoded by the model of --checkpoint, in C and with leads: CORPUS as it is, fifths with the training
songs in one of three keys a fifth apart (--config.transpose=-5,0,5), narrow without leads. A training that is there is
not done again.
The table is printed row by row: bits a step of the real bass and drums at the mode of p(z | melody) and at a draw from
it, and F1 of what is decoded from the mode.
"""

import argparse
import pathlib
import time

import jax
import numpy as np
from ml_collections import ConfigDict

import musicvae_jax
import surrogate
from musicvae_jax import cache, checkpoint
from surrogate.commands import train
from surrogate.configs import bilstm, transformer
from surrogate.evaluation import baselines, comparison, selection

SQUARED = {"kl": 0.0, "likelihood": 0.0, "mse": 1.0}
KL_ALONE = {"objective.likelihood": 0.0}
CHOICES = {
    "BiLSTM, squared distance (the seed's)": (bilstm, {}, "data"),
    "squared distance alone": (transformer, {"objective": SQUARED}, "data"),
    "KL alone": (transformer, KL_ALONE, "data"),
    "likelihood alone": (transformer, {"objective.kl": 0.0}, "data"),
    "KL and likelihood": (transformer, {}, "data"),
    "the same, likelihood x 5": (transformer, {"objective.likelihood": 1.0}, "data"),
    "the same, likelihood of a sample": (transformer, {"objective.spread": 1.0}, "data"),
    "the same, mixture of 4": (transformer, {"model.components": 4}, "data"),
    "the same, 2 layers of 64": (transformer, {"model.width": 64, "model.layers": 2}, "data"),
    "the same, 6 layers of 256": (transformer, {"model.width": 256, "model.layers": 6}, "data"),
    "KL alone, also a fifth up and down": (transformer, KL_ALONE, "fifths"),
    "the same, melodies on programs 0-31 alone": (transformer, {}, "narrow"),
    "KL alone, half of the tunes": (transformer, KL_ALONE | {"share": 1 / 2}, "data"),
    "KL alone, a quarter of the tunes": (transformer, KL_ALONE | {"share": 1 / 4}, "data"),
    "KL alone, a sixteenth of the tunes": (transformer, KL_ALONE | {"share": 1 / 16}, "data"),
}  # fmt: skip
COLUMNS = ("parameters", "minutes", "r2", "kl", "mode_bits", "sample_bits", "kick_f1", "bass_note_f1", "pc_accuracy")


def settings(module, changes, *, data, workdir, flags) -> ConfigDict:
    """The config of one training."""
    config = module.get_config()
    config.update_from_flattened_dict(changes)
    config.update(data=data, workdir=str(workdir), checkpoint=flags.checkpoint, steps=flags.steps)
    config.model.in_c = True
    config.update(evaluate_every=flags.steps, checkpoint_every=flags.steps)
    return config


def judged(encoder, vae, windows, mu, sigma):
    """The columns that tell how good it is."""
    tokens = windows.tokens
    prior = encoder.predict(tokens[..., 0])
    one = np.ones(len(tokens))
    found = {"kl": (prior.kl_from(mu, sigma, jax.random.key(0)), one)}
    for name, z in {"mode": prior.mode(), "sample": np.asarray(prior.sample(jax.random.key(0)))}.items():
        generated = tokens
        if name == "mode":
            generated = baselines.with_melody(tokens, vae.decode(z, key=jax.random.key(0), temperature=0.5))
        ratios = comparison.likeness(vae, tokens, generated, mu, z)
        found[f"{name}_bits"] = ratios["bits"]
        if name == "mode":
            found |= {"r2": ratios["r2"], "pc_accuracy": ratios["pitch_class_accuracy"]}
            found |= {column: ratios[column] for column in ("kick_f1", "bass_note_f1")}
    return {name: float(np.sum(a) / np.sum(b)) for name, (a, b) in found.items()}


def main(argv=None):
    """Train and judge every choice whose corpus is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--fifths")
    parser.add_argument("--narrow")
    parser.add_argument("--validation", required=True)
    parser.add_argument("--workdir", required=True, type=pathlib.Path)
    parser.add_argument("--checkpoint", default=checkpoint.DEFAULT)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--max_windows", type=int, default=1024)
    parser.add_argument("--only", type=lambda text: text.split(";"), help="names of choices, with ; between them")
    flags = parser.parse_args(argv)
    cache.keep_compiled_programs()
    vae = musicvae_jax.load(flags.checkpoint)
    windows = selection.read(flags.validation, flags.max_windows)
    mu, sigma = vae.encode(windows.tokens)
    print("| choice | " + " | ".join(COLUMNS) + " |\n|" + "---|" * (len(COLUMNS) + 1))
    for number, (name, (module, changes, corpus)) in enumerate(CHOICES.items()):
        data = getattr(flags, corpus)
        if not data or (flags.only and name not in flags.only):
            continue
        config = settings(module, changes, data=data, workdir=flags.workdir / str(number), flags=flags)
        began = time.perf_counter()
        train.run(config)
        row = {"minutes": (time.perf_counter() - began) / 60}
        encoder = surrogate.load(flags.workdir / str(number) / "model", part=config.part)
        row["parameters"] = f"{sum(x.size for x in checkpoint.flat_params(encoder).values()) / 1e6:.2f} M"
        row |= judged(encoder, vae, windows, mu, sigma)
        if config.objective.kl == 0:
            row["kl"] = row["sample_bits"] = ""  # its standard deviations were not trained to be any
        cells = [f"{row[column]:.3f}" if isinstance(row[column], float) else str(row[column]) for column in COLUMNS]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
