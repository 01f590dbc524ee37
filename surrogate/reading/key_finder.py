"""The key of a song, and how sure.

What speaks for a key (surrogate.reading.key_evidence) is heard from each of the twelve tonics by one small network,
which tells the log-odds of major and minor on it; surrogate.commands.fit_keys trains it. Before, Viterbi's algorithm
tells sections apart by what pitch classes and chords each bar has, where a change of key costs CHANGE_COST nats; sounds
near each other are alike, so a beat of notes counts as NOTES_WEIGHT of one heard alone, a half bar's chord as
CHORDS_WEIGHT; keys of a signature that a person chose get SIGNATURE_WEIGHT nats a bar. docs/keys.md tells how well it
works.
"""

import dataclasses
import functools
import itertools
import pathlib
import typing
from collections.abc import Sequence

import numpy as np

from musicvae_jax.events import STEPS_PER_BAR, STEPS_PER_BEAT
from surrogate.reading import key_evidence, rotations
from surrogate.reading.chords import NONE
from surrogate.reading.key_evidence import Signature, within
from surrogate.reading.keys import Key
from surrogate.reading.likeliest_path import likeliest_path

TABLE = pathlib.Path(__file__).parent / "tables" / "keys.npz"
NOTES_WEIGHT, CHORDS_WEIGHT, SIGNATURE_WEIGHT, CHANGE_COST = 0.5, 0.15, 0.5, 12.0
KEYS = tuple(Key(tonic, minor) for minor in (False, True) for tonic in range(12))
"""In the order of all arrays over keys: the major ones from C on, then the minor ones."""


class KeyTable(typing.NamedTuple):
    """What songs taught.

    hidden_DxH, hidden_H, odds_Hx2, odds_2: the network's layers, from evidence to log-odds of major and minor.
    notes_2x12: log p(pitch class of a melody | mode), by semitones above the tonic; chords_2xKx12: the same of
    key_evidence.CHORD_KINDS with their roots.
    """

    hidden_DxH: np.ndarray
    hidden_H: np.ndarray
    odds_Hx2: np.ndarray
    odds_2: np.ndarray
    notes_2x12: np.ndarray
    chords_2xKx12: np.ndarray


@dataclasses.dataclass(frozen=True)
class FoundKeys:
    """The keys of a song.

    sections: the models' bar from which on each key holds, the first 0. probability: of the main one. sources: what
    spoke for it, of "notes", "chords" and "signature"; none where it was told.
    """

    sections: tuple[tuple[int, Key], ...]
    main: Key
    probability: float
    sources: tuple[str, ...]


@functools.cache
def table() -> KeyTable:
    """The built-in table."""
    return load(TABLE)


def load(path) -> KeyTable:
    """The table that surrogate.evaluation.fit_keys saved."""
    with np.load(path) as columns:
        return KeyTable(*(columns[name].astype(np.float32) for name in KeyTable._fields))


def find(
    melody_T, signatures: Sequence[Signature] = (), chords_SxHx2=None, *, key_table: KeyTable | None = None
) -> FoundKeys:
    """Finds the keys of a song.

    Args:
        melody_T: int [S * 16], tokens, of one bar or more.
        signatures: key signatures, in order.
        chords_SxHx2: int [S, 2, 2 or 3], root, quality and perhaps bass of each half bar (surrogate.reading.chords),
            NONE where they are not known; or None.
        key_table: what to find them by; None is the built-in one.
    """
    melody_T, key_table = np.asarray(melody_T), key_table or table()
    chords_SxHx2 = None if chords_SxHx2 is None else np.asarray(chords_SxHx2)
    bounds = [
        *_beginnings(_likeliest_keys(melody_T, signatures, chords_SxHx2, key_table)),
        len(melody_T) // STEPS_PER_BAR,
    ]
    spans = [_span(*each, melody_T, signatures, chords_SxHx2) for each in itertools.pairwise(bounds)]
    chance_NxK = np.array([probabilities(key_evidence.evidence(*span), key_table) for span in spans])
    key_N, bars_N = chance_NxK.argmax(axis=1), np.diff(bounds)
    main = max(key_N.tolist(), key=lambda key: bars_N[key_N == key].sum())
    is_main = key_N == main
    has_chords = chords_SxHx2 is not None and (chords_SxHx2[..., 0] != NONE).any()
    known = {"notes": True, "chords": has_chords, "signature": key_evidence.are_deliberate(signatures)}
    return FoundKeys(
        sections=tuple((bounds[section], KEYS[key_N[section]]) for section in _beginnings(key_N)),
        main=KEYS[main],
        probability=float(np.average(chance_NxK[is_main, main], weights=bars_N[is_main])),
        sources=tuple(name for name, is_known in known.items() if is_known),
    )


def told(key: Key) -> FoundKeys:
    """The keys of a song whose key is known."""
    return FoundKeys(((0, key),), key, 1.0, ())


def probabilities(evidence_Rx12, key_table: KeyTable) -> np.ndarray:
    """How likely each of KEYS is: float64 [24]."""
    hidden_12xH = np.maximum(rotations.from_each_place(evidence_Rx12) @ key_table.hidden_DxH + key_table.hidden_H, 0)
    odds_K = (hidden_12xH @ key_table.odds_Hx2 + key_table.odds_2).T.ravel().astype(np.float64)
    chance_K = np.exp(odds_K - odds_K.max())
    return chance_K / chance_K.sum()


def of_tonics(weights_2xRx12):
    """Weights by semitones above the tonic -> by pitch classes, for each of KEYS: [R, 12, 24]."""
    weights_2xRx12x12 = weights_2xRx12[..., np.subtract.outer(np.arange(12), np.arange(12)) % 12]
    return weights_2xRx12x12.transpose(1, 2, 0, 3).reshape(-1, 12, len(KEYS))


def _likeliest_keys(melody_T, signatures, chords_SxHx2, key_table):
    """The key of each bar where sections are told apart: int64 [S]."""
    beats_SxRx12 = key_evidence.counts_of_notes(melody_T)[:, None] / STEPS_PER_BEAT
    sounds = [(beats_SxRx12, NOTES_WEIGHT * key_table.notes_2x12[:, None])]
    if chords_SxHx2 is not None:
        sounds.append((key_evidence.counts_of_chords(chords_SxHx2), CHORDS_WEIGHT * key_table.chords_2xKx12))
    evidence_SxK = sum(np.tensordot(counts, of_tonics(log_p), 2) for counts, log_p in sounds)
    evidence_SxK += SIGNATURE_WEIGHT * _is_in_signature(signatures, len(evidence_SxK))
    return likeliest_path(evidence_SxK, np.full(len(evidence_SxK), CHANGE_COST))


def _is_in_signature(signatures, bars):
    """Whether each key of each bar has the signature that a person chose for it: bool [S, 24]."""
    is_in_SxK = np.zeros((bars, len(KEYS)), bool)
    if key_evidence.are_deliberate(signatures):
        for each in signatures:
            shift = Key.of_signature(each.sharps).semitones_to_c
            is_in_SxK[each.bar :] = [key.semitones_to_c == shift for key in KEYS]
    return is_in_SxK


def _beginnings(key_N) -> list[int]:
    """Where runs of the same key begin, from 0 on."""
    return [0, *(np.flatnonzero(np.diff(key_N)) + 1).tolist()]


def _span(first, end, melody_T, signatures, chords_SxHx2):
    """What is known of the bars from first up to end."""
    chords = None if chords_SxHx2 is None else chords_SxHx2[first:end]
    return melody_T[STEPS_PER_BAR * first : STEPS_PER_BAR * end], within(signatures, first, end), chords
