"""Songs as the song model reads them: crops to train on, chords as codes, densities, where parts play."""

import numpy as np
import pytest

from musicvae_jax import beats, codebook
from musicvae_jax.training import TrainingError
from surrogate.corpus.whole_song import WholeSong
from surrogate.model import bar_batches, song_batches, song_crops
from surrogate.model.bar_codes import CHORDS_PER_BAR, CODES_OF_PART, DRUMS
from surrogate.model.song_crops import SongCrops
from tests import song_model as small
from tests.bars import random_bars
from tests.processes import made_by

OF_DRUMS = slice(CODES_OF_PART[DRUMS].start, CODES_OF_PART[DRUMS].stop)


class Songs:
    """As corpus.song_pack.Songs, of five songs of the training split and one of the other."""

    def __init__(self):
        self.songs = [song(20 + 7 * i, seed=i) for i in range(6)]

    def __getitem__(self, index):
        return self.songs[index]

    def indices(self, split, *, complete, share=1.0):
        return {"train": np.arange(5), "validation": np.array([5]), "none": np.array([], int)}[split]


def song(bars, seed):
    own, roots = random_bars(bars, seed=seed)
    lines = np.zeros((bars, 4, 16), np.uint8)
    lines[:, 0], lines[:, 3] = own[..., 0], own[..., 1]
    lines[3, 3] = 0
    lines[3, 3, 0] = 1  # the bass rests for a bar
    chord = np.stack([roots, np.full_like(roots, 2), roots], -1).astype(np.int8)
    chord[5] = -1
    chroma, stretch = np.zeros((bars, 2, 12), np.uint8), np.zeros(bars, np.uint16)
    return WholeSong(lines, own[..., 2], chroma, chord, stretch, 100.0)


@pytest.fixture(scope="module")
def crops():
    return SongCrops(Songs(), small.vae(), "train", bars=24)


def test_chords_are_codes_and_back():
    labels = np.array([[0, 0, 5], [11, 9, 2], [-1, -1, -1]])
    codes = song_batches.chord_codes(labels)
    np.testing.assert_array_equal(codes, [1, 1 + 12 * 9 + 11, 0])
    np.testing.assert_array_equal(song_batches.chord_labels(codes), labels[:, :2])
    np.testing.assert_array_equal(song_batches.chord_roots(codes), [0, 11, beats.NO_ROOT])
    higher = song_batches.transposed_chords(codes, 3)
    np.testing.assert_array_equal(song_batches.chord_labels(higher), [[3, 0], [2, 9], [-1, -1]])
    np.testing.assert_array_equal(song_batches.transposed_chords(higher, -3), codes)


def test_a_step_settles_its_batch_and_every_fourth_is_of_longer_crops(crops):
    batch_at = crops.training(4, seed=0)
    for step, shape in ((0, (4, 24)), (3, (2, 48))):
        one, other = batch_at(step), batch_at(step)
        assert one["codes"].shape[:2] == shape
        assert all((one[name] == other[name]).all() for name in one)
    assert (batch_at(0)["melody"] != batch_at(1)["melody"]).any()


