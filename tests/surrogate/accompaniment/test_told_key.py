"""The key that the player tells: what is played in it, and what is said of it."""

import numpy as np
import pytest

import surrogate
from tests.melodies import quarters, random_model, write_midi


def test_the_key_that_the_player_tells_is_played_in_and_shown(tmp_path):
    folder = random_model(tmp_path / "model", in_c=True)
    path = write_midi(tmp_path / "tune.mid", quarters(20))
    in_c, in_e, again = (
        surrogate.accompany(path, checkpoint=folder, temperature=1.0, key=key) for key in ("C", "E minor", "G major")
    )
    assert (in_c.tokens != in_e.tokens).any()
    np.testing.assert_array_equal(in_e.tokens, again.tokens)
    assert in_e.assumptions.key == "E minor, as asked" and again.assumptions.key == "G major, as asked"
    in_e.html(tmp_path / "takes.html")
    assert "E minor, as asked" in (tmp_path / "takes.html").read_text()


@pytest.mark.parametrize(("key", "complaint"), [("H", "key 'H' is no key; give"), (7, "key must be a text, not 7")])
def test_what_is_no_key_is_told_in_one_line(key, complaint):
    with pytest.raises(ValueError, match=f"^{complaint}"):
        surrogate.Options(key=key)
