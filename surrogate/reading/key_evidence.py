"""What of a song speaks for a key: rows of twelve pitch classes each, told of its melody, signatures and chords.

A key is judged by where these pitch classes lie above its tonic, so all twelve keys of a mode share one set of weights.
Shares are of a little more than was heard (LITTLE): what is short says little.
"""

import itertools
import typing
from collections.abc import Sequence

import numpy as np

from musicvae_jax import events
from musicvae_jax.events import STEPS_PER_BAR
from surrogate.reading import chords as chord_reading
from surrogate.reading.keys import Key

_NOTES = ("held", "root of held", "onsets", "on strong beats", "on first beats", "long", "phrase ends")
_PLACES = ("first", "first two bars", "last", "last two bars", "lowest", "highest")
CHORD_KINDS = {
    "major": ("maj",), "minor": ("min",), "diminished": ("dim", "hdim7", "dim7"), "dominant": ("7",),
    "major seventh": ("maj7",), "minor seventh": ("min7",), "other": ("aug", "sus4"),
}  # fmt: skip
_MOVES = tuple(f"moves by {semitones}" for semitones in range(1, 12))
MELODY_ROWS = _NOTES + _PLACES + _MOVES
SIGNATURE_ROWS = ("signature", "signature of C", "minor signature")
CHORD_ROWS = (*(f"{kind} chords" for kind in CHORD_KINDS), "bass", "first chord", "last chord")
ROWS = MELODY_ROWS + SIGNATURE_ROWS + CHORD_ROWS
LITTLE = {"held": 16, "onsets": 4, "on strong beats": 8, "on first beats": 8, "long": 2,
          "phrase ends": 2, "first two bars": 8, "last two bars": 8, "moves": 4, "chords": 4}  # fmt: skip
"""Steps, notes or half bars without a pitch that shares are told beside."""
_LONG, _REST = 12, 4  # steps to the next onset, steps of silence
_TWO_BARS = 2 * STEPS_PER_BAR
_KIND_OF_QUALITY = np.array(
    [next(i for i, names in enumerate(CHORD_KINDS.values()) if name in names) for name in chord_reading.QUALITIES]
)


class Signature(typing.NamedTuple):
    """A key signature: the models' bar from which on it holds, sharps (flats below zero) and whether it says minor;
    whether a person wrote it, though it is C major's."""

    bar: int
    sharps: int
    minor: bool
    written: bool = False


def are_deliberate(signatures: Sequence[Signature]) -> bool:
    """Whether a person chose them: C major alone may be there because a program asks for none."""
    return any(each.sharps or each.minor or each.written for each in signatures)


def within(signatures: Sequence[Signature], first: int, end: int) -> list[Signature]:
    """Those that hold in bars from first up to end, which count from first on."""
    return [each._replace(bar=max(each.bar - first, 0)) for each in signatures if each.bar < end]


def evidence(melody_T, signatures: Sequence[Signature] = (), chords_SxHx2=None) -> np.ndarray:
    """Tells what speaks for a key.

    Args:
        melody_T: int [S * 16], tokens.
        signatures: in order; none is no evidence.
        chords_SxHx2: int [S, 2, 2 or 3], root, quality and perhaps bass of each half bar (surrogate.reading.chords), or
            None.

    Returns:
        float64 [len(ROWS), 12]; of a melody moved up by a semitone the same, rolled by one.
    """
    bars = len(melody_T) // STEPS_PER_BAR
    rows = np.concatenate([_of_melody(melody_T), _of_signatures(signatures, bars)])
    chords = np.zeros((len(CHORD_ROWS), 12)) if chords_SxHx2 is None else _of_chords(np.asarray(chords_SxHx2))
    return np.concatenate([rows, chords])


