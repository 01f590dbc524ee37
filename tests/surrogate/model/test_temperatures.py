"""Temperatures from safe to wild."""

import numpy as np

from surrogate.model import temperatures
from surrogate.model.band import Wishes


def wished(bass, drums, **wishes):
    found = temperatures.wished_temperatures(Wishes(bass_temperature=bass, drum_temperature=drums, **wishes))
    return np.array([*found.codes, *found.sources])


def test_temperatures_go_from_safe_to_wild():
    safe, usual = (np.array([*each.codes, *each.sources]) for each in (temperatures.SAFE, temperatures.DEFAULT))
    np.testing.assert_allclose(wished(0.0, 0.0), safe)
    np.testing.assert_allclose(wished(None, None), usual)
    np.testing.assert_allclose(wished(0.5, 0.5), (safe + usual) / 2)
    of_bass = np.array([True, False, False, True, True, True, False, True])  # chords go with it
    np.testing.assert_allclose(wished(0.0, 1.0), np.where(of_bass, safe, usual))
    wild = wished(2.0, 2.0)
    np.testing.assert_allclose(wild[:5], 2 * usual[:5] - safe[:5])
    np.testing.assert_allclose(wild[5:], usual[5:])


def test_other_harmonies_are_of_freer_chords():
    usual, other = wished(None, None), wished(None, None, reharmonise=True)
    assert other[0] > usual[0] and (other[1:] == usual[1:]).all()
