"""What a forest tells people's bass and drums from a model's by: features of line, drums, form and interplay.

Of windows of 16 bars, tokens [n, 256, 3], each feature is float64 [n]. A share of nothing is 0.
"""

import numpy as np

from musicvae_jax.events import (
    BARS_PER_WINDOW,
    BASS,
    CLOSED_HAT,
    CRASH,
    DRUMS,
    FIRST_PITCH,
    KICK,
    MELODY,
    OPEN_HAT,
    RIDE,
    STEPS_PER_BAR,
    held_pitches,
)
from surrogate.evaluation import form, metrics
from surrogate.evaluation.drum_kit import KINDS, kinds_struck
from surrogate.reading.keys import C_MAJOR

LEAST_NOTES, LEAST_HITS = 8, 16
"""Of melody and of bass, and of drums, in a window that can be judged."""
_INTERVALS = {
    "bass_seconds": (1, 2),
    "bass_thirds": (3, 4),
    "bass_fourths_and_fifths": (5, 7),
    "bass_tritones": (6,),
    "bass_octaves": (12,),
}
_OVER_BASS = {"unison": (0,), "third": (3, 4), "fifth": (7,), "dissonance": (1, 6, 11)}
_RATIOS = ("bass_repeats", "bass_on_kick", "bass_density", "drum_density", "groove", "tonal_distance")
_AT_ONCE = 64
"""Windows."""


def judged(tokens_nxTx3) -> np.ndarray:
    """Which windows hold enough music to be judged, bool [n]."""
    lines = tokens_nxTx3[..., : BASS + 1] >= FIRST_PITCH
    hits = np.bitwise_count(tokens_nxTx3[..., DRUMS]).sum(1)
    return (lines.sum(1) >= LEAST_NOTES).all(-1) & (hits >= LEAST_HITS)


def features(tokens_nxTx3, shift_n) -> dict[str, np.ndarray]:
    """All features by name.

    Args:
        tokens_nxTx3: uint16 [n, 256, 3], windows that can be judged.
        shift_n: int [n], the semitones that bring the song of each to C.
    """
    starts = range(0, len(tokens_nxTx3), _AT_ONCE)
    found = [_features(tokens_nxTx3[i : i + _AT_ONCE], shift_n[i : i + _AT_ONCE]) for i in starts]
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def _features(tokens_nxTx3, shift_n):
    ratios = {name: _divided(*metrics.PROPERTIES[name](tokens_nxTx3, tokens_nxTx3)) for name in _RATIOS}
    bass_nxT, drums_nxT = tokens_nxTx3[..., BASS], tokens_nxTx3[..., DRUMS]
    of_bass = _line(bass_nxT) | _bass_rhythm(bass_nxT >= FIRST_PITCH) | _bass_pitches(bass_nxT, shift_n)
    return ratios | of_bass | _drums(drums_nxT) | _drum_form(drums_nxT) | _interplay(tokens_nxTx3)


def _line(bass_nxT):
    """Intervals, register and articulation."""
    onsets = bass_nxT >= FIRST_PITCH
    before = metrics.previous_onset(onsets)
    follows = onsets & (before >= 0)
    pitch = bass_nxT.astype(np.int64)
    leap = np.abs(pitch - np.take_along_axis(pitch, before, axis=1))
    found = {name: _share(np.isin(leap, sizes), follows) for name, sizes in _INTERVALS.items()}
    found["bass_range"] = np.where(onsets, pitch, 0).max(1) - np.where(onsets, pitch, 999).min(1)
    found["bass_register"] = _share(pitch, onsets)
    later = np.arange(bass_nxT.shape[1]) > onsets.argmax(1)[:, None]
    found["bass_legato"] = _share(held_pitches(bass_nxT) >= 0, later)
    gap = np.minimum(np.arange(bass_nxT.shape[1]) - before, STEPS_PER_BAR)
    counts_nx16 = np.stack([(follows & (gap == size)).sum(1) for size in range(1, STEPS_PER_BAR + 1)], axis=-1)
    shares_nx16 = counts_nx16 / np.maximum(counts_nx16.sum(1, keepdims=True), 1)
    found["bass_duration_entropy"] = -(shares_nx16 * np.log2(np.maximum(shares_nx16, 1e-12))).sum(1)
    return found


def _bass_rhythm(onsets_nxT):
    """Where in the bar notes begin, and how rhythms come back."""
    step = np.arange(onsets_nxT.shape[1])
    bars_nxBxT = _by_bar(onsets_nxT)
    return {
        "bass_off_beats": _share(step % 4 != 0, onsets_nxT),
        "bass_off_eighths": _share(step % 2 != 0, onsets_nxT),
        "bass_on_one": bars_nxBxT[..., 0].mean(1),
        "bass_rhythms": _kinds(bars_nxBxT),
        "bass_rhythm_1_bar_later": _f1_later(bars_nxBxT, 1),
    }


