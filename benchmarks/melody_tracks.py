"""Fits and judges the weights of surrogate.reading.tracks on songs whose melody track says so by its name.

    python -m benchmarks.melody_tracks --input=MIDI_DIR [--tunes=CSV]

A song counts where exactly one pitched track's name hints at a melody, and says it without a doubt; the names are
hidden from the model, a conditional logistic regression over a song's tracks (one choice a song, L2 penalty 1). CSV has
columns file and tune_group: songs of one tune stay on one side of the 10 folds. Printed are the share of held-out songs
whose melody is found, by the weights fitted on the other folds, by those in surrogate.reading.tracks, by most notes
sounding alone (its rule before), and by chance, and the weights of all songs. On 6,657 songs: 20 s.
"""

import argparse
import csv
import hashlib
import pathlib
import re

import numpy as np

from musicvae_jax import midi
from surrogate.reading import tracks

FOLDS = 10
_SOUND_NAME = re.compile(
    r"melodic tom|melodies|(synth|space) ?(voice|vox)|synvox|voice oohs|lead *\d* *\(|bass ?(and|[+/&])? ?lead|"
    r"(square|saw|charang|calliope|chiff|fifths).*lead"
)
_HINT = re.compile(r"melod|vocal|vox|voice|lead|solo|sing(?!le)|chant|canto|gesang|lyric")
_CERTAIN = re.compile(r"melod(y|ie|ia)|vocal|vox\b|voice|lead|sing(er|ing)?\b|canto\b|gesang")
_DOUBT = re.compile(
    r"harm|back|echo|bass|accomp|second|2nd|delay|doubl|layer|chord|guit|gtr|b[gv]\b|alternat|intro|copyright|using|"
    r"http|@|choir|pad|string|counter|[2-9]\b"
)


def labelled(score, candidates):
    """The place among the candidates of the one that is called the melody, None where that is not certain."""
    names = [score.tracks[index].name.lower() for index in candidates]
    hints = [place for place, name in enumerate(names) if _HINT.search(name) and not _SOUND_NAME.search(name)]
    if len(candidates) < 2 or len(hints) != 1:
        return None
    name = names[hints[0]]
    certain = _CERTAIN.search(name) and not _DOUBT.search(name) and len(name) <= 40
    return hints[0] if certain else None


def examples(folder, tune_of):
    """Fold, features [N, F], most notes alone [N] and the melody's place of every song that counts."""
    for path in midi.files(folder):
        try:
            score = midi.read(path)
        except midi.MidiError:
            continue
        pitched = [index for index, track in enumerate(score.tracks) if len(track.notes) and not track.is_drum]
        candidates = [index for index in pitched if len(tracks.notes(score.tracks[index])[0])]
        melody = labelled(score, candidates)
        if melody is None:
            continue
        file = path.relative_to(folder).as_posix()
        fold = hashlib.sha256(tune_of.get(file, file).encode()).digest()[0] % FOLDS
        noticed = tracks.track_features(score, candidates)
        count = np.array([len(tracks.notes(score.tracks[index])[0]) for index in candidates])
        is_bass = noticed[:, list(tracks.WEIGHTS).index("bass")] > 0
        alone = np.where(is_bass & ~is_bass.all(), -1, noticed[:, list(tracks.WEIGHTS).index("alone")] * count)
        yield fold, noticed, alone, melody


def fit(songs, penalty=1.0, steps=20) -> np.ndarray:
    """Newton's method on the penalised likelihood of songs, (features [N, F], the melody's place): float64 [F]."""
    weights = np.zeros(len(tracks.WEIGHTS))
    for _ in range(steps):
        gradient, hessian = -penalty * weights, penalty * np.eye(len(weights))
        for noticed, melody in songs:
            p = softmax(noticed @ weights)
            mean = p @ noticed
            gradient += noticed[melody] - mean
            hessian += (noticed * p[:, None]).T @ noticed - np.outer(mean, mean)
        weights += np.linalg.solve(hessian, gradient)
    return weights


def softmax(score):
    p = np.exp(score - score.max())
    return p / p.sum()


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", required=True, type=pathlib.Path)
    parser.add_argument("--tunes", type=pathlib.Path)
    flags = parser.parse_args(argv)
    tune_of = {}
    if flags.tunes:
        with open(flags.tunes, newline="") as file:
            tune_of = {row["file"]: row["tune_group"] or row["file"] for row in csv.DictReader(file)}
    songs = list(examples(flags.input, tune_of))
    print(f"{len(songs)} songs, {np.mean([len(noticed) for _, noticed, *_ in songs]):.1f} pitched tracks each")
    found = {"fitted on the other folds": [], "surrogate.reading.tracks": [], "most notes alone": []}
    by_chance, among_two = [], []
    for fold in range(FOLDS):
        weights = fit([(noticed, melody) for other, noticed, _, melody in songs if other != fold])
        for noticed, alone, melody in (song[1:] for song in songs if song[0] == fold):
            score = noticed @ weights
            found["fitted on the other folds"].append(score.argmax() == melody)
            found["surrogate.reading.tracks"].append((noticed @ list(tracks.WEIGHTS.values())).argmax() == melody)
            found["most notes alone"].append(alone.argmax() == melody)
            among_two.append((score > score[melody]).sum() < 2)
            by_chance.append(1 / len(noticed))
    for rule, hits in found.items():
        print(f"{rule}: {np.mean(hits):.3f} +- {np.std(hits) / len(hits) ** 0.5:.3f}")
    print(f"among the first two of the fitted: {np.mean(among_two):.3f}; by chance: {np.mean(by_chance):.3f}")
    weights = fit([(noticed, melody) for _, noticed, _, melody in songs])
    for (name, used), fitted in zip(tracks.WEIGHTS.items(), weights, strict=True):
        print(f"{name:10} {used:5.1f} (fitted {fitted:.2f})")


if __name__ == "__main__":
    main()
