import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surrogate.model import sources

BARS = 4
NEW = BARS


def _transition(chosen, goes_on, may_follow, before, bar, source):
    """p(source of a bar | that of the bar before it), written out."""
    following = before + 1 if before != NEW else None
    may = following is not None and following < BARS and may_follow[bar, following]
    p_goes_on = 1 / (1 + np.exp(-goes_on[bar])) if may else 0.0
    return p_goes_on * (source == following) + (1 - p_goes_on) * chosen[bar, source]


@pytest.mark.parametrize("silent", [(), (1,), (0, 2)])
def test_all_ways_in_which_bars_may_follow_others_are_summed_over(silent):
    rng = np.random.default_rng(3)
    plays = np.array([bar not in silent for bar in range(BARS)])
    may_follow = np.tril(np.ones((BARS, BARS), bool), -1) & plays
    may_be = np.pad(may_follow, ((0, 0), (0, 1)), constant_values=True)
    scores = np.where(may_be, rng.normal(size=(BARS, BARS + 1)), -1e9)
    goes_on, log_p = rng.normal(size=BARS), rng.normal(size=(BARS, BARS + 1)) * 2
    chosen = np.asarray(jax.nn.softmax(scores, -1))

    joint = np.zeros(BARS)  # p(the parts of the first bars that play)
    for path in itertools.product(range(BARS + 1), repeat=BARS):
        p, before = 1.0, NEW
        for bar, source in enumerate(path):
            p *= _transition(chosen, goes_on, may_follow, before, bar, source)
            p *= np.exp(log_p[bar, source]) if plays[bar] else 1.0
            before = source
            joint[bar] += p / (BARS + 1) ** (BARS - 1 - bar)
    expected = -np.diff(np.log(joint), prepend=0.0)

    nats = sources.nats(*(jnp.asarray(x)[None] for x in (scores, goes_on, log_p, may_follow, plays)))
    np.testing.assert_allclose(nats[0][plays], expected[plays], rtol=1e-4)