@pytest.mark.parametrize("step", [0, 3])
def test_each_process_makes_its_own_rows(crops, monkeypatch, step):
    pack = bar_batches.PackBars(Songs(), "train")
    for make in (lambda: crops.training(4, seed=0)(step), lambda: pack.batches(4, seed=0)(step)):
        whole = make()
        parts, together = made_by(monkeypatch, 2, make)
        assert {len(rows) for part in parts for rows in part.values()} == {len(whole[min(whole)]) // 2}
        assert all((together[name] == rows).all() for name, rows in whole.items())


def test_crops_are_of_the_song(crops):
    batch = crops.held_out(8, seed=1)(0)
    assert not batch["known"].any() and batch["remembered"].all() and not batch["density"].any()
    for row in range(8):
        bars = int(batch["is_bar"][row].sum())
        first = batch["edge"][row, 0, 0]
        found = [
            (index, start)
            for index, own in enumerate(crops.songs)
            for start in range(len(own.codes))
            if np.array_equal(own.codes[start : start + bars, OF_DRUMS], batch["codes"][row, :bars, OF_DRUMS])
        ]
        assert len(found) == 1, "drums of one song, whatever the key"
        _, start = found[0]
        assert start % song_crops.CROP_STARTS == 0 and (start == 0) == bool(first)
        np.testing.assert_array_equal(batch["place"][row, :bars], np.arange(start, start + bars) % 16)
        assert not batch["melody"][row, bars:].any() and not batch["codes"][row, bars:].any()


def test_chords_and_bass_move_with_the_melody(crops):
    batch_at = crops.training(6, seed=2)
    shifts = set()
    for step in (0, 1, 2):
        batch = batch_at(step)
        for row in range(6):
            bars = int(batch["is_bar"][row].sum())
            own = batch["codes"][row, :bars]
            for candidate in crops.songs:
                for start in range(0, len(candidate.codes) - bars + 1):
                    if np.array_equal(candidate.codes[start : start + bars, OF_DRUMS], own[:, OF_DRUMS]):
                        moved = [
                            song_batches.transposed_codes(candidate.codes, s)[start : start + bars] for s in range(12)
                        ]
                        [shift] = [
                            s for s in range(12) if (moved[s][:, :CHORDS_PER_BAR] == own[:, :CHORDS_PER_BAR]).all()
                        ]
                        assert ((own - moved[shift]) % 12 == 0).all()  # those a whole octave away are the same, too
                        shifts.add(shift)
    assert len(shifts) > 1


def test_what_is_told_and_forgotten_varies(crops):
    batches = [crops.training(6, seed=0)(step) for step in (0, 1, 2, 4)]
    known = np.concatenate([batch["known"].mean(1).ravel() for batch in batches])
    assert (known == 0).any() and (known == 1).any() and ((known > 0) & (known < 1)).any()
    told = np.concatenate([batch["density"][:, 2:].ravel() for batch in batches])
    assert set(told) == {0, 1}
    forgotten = np.concatenate([(~batch["remembered"]).mean((1, 2)) for batch in batches])
    assert (forgotten == 0).any() and (forgotten > 0).any()
    where = np.concatenate([batch["plays"][..., 0].ravel() for batch in batches])
    assert set(where) == {0, 1}


def test_where_parts_play_and_how_much():
    bass, drums = np.zeros(48, np.int64), np.zeros(48, np.int64)
    bass[0], drums[20] = 30, 1
    bass[24] = 1  # the note rings into the second bar
    plays = song_batches.plays(bass, drums)
    np.testing.assert_array_equal(plays, [[True, False], [True, True], [False, False]])
    bars, roots = random_bars(12, seed=3)
    codes = codebook.codes_of(small.vae(), bars, roots)
    everywhere = np.ones((12, 2), bool)
    hits = codebook.densities(small.vae())
    with_chords = np.concatenate([np.zeros((12, 2), int), codes], axis=1)
    of_all = 2 ** song_batches.density(with_chords, everywhere, hits) - 0.5
    half = everywhere.copy()
    half[6:, 1] = False
    of_half = 2 ** song_batches.density(with_chords, half, hits) - 0.5
    assert of_half[0] == pytest.approx(of_all[0]) and of_half[1] == pytest.approx(2 * of_all[1])


def test_a_pack_without_such_songs_is_refused():
    with pytest.raises(TrainingError, match="no none song of the pack has melody, bass and drums"):
        SongCrops(Songs(), small.vae(), "none")
    with pytest.raises(TrainingError, match="no none song"):
        bar_batches.PackBars(Songs(), "none")


def test_bars_come_with_their_chords_which_are_sometimes_untold():
    pack = bar_batches.PackBars(Songs(), "train")
    assert len(pack.bars) == sum(song.bars for song in Songs().songs[:5]) == len(pack.roots)
    assert (pack.roots[5] == pack.roots[4, 1]).all(), "silence keeps the root before it"
    batch = pack.batches(200, 0)(3)
    untold = (batch["roots"] == beats.UNTOLD).all(1).mean()
    assert batch["bars"].shape == (200, 16, 3) and 0.15 < untold < 0.45
    assert (pack.batches(200, 0)(3)["bars"] == batch["bars"]).all()
