"""Tunes by their table or by their notes, and their splits."""

import numpy as np
import pytest

from surrogate.corpus import tunes


@pytest.mark.parametrize(("validation", "test"), [(0.3, 0.2), (0.0, 0.0), (0.0, 1.0)])
def test_splits_have_their_fractions_and_follow_the_seed(validation, test):
    tunes = [tunes.tune_id(str(i)) for i in range(4000)]
    split = [tunes.split_of(tune, validation, test) for tune in tunes]
    shares = np.bincount(split, minlength=3) / len(tunes)
    np.testing.assert_allclose(shares, (1 - validation - test, validation, test), atol=0.03)
    other = [tunes.split_of(tune, validation, test, seed=1) for tune in tunes]
    assert (split != other) == (0 < validation < 1)
