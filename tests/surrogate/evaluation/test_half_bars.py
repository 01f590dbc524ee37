"""Chords and bass of half bars beside people's."""

import numpy as np

from musicvae_jax.events import token_of_pitch
from surrogate.corpus.whole_song import WholeSong
from surrogate.evaluation import half_bars, rows, selection
from surrogate.evaluation.bootstrap import Bootstrap
from surrogate.evaluation.selection import Song
from surrogate.model.band import NO_WISHES, WrittenParts
from surrogate.reading.song_chords import UNKNOWN


def line(*pitches):
    """Tokens of half notes, a bar for each two; None is a rest."""
    tokens = np.zeros((len(pitches), 8), np.uint16)
    tokens[:, 0] = [1 if pitch is None else token_of_pitch(pitch) for pitch in pitches]
    return tokens.reshape(-1)


def song(bass, roots, chords=None):
    tokens = np.stack([line(*[60] * len(bass)), line(*bass), np.ones(8 * len(bass), np.uint16)], axis=-1)
    return Song(tokens, np.array(roots).reshape(-1, 2), 120.0, 0, 0, chords)


def parts(bass, chords):
    tokens = np.stack([line(*bass), np.ones(8 * len(bass), np.uint16)], axis=-1)
    return WrittenParts(tokens, 1.0, np.array(chords).reshape(-1, 2, 2))


def test_counts():
    c, g, none = (0, 0), (7, 5), (-1, -1)
    own = song([36, 43, None, 40], [0, 7, 7, 9])
    take = parts([48, 35, 43, 42], [c, g, none, c])
    assert half_bars.of_song(own, take) == {
        "bass_class": (1, 3),
        "bass_on_chord": (2, 3),
        "bass_on_root": (1, 3),
    }
    heard = np.full((2, 2, 12), 0.01)
    heard[..., 5], heard[..., 7], heard[1, 1, 9] = 0.5, 0.3, 0.2
    alone = half_bars.of_song(own, take, heard)
    assert alone["root_written"] == (2, 4)
    assert [alone[f"root_in_{guess}"] for guess in (1, 2, 3)] == [(0, 4), (2, 4), (4, 4)]


class KnowingBand:
    """Plays the roots of the chords that it is given, or else C throughout."""

    in_c, knows_chords = False, True

    def write(self, lines, wishes=NO_WISHES):
        return [[self._take(line)] * wishes.takes for line in lines]

    def heard_roots(self, line):
        return np.broadcast_to(np.eye(12)[7], (len(line.tokens) // 16, 2, 12))

    def _take(self, line):
        chords = np.zeros((len(line.tokens) // 16, 2, 2), int) if line.chords is None else line.chords[..., :2]
        return parts((36 + chords[..., 0].reshape(-1)).tolist(), chords)


def test_the_row_with_chords_given():
    chords = np.array([[[0, 0, 0], [7, 5, 7]], [[5, 0, 5], [9, 1, 9]]])
    own = song([36, 43, 41, 33], [0, 7, 5, 9], chords)
    written = rows.write([own], band=KnowingBand(), seeds=2)
    assert list(written) == ["rule", "accompany", "accompany, chords given", "human"]
    given = written["accompany, chords given"]
    assert len(given) == 2 and (half_bars.longest(given[0][0][:, 1]) == [0, 7, 5, 9]).all()
    table = half_bars.compare(KnowingBand(), [own], Bootstrap([0], resamples=9))
    values = {row: {column: x["value"] for column, x in columns.items()} for row, columns in table.items()}
    fitting = {"bass_class": 1, "bass_on_chord": 1, "bass_on_root": 1}
    assert values["accompany, chords given"] == fitting
    assert values["accompany"] == fitting | {
        **{"bass_class": 0.25, "root_written": 0.25, "root_in_1": 0.25, "root_in_2": 0.5, "root_in_3": 0.5}
    }


def test_chords_of_all_tracks_but_the_bass():
    bars = 20
    lines = np.zeros((bars, 4, 16), np.uint8)
    lines[:, 0, 0], lines[:, 3, 0] = token_of_pitch(60), token_of_pitch(33)
    chroma = np.zeros((bars, 2, 12), np.uint8)
    chroma[..., [0, 4, 7]] = 8  # C major, and the bass's A
    chroma[..., 9] = 8
    chroma[3] = 0
    chroma[4, 1] = 0
    whole = WholeSong(
        lines, np.ones((bars, 16), np.uint16), chroma, np.zeros((bars, 2, 3), np.int8), np.zeros(bars, np.uint16), 120.0
    )
    found = selection.cut(whole, 0).chords
    assert (found[[0, 1, 2, 4]] == 0).all() and (found[3] == UNKNOWN).all()
