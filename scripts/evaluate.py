"""python -m scripts.evaluate --input=MIDI_DIR_OR_PACK [--checkpoint=NAME_OR_DIR] [--output=DIR]

Prints how well a model reconstructs songs and how well it accompanies their melodies. A folder is read whole; of a pack
or an encoded corpus, the validation split.
"""

import argparse
import json
import pathlib
import sys

import numpy as np

from musicvae_jax import checkpoint
from surrogate import collection, dataset, evaluate, scan
from surrogate import model as surrogate_model


def read(source, max_windows):
    """Windows of a folder of MIDI, or of the validation split of a pack or an encoded corpus."""
    path = pathlib.Path(source)
    if path.suffix == ".npz" or (path / "manifest.json").exists():
        data = dataset.open(path)
        rows = data.indices("validation")
        rows = np.random.default_rng(0).choice(rows, min(max_windows, len(rows)), replace=False)
        return data.rows(np.sort(rows), "tokens")
    options = scan.Options("beats", hop_bars=4, max_windows=24, seed=0)
    windows = []
    for content in collection.contents(collection.songs(source)):
        result = scan.cut(options, content)
        if isinstance(result, str):
            print(f"evaluate: skipped {content.song.name}: {result}", file=sys.stderr)
        else:
            windows.append(result[1])
    tokens = np.concatenate(windows)[:max_windows] if windows else []
    if not len(tokens):
        raise dataset.DatasetError(f"{source}: no window of 16 bars with melody, bass and drums")
    return tokens


def main(argv=None):
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__, allow_abbrev=False)
    parser.add_argument("--input", required=True, help="folder of MIDI files, pack or encoded corpus")
    parser.add_argument("--checkpoint", default=checkpoint.DEFAULT, help="pretrained name or model folder")
    parser.add_argument("--output", type=pathlib.Path, help="folder for results.json")
    parser.add_argument("--max_windows", type=int, default=1024)
    parser.add_argument("--temperature", type=float, default=0.5)
    flags = parser.parse_args(argv)
    try:
        vae = checkpoint.load(flags.checkpoint)
        has_surrogate = (checkpoint.resolve(flags.checkpoint) / surrogate_model.FOLDER).is_dir()
        encoder = surrogate_model.load(flags.checkpoint) if has_surrogate else None
        tokens = read(flags.input, flags.max_windows)
        results = {
            "windows": len(tokens),
            "reconstruction": evaluate.reconstruction(vae, tokens),
            "generation": evaluate.table(vae, encoder, tokens, temperature=flags.temperature),
        }
        if flags.output:
            flags.output.mkdir(parents=True, exist_ok=True)
            (flags.output / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    except (dataset.DatasetError, checkpoint.CheckpointError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    print(f"{len(tokens)} windows of {flags.input}, temperature {flags.temperature}\n")
    print(evaluate.markdown({"one draw from q(z | trio)": results["reconstruction"]}), end="\n\n")
    print(evaluate.markdown(results["generation"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
