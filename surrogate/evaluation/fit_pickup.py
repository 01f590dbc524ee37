"""Learn what a melody tells of its bar lines from songs that have them, and measure how well pickups are found."""

import numpy as np

from musicvae_jax import events
from surrogate.reading import pickup
from surrogate.reading.pickup import BEATS_PER_BAR, CONTEXTS, PickupTable

_PRIOR = 0.5  # notes of the usual place that each context is given on top of its own
_DECAY = 1e-3
_NEWTON_STEPS = 50
_SNARE, _CRASH = 1, 7  # of events.DRUM_GROUPS
_LEAST_HITS, _LEAST_SHARE = 4, 0.8


def fit(songs) -> PickupTable:
    """Learn from songs whose bar lines count as right.

    The weights are those of a conditional logit, over the four pickups that a song could be given, with the songs of
    one half heard through tables of the other: a table would be too sure of the songs it was made from.

    Args:
        songs: performances.Performance, two or more.
    """
    evidences = [_evidence(song) for song in songs]
    halves = evidences[::2], evidences[1::2]
    even = np.ones(len(CONTEXTS) + 1)
    features_nxUxF = [
        pickup.pickup_features(evidence, PickupTable(log_place, even))
        for half, log_place in zip(halves, (_log_place(halves[1]), _log_place(halves[0])), strict=True)
        for evidence in half
    ]
    return PickupTable(_log_place(evidences), _weights(np.array(features_nxUxF)))


def save(table: PickupTable, path) -> None:
    """Write a table where surrogate.reading.pickup can read it, an .npz file of half precision."""
    columns = {f"log_place_{part}": values.astype(np.float16) for part, values in enumerate(table.log_place)}
    np.savez_compressed(path, weight=table.weight, **columns)


def _evidence(song) -> pickup.SongEvidence:
    melody = song.melody
    return pickup.song_evidence(melody.start, melody.end, melody.pitch, song.ticks_per_beat)


def drums_confirm(song) -> bool:
    """Whether the drums of a Performance play as if its bar lines were right: crashes on 1, snares on 2 and 4."""
    group = events.DRUM_BIT_OF_PITCH[song.drums.pitch]
    beat = np.rint(song.drums.start / song.ticks_per_beat).astype(np.int64)
    on_beat = np.abs(song.drums.start - beat * song.ticks_per_beat) <= song.ticks_per_beat // 8
    for drum, beats in ((_SNARE, (1, 3)), (_CRASH, (0,))):
        hits = beat[on_beat & (group == drum)] % BEATS_PER_BAR
        if len(hits) < _LEAST_HITS or np.isin(hits, beats).mean() < _LEAST_SHARE:
            return False
    return True


def _log_place(evidences):
    """Of each part of CONTEXTS, log p(beat | context) less its mean over beats: float64 [contexts, 4]."""
    tables = []
    for part, contexts in enumerate(CONTEXTS):
        notes = np.zeros((contexts, BEATS_PER_BAR))
        for evidence in evidences:
            context, beat, count = evidence.notes[part]
            np.add.at(notes, (context, beat), np.sqrt(count / (count.sum() + 1)))
        notes += _PRIOR * (notes.sum(0) + 1) / (notes.sum() + BEATS_PER_BAR)
        log_place = np.log(notes)
        tables.append(log_place - log_place.mean(1, keepdims=True))
    return tables


def _weights(features_nxUxF):
    """The conditional logit's weights where the first of each song's pickups is the right one: float64 [F]."""
    scale = np.maximum(features_nxUxF.std((0, 1)), 1e-9)
    x = features_nxUxF / scale
    weight = np.zeros(x.shape[-1])
    for _ in range(_NEWTON_STEPS):
        chance = np.exp(x @ weight - (x @ weight).max(1, keepdims=True))
        chance /= chance.sum(1, keepdims=True)
        mean = np.einsum("nk,nkf->nf", chance, x)
        slope = (x[:, 0] - mean).mean(0) - _DECAY * weight
        curve = np.einsum("nk,nkf,nkg->fg", chance, x, x) - np.einsum("nf,ng->fg", mean, mean)
        weight += np.linalg.solve(curve / len(x) + _DECAY * np.eye(len(weight)), slope)
    return weight / scale


def measure(table: PickupTable, songs, *, bars=None, seed=0) -> dict[str, float]:
    """How well pickups are found in songs as they are, and in songs cut so that they begin with a known one.

    A cut begins at a random beat of the first half with an onset that leaves the pickup before a bar line, and lasts
    `bars` bars and up to three beats less, or to the song's end.

    Args:
        table: what to find them by.
        songs: performances.Performance.
        bars: how many a cut lasts; None: to the song's end.
        seed: of the cuts.

    Returns:
        Shares of songs by name: "as they are" and "cut, 0", those found to have a pickup; "cut, N", those found right;
        "cut, N, found another", those found to have another pickup, but not none.
    """
    rng = np.random.default_rng(seed)
    pickups = {"as they are": [_find_in_cut(table, song, 0, np.inf) for song in songs]}
    for wanted in range(BEATS_PER_BAR):
        pickups[f"cut, {wanted}"] = []
        for song in songs:
            beats = np.unique(song.melody.start // song.ticks_per_beat)
            fitting = beats[(beats % BEATS_PER_BAR == -wanted % BEATS_PER_BAR) & (beats <= (beats[0] + beats[-1]) // 2)]
            if len(fitting):
                # An end at a bar line would tell where bar lines are.
                length = BEATS_PER_BAR * bars - rng.integers(BEATS_PER_BAR) if bars else np.inf
                pickups[f"cut, {wanted}"].append(_find_in_cut(table, song, rng.choice(fitting), length))
    shares = {
        name: np.bincount(values, minlength=BEATS_PER_BAR) / max(len(values), 1) for name, values in pickups.items()
    }
    figures = {"songs": len(songs)}
    figures |= {name: float(shares.pop(name)[1:].sum()) for name in ("as they are", "cut, 0")}
    for wanted, (name, share) in enumerate(shares.items(), start=1):
        figures[name] = float(share[wanted])
        figures[f"{name}, found another"] = float(share[1:].sum() - share[wanted])
    return figures


def _find_in_cut(table, song, first_beat, beats):
    """The pickup that is found in so many beats of a song, from the first on."""
    start, end, pitch, _ = song.melody
    begin = first_beat * song.ticks_per_beat
    kept = (start >= begin) & (start < begin + beats * song.ticks_per_beat)
    return pickup.find(start[kept] - begin, end[kept] - begin, pitch[kept], song.ticks_per_beat, table=table)
