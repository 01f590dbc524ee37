"""Learn from songs whose bars are known what surrogate.reading.beat_finder takes for granted of melodies."""

import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax

from musicvae_jax.events import STEPS_PER_BAR, STEPS_PER_BEAT
from surrogate.corpus import shards
from surrogate.evaluation import descent
from surrogate.evaluation.free_playing import Line
from surrogate.reading import beat_network, onset_steps
from surrogate.reading.onset_steps import LONGEST, RhythmTable

WIDTH, TAPS = 32, (17, 9, 9, 9, 1)
UPDATES = 2500
_BATCH, _STEPS, _RATE, _DECAY = 16, 512, 2e-3, 1e-3
_SMOOTHING, _LEAST = 0.02, 1e-3  # the least, so that a 16th on which nothing begins goes on as the others do
_REST, _AFTER_REST = 12, 0.4  # steps; a song that goes on off the beat after one rest does so after all
_SWUNG, _SWUNG_LATE, _STRAY, _LEFT_OUT = 0.15, 0.65, 0.02, 0.05
_LEAST_NOTES = 12
_SCALE_ODDS = (0.25, 0.5, 0.25)


def fit_rhythm(lines: list[Line]) -> RhythmTable:
    """Counts how rhythms go on, each song weighing as the root of its notes."""
    following, place = np.zeros((STEPS_PER_BAR, LONGEST + 2)), np.full(STEPS_PER_BAR, 1e-3)
    for line in lines:
        bar_step, weight = line.first % STEPS_PER_BAR, len(line.first) ** -0.5
        np.add.at(following, (bar_step[:-1], np.minimum(np.diff(line.first), LONGEST + 1)), weight)
        np.add.at(place, bar_step, weight)
    usual = following.sum(0) + 1e-3 * following.sum()
    following += (_SMOOTHING * following.sum(1, keepdims=True) + _LEAST) * usual / usual.sum()
    log_next = np.log(following / following.sum(1, keepdims=True))
    log_next[:, _REST:] *= _AFTER_REST
    return RhythmTable(log_next, np.log(place / place.sum()))


def fit_network(lines: list[Line], *, seed: int = 0) -> dict[str, np.ndarray]:
    """Fits the weights of beat_network by maximum likelihood, on stretches of lines at each scale.

    Args:
        lines: to learn from.
        seed: of the weights, and of what is drawn.
    """
    rng = np.random.default_rng(seed)
    weights = _first_weights(rng)
    rate = optax.warmup_cosine_decay_schedule(0, _RATE, min(50, UPDATES // 2), UPDATES)
    optimizer = optax.adamw(rate, weight_decay=_DECAY)

    def batch():
        examples = zip(*(_example(lines, rng) for _ in range(_BATCH)), strict=True)
        return [jnp.asarray(np.stack(each)) for each in examples]

    weights = descent.minimised(_loss, weights, optimizer, (batch() for _ in range(UPDATES)))
    return {name: np.asarray(values) for name, values in weights.items()}


def together(melody: Line, other: Line) -> Line:
    """All that two hands play together, of which only the onsets are told apart."""
    first = np.union1d(melody.first, other.first[other.first < melody.last.max()])
    return Line(first, first + 1, np.zeros(len(first), np.int64))


def save(path, rhythm: RhythmTable, of_both: RhythmTable, weights) -> None:
    """Writes the tables that onset_steps reads, of melodies and of two hands, and beat_network's."""
    both = {onset_steps.TOGETHER + field: values for field, values in of_both._asdict().items()}
    arrays = rhythm._asdict() | both | weights
    shards.write_arrays(path, {name: values.astype(np.float16) for name, values in arrays.items()})


class _Example(typing.NamedTuple):
    """values: float32 [T, F]. classes: int64 [T]. counts: bool [T], steps while the melody is played."""

    values: np.ndarray
    classes: np.ndarray
    counts: np.ndarray


def _example(lines, rng):
    """A stretch of a line, perhaps swung or with wrong notes, on steps of one of SCALES."""
    while True:
        line = lines[rng.integers(len(lines))]
        scale = rng.choice(beat_network.SCALES, p=_SCALE_ODDS)
        span = int(_STEPS / scale)
        begin = rng.integers(max(1, int(line.last.max()) - span // 2)) - rng.integers(2 * STEPS_PER_BEAT)
        inside = (line.first >= begin) & (line.first < begin + span) & (rng.random(len(line.first)) > _LEFT_OUT)
        first, last = line.first[inside], line.last[inside]
        if rng.random() < _SWUNG:
            first = first + ((first % STEPS_PER_BEAT == 2) & (rng.random(len(first)) < _SWUNG_LATE))
        first = np.maximum(first + rng.choice([-1, 0, 1], len(first), p=[_STRAY / 2, 1 - _STRAY, _STRAY / 2]), begin)
        first, kept = np.unique(((first - begin) * scale + rng.uniform(0.01, 0.49)).astype(np.int64), return_index=True)
        kept = kept[first < _STEPS - 1]
        first = first[: len(kept)]
        if len(first) >= _LEAST_NOTES:
            break
    last = np.clip(np.ceil((last[kept] - begin) * scale), first + 1, _STEPS - 1).astype(np.int64)
    values = np.zeros((_STEPS, beat_network.FEATURES), np.float32)
    told = beat_network.features(first, last, line.pitch[inside][kept] + rng.integers(12))
    values[: len(told)] = told
    number = beat_network.SCALES.index(scale)
    places, before = beat_network.PLACES[number], sum(beat_network.PLACES[:number])
    step = np.arange(_STEPS)
    classes = before + (step + int(np.ceil(begin * scale))) % places
    return _Example(values, classes, (step >= first[0]) & (step <= first[-1]))


def _first_weights(rng):
    sizes = beat_network.FEATURES, *[WIDTH] * len(beat_network.DILATIONS), beat_network.CLASSES
    weights = {}
    for layer, (taps, inputs, outputs) in enumerate(zip(TAPS, sizes, sizes[1:], strict=False)):
        weights[f"kernel_{layer}"] = rng.normal(0, (taps * inputs) ** -0.5, (taps, inputs, outputs)).astype(np.float32)
        weights[f"bias_{layer}"] = np.zeros(outputs, np.float32)
    weights[f"kernel_{len(TAPS) - 1}"] *= 0.1
    return {name: jnp.asarray(values) for name, values in weights.items()}


def _loss(weights, values_BxTxF, classes_BxT, counts_BxT):
    """Mean of -log p(class), as beat_network.log_chances computes them."""
    hidden = 0.0
    for layer, dilation in enumerate(beat_network.DILATIONS):
        hidden = hidden + jax.nn.relu(_convolved(values_BxTxF, weights, layer, dilation))
        values_BxTxF = hidden
    scores = _convolved(values_BxTxF, weights, len(beat_network.DILATIONS), 1)
    log_p = jnp.take_along_axis(jax.nn.log_softmax(scores), classes_BxT[..., None], axis=-1)[..., 0]
    return -jnp.where(counts_BxT, log_p, 0).sum() / counts_BxT.sum()


def _convolved(values, weights, layer, dilation):
    dimensions = ("NWC", "WIO", "NWC")
    kernel = weights[f"kernel_{layer}"]
    moved = jax.lax.conv_general_dilated(
        values, kernel, (1,), "SAME", rhs_dilation=(dilation,), dimension_numbers=dimensions
    )
    return moved + weights[f"bias_{layer}"][None, None]