def _of_melody(melody_T):
    start, end, pitch = events.line_notes(melody_T)
    if not len(pitch):
        return np.zeros((len(MELODY_ROWS), 12))
    pitch_class, steps = pitch % 12, np.minimum(end - start, _TWO_BARS)
    following = np.append(start[1:], end[-1] + _LONG)

    def share(name, weight):
        weight_12 = np.bincount(pitch_class, weight, minlength=12)
        return weight_12 / (weight_12.sum() + LITTLE[name])

    rows = {"held": share("held", steps), "root of held": np.sqrt(share("held", steps))}
    weights = {
        "onsets": np.ones(len(pitch)),
        "on strong beats": steps * (start % (STEPS_PER_BAR // 2) == 0),
        "on first beats": steps * (start % STEPS_PER_BAR == 0),
        "long": following - start >= _LONG,
        "phrase ends": (following - end >= _REST) | (following - start >= _LONG),
        "first two bars": steps * (start < start[0] + _TWO_BARS),
        "last two bars": steps * (end > end[-1] - _TWO_BARS),
    }
    rows |= {name: share(name, weight) for name, weight in weights.items()}
    places = {"first": pitch[0], "last": pitch[-1], "lowest": pitch.min(), "highest": pitch.max()}
    rows |= {name: np.eye(12)[each % 12] for name, each in places.items()}
    return np.concatenate([[rows[name] for name in _NOTES + _PLACES], _of_moves(pitch)])


def _of_moves(pitch):
    """From which pitch class the melody moves by how much, modulo octaves: [11, 12]."""
    count_12x12 = np.bincount(12 * (np.diff(pitch) % 12) + pitch[:-1] % 12, minlength=144).reshape(12, 12)
    return count_12x12[1:] / (count_12x12[1:].sum() + LITTLE["moves"])


def _of_signatures(signatures, bars):
    """Shares of the bars."""
    own_row = "signature" if are_deliberate(signatures) else "signature of C"
    rows = dict(zip(SIGNATURE_ROWS, np.zeros((len(SIGNATURE_ROWS), 12)), strict=True))
    for each, until in itertools.pairwise([*signatures, Signature(bars, 0, False)]):
        share = max(min(until.bar, bars) - each.bar, 0) / max(bars, 1)
        rows[own_row][Key.of_signature(each.sharps).tonic] += share
        rows["minor signature"][Key.of_signature(each.sharps, True).tonic] += share * each.minor
    return np.array(list(rows.values()))


def _of_chords(chords_SxHxN):
    count_Kx12 = counts_of_chords(chords_SxHxN).sum(axis=0)
    if not count_Kx12.any():
        return np.zeros((len(CHORD_ROWS), 12))
    root, bass = chords_SxHxN[..., 0], chords_SxHxN[..., 2 if chords_SxHxN.shape[-1] > 2 else 0]
    root, bass = (each[each != chord_reading.NONE] for each in (root, bass))
    counts = np.concatenate([count_Kx12, np.bincount(bass, minlength=12)[None]])
    return np.concatenate([counts / (len(root) + LITTLE["chords"]), np.eye(12)[root[[0, -1]]]])


def counts_of_notes(melody_T) -> np.ndarray:
    """How many steps of each bar each pitch class is held: int64 [S, 12]."""
    pitch_T = events.held_pitches(melody_T)
    place = 12 * (np.arange(len(pitch_T)) // STEPS_PER_BAR) + pitch_T % 12
    return np.bincount(place[pitch_T >= 0], minlength=12 * (len(pitch_T) // STEPS_PER_BAR)).reshape(-1, 12)


def counts_of_chords(chords_SxHx2) -> np.ndarray:
    """How many half bars of each bar each kind of chord has on each root: int64 [S, CHORD_KINDS, 12]."""
    bars, halves = chords_SxHx2.shape[:2]
    root, quality = (chords_SxHx2[..., column].reshape(-1).astype(np.int64) for column in (0, 1))
    place = 12 * (len(CHORD_KINDS) * (np.arange(bars * halves) // halves) + _KIND_OF_QUALITY[quality]) + root
    size = 12 * len(CHORD_KINDS) * bars
    return np.bincount(place[root != chord_reading.NONE], minlength=size).reshape(bars, -1, 12)
