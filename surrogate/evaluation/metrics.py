"""What makes bass and drums like the real ones (LIKENESS), and what kind of bass and drums they are (PROPERTIES).

Every function takes real and generated music of whole bars, int [n, T, 3] each, and returns a numerator and a
denominator for each of the n, float64 [n] each: the value is the ratio, over several pieces that of the sums.
docs/metrics.md has the definitions and their sources. "No event" fills most of a track, so nothing here rewards
agreeing on silence.
"""

import numpy as np

from musicvae_jax.events import (
    BARS_PER_WINDOW,
    BASS,
    CRASH,
    DRUMS,
    FIRST_PITCH,
    KICK,
    SNARE,
    STEPS_PER_BAR,
    TOMS,
    held_pitches,
)
from surrogate.evaluation import harmony

ALL_DRUMS = 0x1FF


def _sums(*values_nxX):
    """Sums over all axes but the first."""
    return tuple(values.sum(tuple(range(1, values.ndim)), dtype=np.float64) for values in values_nxX)


def mean(values_nxX) -> tuple[np.ndarray, np.ndarray]:
    """The numerator and denominator of the mean of an array [n, ...] over all its entries."""
    return _sums(values_nxX, np.ones(values_nxX.shape))


def _f1(hits_nxT, real_nxT, generated_nxT):
    hits, real, generated = _sums(hits_nxT, real_nxT, generated_nxT)
    return 2 * hits, real + generated


def _drum_f1(real, generated, drums):
    a, b = real[..., DRUMS] & drums, generated[..., DRUMS] & drums
    return _f1(*(np.bitwise_count(hits) for hits in (a & b, a, b)))


def drum_f1(real, generated):
    """F1 of drum onsets, drum by drum: a hit is the same drum at the same step."""
    return _drum_f1(real, generated, ALL_DRUMS)


def kick_f1(real, generated):
    """F1 of kick onsets."""
    return _drum_f1(real, generated, KICK)


def snare_f1(real, generated):
    """F1 of snare onsets."""
    return _drum_f1(real, generated, SNARE)


def _bass_onsets(tokens):
    return tokens[..., BASS] >= FIRST_PITCH


def bass_onset_f1(real, generated):
    """F1 of bass onsets: a hit is at the same step."""
    a, b = _bass_onsets(real), _bass_onsets(generated)
    return _f1(a & b, a, b)


def bass_note_f1(real, generated):
    """F1 of bass notes: a hit is an onset of the same pitch class at the same step."""
    a, b = _bass_onsets(real), _bass_onsets(generated)
    same = real[..., BASS].astype(np.int64) % 12 == generated[..., BASS].astype(np.int64) % 12
    return _f1(a & b & same, a, b)


def previous_onset(onsets_nxT) -> np.ndarray:
    """The latest step before each at which a note begins: int64 [n, T], -1 where there is none."""
    latest = np.maximum.accumulate(np.where(onsets_nxT, np.arange(onsets_nxT.shape[1]), -1), axis=1)
    return np.pad(latest[:, :-1], ((0, 0), (1, 0)), constant_values=-1)


def bass_repeats(real, generated):
    """Share of bass notes, but the first, that have the pitch of the one before."""
    bass, onsets = generated[..., BASS], _bass_onsets(generated)
    before = previous_onset(onsets)
    follows = onsets & (before >= 0)
    return _sums(follows & (bass == np.take_along_axis(bass, before, axis=1)), follows)


def bass_on_kick(real, generated):
    """Share of bass onsets at a step where the kick is struck."""
    onsets = _bass_onsets(generated)
    return _sums(onsets & ((generated[..., DRUMS] & KICK) > 0), onsets)


def groove(real, generated):
    """Jaccard similarity of the drum hits of a bar and the next, mean over pairs of which one has a hit."""
    drums_nxBxT = _by_bar(generated[..., DRUMS])
    before, after = drums_nxBxT[:, :-1], drums_nxBxT[:, 1:]
    both, either = (np.bitwise_count(hits).sum(-1, dtype=np.float64) for hits in (before & after, before | after))
    return _sums(both / np.maximum(either, 1), either > 0)


def bass_density(real, generated):
    """Bass onsets a bar."""
    return mean(_by_bar(_bass_onsets(generated)).sum(-1))


def drum_density(real, generated):
    """Drum hits a bar, drum by drum."""
    return mean(_by_bar(np.bitwise_count(generated[..., DRUMS])).sum(-1))


def bars_without_bass(real, generated):
    """Share of bars in which no bass sounds."""
    return mean(~_by_bar(held_pitches(generated[..., BASS]) >= 0).any(-1))


def bars_without_drums(real, generated):
    """Share of bars in which no drum is struck."""
    return mean(~_by_bar(generated[..., DRUMS] > 0).any(-1))


def crashes(real, generated):
    """Steps with a crash in 16 bars."""
    hits, bars = mean(_struck_a_bar(generated, CRASH))
    return BARS_PER_WINDOW * hits, bars


def toms(real, generated):
    """Steps with a tom a bar."""
    return mean(_struck_a_bar(generated, TOMS))


def _struck_a_bar(tokens, drums):
    return _by_bar((tokens[..., DRUMS] & drums) > 0).sum(-1)


def _by_bar(track_nxT):
    """[n, T] to [n, T / 16, 16]."""
    return track_nxT.reshape(len(track_nxT), -1, STEPS_PER_BAR)


LIKENESS = {
    "drum_f1": drum_f1,
    "kick_f1": kick_f1,
    "snare_f1": snare_f1,
    "bass_onset_f1": bass_onset_f1,
    "bass_note_f1": bass_note_f1,
    "pitch_class_accuracy": harmony.pitch_class_accuracy,
}
PROPERTIES = {
    "tonal_distance": harmony.tonal_distance,
    "bass_in_key": harmony.bass_in_key,
    "groove": groove,
    "bass_on_kick": bass_on_kick,
    "bass_repeats": bass_repeats,
    "crashes": crashes,
    "toms": toms,
    "bass_density": bass_density,
    "drum_density": drum_density,
    "bars_without_bass": bars_without_bass,
    "bars_without_drums": bars_without_drums,
}
