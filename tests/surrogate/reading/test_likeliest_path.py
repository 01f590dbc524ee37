"""The likeliest path, compared with all paths."""

import numpy as np

from surrogate.reading.likeliest_path import likeliest_path


def test_the_path_is_the_best_of_all_paths():
    rng = np.random.default_rng(0)
    for _ in range(5):
        evidence, cost = rng.normal(size=(5, 4)) * 2, rng.uniform(0, 3, 5)

        def worth(path, evidence=evidence, cost=cost):
            return evidence[range(5), path].sum() - sum(cost[i] for i in range(1, 5) if path[i] != path[i - 1])

        every = [np.unravel_index(number, (4,) * 5) for number in range(4**5)]
        assert likeliest_path(evidence, cost).tolist() == list(max(every, key=worth))
