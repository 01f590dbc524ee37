"""Learn what a traditional tune tells of its bar lines from tunes that have them."""

import typing

import jax
import jax.numpy as jnp
import numpy as np
import optax

from surrogate.evaluation import descent
from surrogate.reading import rotations, tune_bars
from surrogate.reading.tune_bars import Network

HIDDEN = 32
_ROUNDS, _BATCH, _RATE, _DECAY = 15, 128, 3e-3, 0.3
_LEFT_OUT = 0.5  # of what is heard, in each example; so the network leans on no single thing
_BALANCE = 0.7  # a pickup weighs as its number of tunes to the power of 1 less this
_CUT_WEIGHT, _LEAST_CUT = 0.3, 24  # of tunes that begin at a later phrase, to those from the first; their notes
_FOLDS, _MOST_FALSE = 4, 0.015  # of tunes without a pickup, those that may be given one
_SMALL = 1e-4
_TICKS = 48


class KnownTune(typing.NamedTuple):
    """notes_Nx3: float64, start and end in quarter notes from the first on, and pitch, in order. pickup: eighths before
    the first bar line."""

    notes_Nx3: np.ndarray
    pickup: int


def fit(tunes: list[KnownTune], units: int, *, seed: int = 0) -> Network:
    """Fits a network by maximum likelihood, rare pickups weighing more than often.

    The prior is such that of the tunes without a pickup, heard by networks that do not know them, 1.5 % are given one.

    Args:
        tunes: all in one meter.
        units: eighths of a bar.
        seed: of the network, and of what is drawn.
    """
    rng = np.random.default_rng(seed)
    fold = rng.permutation(len(tunes)) % _FOLDS
    cuts = [(cut, source) for source, tune in enumerate(tunes) for cut in _cuts(tune, units, rng)]
    examples = [*tunes, *(cut for cut, _ in cuts)]
    evidence_nxRxU = np.array([_evidence(tune, units) for tune in examples])
    pickup_n = np.array([tune.pickup for tune in examples])
    fold_n = fold[[*range(len(tunes)), *(source for _, source in cuts)]]
    weight_n = _weights(pickup_n, len(tunes), units)
    without, odds = np.flatnonzero(pickup_n[: len(tunes)] == 0), []
    for each in range(_FOLDS):
        known_n = fold_n != each
        network = _train(evidence_nxRxU[known_n], pickup_n[known_n], weight_n[known_n], rng)
        odds += [tune_bars.log_odds(evidence_nxRxU[tune], network) for tune in without[fold[without] == each]]
    return _train(evidence_nxRxU, pickup_n, weight_n, rng)._replace(prior=_prior(np.array(odds)))


def save(networks: dict[str, Network], path) -> None:
    """Writes networks, by the names of tune_bars.METERS, where tune_bars can read them, in half precision."""
    columns = {}
    for name, network in networks.items():
        columns |= {f"{name} {field}": np.float16(values) for field, values in network._asdict().items()}
    np.savez_compressed(path, **columns)


def _evidence(tune, units):
    start, end, pitch = tune.notes_Nx3.T
    start, end = (np.rint(_TICKS * quarters).astype(np.int64) for quarters in (start, end))
    return tune_bars.evidence(start, np.maximum(end, start + 1), pitch.astype(np.int64), _TICKS, units)


def _cuts(tune, units, rng):
    """What is left of a tune from a later phrase on, once for each place in the bar at which one begins."""
    start = tune.notes_Nx3[:, 0]
    wait = np.diff(start)
    places = {}
    for note in range(4, len(start) - _LEAST_CUT):
        begins = wait[note - 1] >= 1 and wait[note - 1] > wait[note - 2] and wait[note - 1] >= wait[note]
        eighth = round(2 * start[note])
        if begins and abs(2 * start[note] - eighth) < _SMALL:
            places.setdefault((tune.pickup - eighth) % units, []).append(note)
    for pickup, notes in places.items():
        first = rng.choice(notes)
        yield KnownTune(tune.notes_Nx3[first:] - [start[first], start[first], 0], pickup)


def _weights(pickup_n, whole, units):
    """Of so many whole tunes and the cuts after them."""
    count_U, cuts_U = (np.bincount(some, minlength=units) for some in (pickup_n[:whole], pickup_n[whole:]))
    weight_U = np.maximum(count_U, 1.0) ** -_BALANCE
    cut_weight_U = _CUT_WEIGHT * count_U * weight_U / np.maximum(cuts_U, 1)
    return np.append(weight_U[pickup_n[:whole]], cut_weight_U[pickup_n[whole:]])


def _train(evidence_nxRxU, pickup_n, weight_n, rng) -> Network:
    count, rows, units = evidence_nxRxU.shape
    inputs, batch_size = rows * units, min(_BATCH, count)
    scale_R = np.sqrt(evidence_nxRxU.std((0, 2)) + _SMALL)
    evidence_nxRxU = evidence_nxRxU / scale_R[:, None]
    layers = (
        jnp.asarray(rng.normal(0, inputs**-0.5, (inputs, HIDDEN)), jnp.float32),
        jnp.zeros(HIDDEN),
        jnp.asarray(rng.normal(0, 0.1, HIDDEN), jnp.float32),
    )
    steps = _ROUNDS * (count // batch_size)
    optimizer = optax.adamw(optax.cosine_decay_schedule(_RATE, steps), weight_decay=_DECAY)

    def loss(layers, heard_BxUxD, pickup_B, weight_B):
        hidden_DxH, hidden_H, odds_H = layers
        hidden_BxUxH = jax.nn.relu(heard_BxUxD @ hidden_DxH + hidden_H[None, None])
        log_p_BxU = jax.nn.log_softmax(hidden_BxUxH @ odds_H)
        return -(weight_B * jnp.take_along_axis(log_p_BxU, pickup_B[:, None], 1)[:, 0]).sum() / weight_B.sum()

    def batches():
        for _ in range(_ROUNDS):
            for batch in rng.permutation(count)[: steps // _ROUNDS * batch_size].reshape(-1, batch_size):
                is_heard = rng.random((batch_size, 1, inputs)) > _LEFT_OUT
                heard_BxUxD = rotations.from_each_place(evidence_nxRxU[batch]) * is_heard / (1 - _LEFT_OUT)
                yield heard_BxUxD.astype(np.float32), pickup_n[batch], weight_n[batch].astype(np.float32)

    hidden_DxH, hidden_H, odds_H = map(np.asarray, descent.minimised(loss, layers, optimizer, batches()))
    return Network(hidden_DxH / np.repeat(scale_R, units)[:, None], hidden_H, odds_H, 0.0)


def _prior(odds_nxU) -> float:
    """What has to speak for none so that hardly a tune without a pickup is given one."""
    return float(np.quantile(np.logaddexp.reduce(odds_nxU[:, 1:], axis=1) - odds_nxU[:, 0], 1 - _MOST_FALSE))
