"""Trio tokens as MIDI files."""

import numpy as np
import pytest

import musicvae_jax
from musicvae_jax import midi


def test_tokens_become_a_file_that_holds_them(tmp_path, window):
    tokens = window(melody=[(0, 41), (8, 1)], bass=[(4, 20)], drums=[(0, 1), (2, 5)])
    musicvae_jax.tokens_to_midi(np.concatenate([tokens, tokens]), tmp_path / "two.mid", qpm=90)
    musicvae_jax.tokens_to_midi(tokens[0], tmp_path / "one.mid")
    one, two = midi.read(tmp_path / "one.mid"), midi.read(tmp_path / "two.mid")
    assert [len(track.notes) for track in one.tracks] == [1, 1, 3] and one.tempos[0].qpm == pytest.approx(120)
    assert [len(track.notes) for track in two.tracks] == [2, 2, 6] and two.tempos[0].qpm == pytest.approx(90)
    assert two.tracks[0].notes[1].time == 64 * two.ticks_per_quarter


def test_what_is_no_tokens_or_no_tempo_is_refused(tmp_path, window):
    with pytest.raises(ValueError, match=r"shape \[T, 3\] or \[n, T, 3\], not \[256\]"):
        musicvae_jax.tokens_to_midi(window()[0, :, 0], tmp_path / "none.mid")
    with pytest.raises(ValueError, match="qpm must be more than 0, not 0"):
        musicvae_jax.tokens_to_midi(window(), tmp_path / "none.mid", qpm=0)
    assert not (tmp_path / "none.mid").exists()