def _bass_pitches(bass_nxT, shift_n):
    """Pitch classes: the key, roots, and how bars come back."""
    onsets = bass_nxT >= FIRST_PITCH
    pitch_class = held_pitches(bass_nxT) % 12
    notes_nxTx12 = onsets[..., None] & (pitch_class[..., None] == np.arange(12))
    bars_nxBxX = _by_bar(notes_nxTx12)
    halves = np.where(onsets, pitch_class, -1).reshape(len(bass_nxT), -1, 2, STEPS_PER_BAR // 2)
    first = np.take_along_axis(halves, (halves >= 0).argmax(-1)[..., None], axis=-1)[..., 0]  # of each half bar, or -1
    root = np.where(first[..., 0] >= 0, first[..., 0], first[..., 1])
    return {
        "bass_in_key": _share(C_MAJOR[(pitch_class + shift_n[:, None]) % 12], onsets),
        "bass_pitch_classes": notes_nxTx12.any(1).sum(-1),
        "bass_bars": _kinds(bars_nxBxX),
        "bass_4_bars_later": _f1_later(bars_nxBxX, 4),
        "bass_8_bars_later": _f1_later(bars_nxBxX, 8),
        "roots": (root[..., None] == np.arange(12)).any(1).sum(-1),
        "roots_that_change": (root[:, 1:] != root[:, :-1]).mean(1),
        "half_bars_that_change": _share(first[..., 0] != first[..., 1], (first >= 0).all(-1)),
    }


def _drums(drums_nxT):
    """Which drums, and where in the bar."""
    struck = kinds_struck(drums_nxT)
    kick, snare, cymbals, toms = np.moveaxis(struck, -1, 0)
    step = np.arange(drums_nxT.shape[1])
    place = step % STEPS_PER_BAR
    crash = (drums_nxT & CRASH) > 0
    found = {f"{name}_a_bar": STEPS_PER_BAR * struck[..., kind].mean(1) for kind, name in enumerate(KINDS)}
    for name, mask in (("closed_hats", CLOSED_HAT), ("open_hats", OPEN_HAT), ("rides", RIDE), ("crashes", CRASH)):
        found[f"{name}_a_bar"] = STEPS_PER_BAR * ((drums_nxT & mask) > 0).mean(1)
    return found | {
        "kick_on_one": _by_bar(kick)[..., 0].mean(1),
        "kick_on_three": _by_bar(kick)[..., 8].mean(1),
        "kick_off_beats": _share(step % 4 != 0, kick),
        "snare_on_two_and_four": _by_bar(snare)[..., [4, 12]].mean((1, 2)),
        "snare_elsewhere": _share((place != 4) & (place != 12), snare),
        "kick_with_snare": _share(snare, kick),
        "cymbals_on_eighths": cymbals[:, ::2].mean(1),
        "cymbals_off_eighths": _share(step % 2 != 0, cymbals),
        "crash_on_one": _share(place == 0, crash),
        "toms_in_fourth_bar": _share(step // STEPS_PER_BAR % 4 == 3, toms),
    }


def _drum_form(drums_nxT):
    """How bars come back, and where they differ."""
    bars_nxBxX = _by_bar(kinds_struck(drums_nxT))
    unusual_nxB = form.unusual_hits(bars_nxBxX)
    return {
        "drum_bars": _kinds(bars_nxBxX),
        "drum_bars_repeated": (bars_nxBxX[:, 1:] == bars_nxBxX[:, :-1]).all(-1).mean(1),
        "drums_2_bars_later": _f1_later(bars_nxBxX, 2),
        "drums_4_bars_later": _f1_later(bars_nxBxX, 4),
        "fills": form.in_fourth_bars(unusual_nxB),
        "unusual_hits": unusual_nxB.mean(1),
        "most_unusual_hits": unusual_nxB.max(1),
    }


def _interplay(tokens_nxTx3):
    """Bass, drums and melody with each other."""
    melody, bass = (held_pitches(tokens_nxTx3[..., part]) for part in (MELODY, BASS))
    melody_onsets, onsets = (tokens_nxTx3[..., part] >= FIRST_PITCH for part in (MELODY, BASS))
    drums = tokens_nxTx3[..., DRUMS]
    above = (melody - bass) % 12
    under_melody = onsets & (melody >= 0)
    return {f"bass_{name}": _share(np.isin(above, sizes), under_melody) for name, sizes in _OVER_BASS.items()} | {
        "kick_on_bass": _share(onsets, (drums & KICK) > 0),
        "bass_on_melody": _share(melody_onsets, onsets),
        "melody_on_drums": _share(drums > 0, melody_onsets),
    }


def _by_bar(values_nxTxX):
    """[n, 256, ...] to [n, 16, X]."""
    return values_nxTxX.reshape(len(values_nxTxX), BARS_PER_WINDOW, -1)


def _divided(numerator, denominator):
    return numerator / np.maximum(denominator, 1)


def _share(values, where_nxT):
    """Mean of values, broadcast to [n, T], over the steps of each window at which where_nxT holds."""
    return _divided(np.where(where_nxT, values, 0).sum(1), where_nxT.sum(1))


def _kinds(bars_nxBxX):
    """How many different bars there are."""
    equal_nxBxB = (bars_nxBxX[:, :, None] == bars_nxBxX[:, None]).all(-1)
    return (~np.tril(equal_nxBxB, -1).any(-1)).sum(-1)


def _f1_later(bars_nxBxX, later):
    """F1 of what two bars have, so many bars apart; mean over pairs, 1 for two that have nothing."""
    one, other = bars_nxBxX[:, :-later], bars_nxBxX[:, later:]
    both, total = (one & other).sum(-1), one.sum(-1) + other.sum(-1)
    return np.where(total > 0, 2 * both / np.maximum(total, 1), 1).mean(1)
