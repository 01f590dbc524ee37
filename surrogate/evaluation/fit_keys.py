"""Learn what of a song speaks for its key from songs whose whole harmony tells it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from surrogate.evaluation import descent, song_keys
from surrogate.evaluation.song_keys import ALL, MELODY, ONE_MORE, KeySong
from surrogate.reading import key_evidence, rotations
from surrogate.reading.key_finder import KeyTable

HIDDEN = 128
_HEARINGS, _ROUNDS, _BATCH = 3, 16, 128
_RATE, _DECAY = 2e-3, 0.3
SHORTEST, _LONGEST = 8, 32  # bars of an excerpt
_TRACKS = MELODY, MELODY, ONE_MORE, ALL, ALL


def fit(songs: list[KeySong], chance_nxK, *, seed: int = 0) -> KeyTable:
    """Fits the table by maximum likelihood.

    Each song is heard several times, whole and an excerpt of it, so that of short songs no more is said than is known;
    each time with or without signatures, and alone, with one other track or with all.

    Args:
        songs: to learn from, each in one key (song_keys.sections).
        chance_nxK: float [n, 24], how likely each key is by the whole harmony (song_keys.chances).
        seed: of excerpts, of what is heard, and of the network.
    """
    rng = np.random.default_rng(seed)
    heard = [_example(song, rng, excerpt) for song in songs for excerpt in _HEARINGS * (False, True)]
    layers = _train(np.array(heard, np.float32), np.repeat(chance_nxK, 2 * _HEARINGS, axis=0), rng)
    return KeyTable(*layers, *_distributions(songs, chance_nxK))


def _example(song, rng, excerpt):
    """The evidence of a song or of an excerpt, as much of it as is heard."""
    if excerpt:
        bars = len(song.chords_SxHx3)
        length = min(bars, int(rng.integers(SHORTEST, _LONGEST + 1)))
        first = int(rng.integers(bars - length + 1))
        song = song_keys.cut(song, first, first + length)
    signatures = song.signatures if rng.random() < 0.5 else ()
    return key_evidence.evidence(song.melody_T, signatures, song_keys.heard_chords(song, rng.choice(_TRACKS), rng))


def _train(evidence_nxRx12, chance_nxK, rng):
    """The layers of KeyTable."""
    shapes = (evidence_nxRx12[0].size, HIDDEN), (HIDDEN,), (HIDDEN, 2), (2,)
    layers = tuple(jnp.asarray(rng.normal(0, 0.1, shape) * (len(shape) > 1), jnp.float32) for shape in shapes)
    steps = _ROUNDS * (len(evidence_nxRx12) // _BATCH)
    optimizer = optax.adamw(optax.cosine_decay_schedule(_RATE, steps), weight_decay=_DECAY)

    def loss(layers, evidence_BxRx12, chance_BxK):
        hidden_DxH, hidden_H, odds_Hx2, odds_2 = layers
        hidden_Bx12xH = jax.nn.relu(rotations.from_each_place(evidence_BxRx12) @ hidden_DxH + hidden_H[None, None])
        odds_BxK = (hidden_Bx12xH @ odds_Hx2 + odds_2[None, None]).swapaxes(1, 2).reshape(chance_BxK.shape)
        return -(chance_BxK * jax.nn.log_softmax(odds_BxK)).sum(axis=1).mean()

    def batches():
        for _ in range(_ROUNDS):
            for batch in rng.permutation(len(evidence_nxRx12))[: steps // _ROUNDS * _BATCH].reshape(-1, _BATCH):
                yield evidence_nxRx12[batch], chance_nxK[batch].astype(np.float32)

    return [np.asarray(layer) for layer in descent.minimised(loss, layers, optimizer, batches())]


def _distributions(songs, chance_nxK):
    """How melodies and chords of each mode are made: log p [2, 12] and [2, CHORD_KINDS, 12]."""
    notes_nx1x12 = np.array([_shares(key_evidence.counts_of_notes(song.melody_T)[:, None]) for song in songs])
    chords_nxKx12 = np.array([_shares(key_evidence.counts_of_chords(song.chords_SxHx3)) for song in songs])
    counts = [song_keys.counts_above_tonics(each, chance_nxK) for each in (notes_nx1x12, chords_nxKx12)]
    notes_2x1x12, chords_2xKx12 = map(song_keys.distributions, counts)
    return notes_2x1x12[:, 0], chords_2xKx12


def _shares(counts_SxRx12):
    count_Rx12 = counts_SxRx12.sum(axis=0)
    return count_Rx12 / max(count_Rx12.sum(), 1)


def save(table: KeyTable, path) -> None:
    """Writes a table where surrogate.reading.key_finder can read it, an .npz file of half precision."""
    np.savez_compressed(path, **{name: values.astype(np.float16) for name, values in table._asdict().items()})
