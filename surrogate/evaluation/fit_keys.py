"""Learn what of a song speaks for its key from songs whose whole harmony tells it, and measure how well it is found."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from musicvae_jax.events import FIRST_PITCH, STEPS_PER_BAR
from surrogate.evaluation import song_keys
from surrogate.evaluation.song_keys import KeySong
from surrogate.reading import key_evidence, key_finder
from surrogate.reading.chords import NONE
from surrogate.reading.key_finder import KeyTable

HIDDEN = 64
_HEARINGS, _ROUNDS, _BATCH = 3, 8, 128
_RATE, _DECAY = 2e-3, 0.3
_SHORTEST, _LONGEST = 8, 32  # bars of an excerpt
MOVES = -2, 1, 2, 3, 5
_LEAST_BARS, _NEAR = 32, 4


def fit(songs: list[KeySong], chance_nxK, *, seed: int = 0) -> KeyTable:
    """Fits the table by maximum likelihood.

    Each song is heard several times, whole and an excerpt of it, so that of short songs no more is said than is known;
    each time with or without signatures and chords, at random.

    Args:
        songs: to learn from.
        chance_nxK: float [n, 24], how likely each key is by the whole harmony (song_keys.chances).
        seed: of excerpts, of what is heard, and of the network.
    """
    rng = np.random.default_rng(seed)
    heard = [_example(song, rng, excerpt) for song in songs for excerpt in _HEARINGS * (False, True)]
    layers = _train(np.array(heard, np.float32), np.repeat(chance_nxK, 2 * _HEARINGS, axis=0), rng)
    return KeyTable(*layers, *_distributions(songs, chance_nxK))


def _example(song, rng, excerpt):
    """The evidence of a song or of an excerpt, with or without signatures and chords."""
    bars = len(song.melody_T) // STEPS_PER_BAR
    first, end = 0, bars
    if excerpt:
        end = min(bars, int(rng.integers(_SHORTEST, _LONGEST + 1)))
        first = int(rng.integers(bars - end + 1))
        end += first
    hears_signatures, hears_chords = rng.random(2) < 0.5
    return key_evidence.evidence(
        song.melody_T[STEPS_PER_BAR * first : STEPS_PER_BAR * end],
        key_evidence.within(song.signatures, first, end) if hears_signatures else (),
        song.chords_SxHx3[first:end] if hears_chords else None,
    )


def _train(evidence_nxRx12, chance_nxK, rng):
    """The layers of KeyTable."""
    shapes = (evidence_nxRx12[0].size, HIDDEN), (HIDDEN,), (HIDDEN, 2), (2,)
    layers = tuple(jnp.asarray(rng.normal(0, 0.1, shape) * (len(shape) > 1), jnp.float32) for shape in shapes)
    steps = _ROUNDS * (len(evidence_nxRx12) // _BATCH)
    optimizer = optax.adamw(optax.cosine_decay_schedule(_RATE, steps), weight_decay=_DECAY)

    def loss(layers, evidence_BxRx12, chance_BxK):
        hidden_DxH, hidden_H, odds_Hx2, odds_2 = layers
        hidden_Bx12xH = jax.nn.relu(key_finder.above_tonics(evidence_BxRx12) @ hidden_DxH + hidden_H[None, None])
        odds_BxK = (hidden_Bx12xH @ odds_Hx2 + odds_2[None, None]).swapaxes(1, 2).reshape(chance_BxK.shape)
        return -(chance_BxK * jax.nn.log_softmax(odds_BxK)).sum(axis=1).mean()

    @jax.jit
    def step(layers, state, evidence_BxRx12, chance_BxK):
        updates, state = optimizer.update(jax.grad(loss)(layers, evidence_BxRx12, chance_BxK), state, layers)
        return optax.apply_updates(layers, updates), state

    state = optimizer.init(layers)
    for _ in range(_ROUNDS):
        for batch in rng.permutation(len(evidence_nxRx12))[: steps // _ROUNDS * _BATCH].reshape(-1, _BATCH):
            layers, state = step(layers, state, evidence_nxRx12[batch], chance_nxK[batch].astype(np.float32))
    return [np.asarray(layer) for layer in layers]


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


def measure(table: KeyTable, songs: list[KeySong], chance_nxK) -> dict[str, float]:
    """How often a song's likeliest key by its whole harmony is found.

    Args:
        table: what to find it by.
        songs: held out of the fit.
        chance_nxK: float [n, 24], as fit takes it.

    Returns:
        Values by "heard, what": shares of songs with the right scale, the right tonic and the right key, and the mean
        probability of the key that was found.
    """
    right = [key_finder.KEYS[key] for key in chance_nxK.argmax(axis=1)]
    figures = {"songs": len(songs)}
    for heard, hears_signatures, hears_chords in (
        ("melody", False, False),
        ("melody, signature", True, False),
        ("all tracks, signature", True, True),
    ):
        found = [_find(table, song, hears_signatures, hears_chords) for song in songs]
        pairs = [(each.main, key) for each, key in zip(found, right, strict=True)]
        figures |= {
            f"{heard}: scale": np.mean([own.semitones_to_c == key.semitones_to_c for own, key in pairs]),
            f"{heard}: tonic": np.mean([own.tonic == key.tonic for own, key in pairs]),
            f"{heard}: key": np.mean([own == key for own, key in pairs]),
            f"{heard}: probability": np.mean([each.probability for each in found]),
        }
    return figures


def measure_changes(table: KeyTable, songs: list[KeySong], *, seed: int = 0) -> dict[str, float]:
    """How often a change of key is told that is there, and one that is not.

    Args:
        table: what to find keys by.
        songs: held out of the fit, that keep their key (song_keys.of_one_key); those of 32 bars or more count.
        seed: of the changes: the second half of a song is moved by one of MOVES semitones.

    Returns:
        Values by "heard, what": shares of songs that are told to change though they do not, and of those moved in which
        a change by as much is found within four bars of its place.
    """
    rng = np.random.default_rng(seed)
    long = [song for song in songs if len(song.chords_SxHx3) >= _LEAST_BARS]
    if not long:
        return {"songs of 32 bars": 0}
    moves = rng.choice(MOVES, len(long))
    moved = [_moved(song, move) for song, move in zip(long, moves, strict=True)]
    figures = {"songs of 32 bars": len(long)}
    for heard, hears_chords in (("melody", False), ("all tracks", True)):
        found = [_find(table, song, False, hears_chords) for song in moved]
        told = [len(_find(table, song, False, hears_chords).sections) > 1 for song in long]
        is_right = [_has_change(*each) for each in zip(found, long, moves, strict=True)]
        figures |= {f"{heard}: false changes": np.mean(told), f"{heard}: changes found": np.mean(is_right)}
    return figures


def _find(table, song, hears_signatures, hears_chords):
    signatures, chords = song.signatures if hears_signatures else (), song.chords_SxHx3 if hears_chords else None
    return key_finder.find(song.melody_T, signatures, chords, key_table=table)


def _moved(song, semitones):
    """A song whose second half is so many semitones higher."""
    half = len(song.chords_SxHx3) // 2
    melody_T, chords_SxHx3 = song.melody_T.astype(int), song.chords_SxHx3.astype(int)
    second_T, root_SxH = melody_T[STEPS_PER_BAR * half :], chords_SxHx3[half:, :, 0]
    second_T[second_T >= FIRST_PITCH] += semitones
    root_SxH[root_SxH != NONE] = (root_SxH[root_SxH != NONE] + semitones) % 12
    return song._replace(melody_T=melody_T, chords_SxHx3=chords_SxHx3)


def _has_change(found, song, semitones):
    half = len(song.chords_SxHx3) // 2
    return any(
        abs(bar - half) <= _NEAR and (before.semitones_to_c - after.semitones_to_c - semitones) % 12 == 0
        for (_, before), (bar, after) in itertools.pairwise(found.sections)
    )
