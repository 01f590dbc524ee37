"""Songs written by the song model: in the melody's key, with what is known, as dense as asked for, like another."""

import itertools

import numpy as np
import pytest

import musicvae_jax
from musicvae_jax import checkpoint, codebook, events
from musicvae_jax.bar_model import BARS_AT_ONCE, BarMusicVAE
from musicvae_jax.events import token_of_pitch
from surrogate.model import bands, choice, chord_bass, density, song_band, song_sampler
from surrogate.model.band import ExampleSong, MelodyLine, Wishes
from surrogate.reading import song_chords
from tests import song_model as small
from tests.bars import random_bars

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]


@pytest.fixture(scope="module")
def band():
    return small.band()


def line(bars, *, up=0, first=0, rest=(), **known):
    """Quarter notes of C major, moved up, from bar `first` on, silent in the bars of `rest`."""
    tokens = np.zeros((bars, 16), np.uint16)
    for bar in range(first, bars):
        for beat in range(4):
            tokens[bar, 4 * beat] = 1 if bar in rest else token_of_pitch(SCALE[(bar * 3 + beat) % 8] + up)
    return MelodyLine(tokens.reshape(-1), 120.0, **known)


def test_takes_of_every_song_in_its_own_length(band):
    lines = [line(5), line(9, up=2), line(70)]
    written = band.write(lines, Wishes(takes=3))
    for own, takes in zip(lines, written, strict=True):
        assert len(takes) == 3 and takes[0].rating == max(take.rating for take in takes)
        for take in takes:
            assert take.tokens.shape == (len(own.tokens), 2) and take.tokens.dtype == np.uint16
            assert take.chords.shape == (len(own.tokens) // 16, 2, 2)
        assert len({take.tokens.tobytes() for take in takes}) == 3
    [alone] = band.write(lines[1:2], Wishes(takes=3))
    for one, other in zip(alone, written[1], strict=True):
        np.testing.assert_array_equal(one.tokens, other.tokens)


def test_bars_that_return_are_decoded_once_and_by_one_program(band, monkeypatch):
    rng, decode, decoded = np.random.default_rng(0), BarMusicVAE.decode_bars, []

    def counted(vae, z, *args, **options):
        decoded.append(len(z))
        return decode(vae, z, *args, **options)

    monkeypatch.setattr(BarMusicVAE, "decode_bars", counted)
    few = np.concatenate([rng.integers(0, small.CODES, (5, 16)), rng.integers(0, 12, (5, 2))], 1)
    songs = [few[rng.integers(0, 5, (2, bars))] for bars in (150, 9)]
    for own, bars_KxSxC in zip(band._music(songs), songs, strict=True):
        bars = bars_KxSxC.reshape(-1, 18)
        expected = decode(band.vae, codebook.latents_of(band.vae, bars[:, :16]), bars[:, 16:], tracks=(1, 2))
        np.testing.assert_array_equal(own, expected.reshape(own.shape))
    assert decoded == [BARS_AT_ONCE]


def test_a_song_in_another_key_gets_the_same_moved(band):
    [[low]], [[high]] = band.write([line(6)]), band.write([line(6, up=3)])
    np.testing.assert_array_equal(low.tokens[:, 1], high.tokens[:, 1])
    begins = low.tokens[:, 0] >= events.FIRST_PITCH
    assert begins.any()
    up = (high.tokens[:, 0].astype(int) - low.tokens[:, 0])[begins] % 12
    np.testing.assert_array_equal(up, 3)
    sounding = low.chords[..., 0] >= 0
    np.testing.assert_array_equal((high.chords[..., 0] - low.chords[..., 0])[sounding] % 12, 3)
    np.testing.assert_array_equal(high.chords[..., 1], low.chords[..., 1])


def test_a_key_that_is_told_has_the_last_word(band):
    [[told]], [[in_c]] = band.write([line(6, semitones=-3)]), band.write([line(6, up=-3, semitones=0)])
    np.testing.assert_array_equal(told.tokens[:, 1], in_c.tokens[:, 1])
    assert ((told.chords[..., 0] - in_c.chords[..., 0])[in_c.chords[..., 0] >= 0] % 12 == 3).all()
    [[found]] = band.write([line(6)])
    assert (found.tokens != told.tokens).any()


def test_chords_that_are_given_tell_the_key():
    bare = MelodyLine(line(1).tokens * 0, 120.0)
    given = np.array([[[2, 0], [2, 0]], [[7, 0], [9, 0]], [[2, 0], [2, 0]]])
    assert bare._replace(tokens=np.zeros(48, np.uint16), chords=given).semitones_to_c == -2


def test_seeds_and_temperatures(band):
    [[first]], [[again]] = band.write([line(8)], Wishes(seed=1)), band.write([line(8)], Wishes(seed=1))
    np.testing.assert_array_equal(first.tokens, again.tokens)
    [[other]] = band.write([line(8)], Wishes(seed=2))
    assert (other.tokens != first.tokens).any()


def test_songs_have_other_dice_by_how_their_melodies_begin(band, monkeypatch):
    draw, seeds = song_sampler.draw, []

    def watched(*arguments, **options):
        seeds.extend(options["seeds"])
        return draw(*arguments, **options)

    monkeypatch.setattr(song_sampler, "draw", watched)
    changed_at = [line(8).tokens.copy() for _ in range(2)]
    for tokens, step in zip(changed_at, (10, 100), strict=True):
        tokens[step] = token_of_pitch(60)
    band.write([line(8), line(8, up=2), *(MelodyLine(tokens, 120.0) for tokens in changed_at)], Wishes(seed=5))
    own, moved, opening, later = seeds[:4]
    assert own == moved == later != opening
    assert own[0] == 5


def test_roots_are_heard_in_the_key_of_the_melody():
    band = small.band()
    own, moved = (band.heard_roots(each) for each in (line(8), line(8, up=2)))
    assert own.shape == (8, 2, 12) and (own.sum(-1) > 0).all() and (own.sum(-1) < 1).all()
    np.testing.assert_allclose(moved, np.roll(own, 2, axis=-1), atol=1e-6)


GIVEN = np.array([[[0, 0, 0], [7, 0, 7]], [[5, 0, 5], [9, 1, 9]], [[2, 7, 2], [-1, -1, -1]]])


def test_chords_that_are_given_are_played(band):
    [takes] = band.write([line(3, chords=GIVEN)], Wishes(takes=2))
    for take in takes:
        np.testing.assert_array_equal(take.chords, GIVEN[..., :2])


def test_chords_that_are_given_for_some_bars(band):
    given = GIVEN.copy()
    given[1] = song_chords.UNKNOWN
    [takes] = band.write([line(3, chords=given)], Wishes(takes=3))
    for take in takes:
        np.testing.assert_array_equal(take.chords[::2], GIVEN[::2, :, :2])
    assert len({take.chords[1].tobytes() for take in takes}) > 1, "drawn"
    bass = np.zeros(48, np.uint16)
    bass[::4] = token_of_pitch(36)
    [[take]] = band.write([line(3, chords=given, bass=bass)])
    np.testing.assert_array_equal(take.chords[::2], GIVEN[::2, :, :2])


def test_a_chord_that_is_given_for_half_a_bar(band):
    given = np.full((3, 2, 3), song_chords.UNKNOWN)
    given[2, 1] = 7, 0, 7
    [takes] = band.write([line(3, chords=given)], Wishes(takes=3))
    assert all(list(take.chords[2, 1]) == [7, 0] for take in takes)


def test_takes_that_differ_in_their_chords(band):
    def apart(takes):
        """The least share of half bars in which two takes have different chords, and whether the best comes first."""
        chords = [take.chords.reshape(-1, 2) for take in takes]
        return min((a != b).any(1).mean() for a, b in itertools.combinations(chords, 2))

    [plain], [other] = (band.write([line(9)], Wishes(takes=3, reharmonise=asked)) for asked in (False, True))
    assert apart(other) >= apart(plain)
    assert [take.rating for take in other] == sorted((take.rating for take in other), reverse=True)


def test_the_bass_of_a_chord_is_played_for_its_root(band):
    under = GIVEN.copy()
    under[0, 1, 2] = 11  # G/B
    [[plain]], [[slash]] = (band.write([line(3, chords=chords)]) for chords in (GIVEN, under))
    where = np.repeat(under[..., 2].reshape(-1) != GIVEN[..., 2].reshape(-1), 8)
    np.testing.assert_array_equal(slash.tokens[~where], plain.tokens[~where])
    bass = np.zeros((1, 32, 2), np.uint16)
    bass[0, ::4, 0] = token_of_pitch(np.array([31, 38, 43, 28, 31, 31, 31, 31]))
    chords = np.array([[[7, 5, 11], [7, 5, 7]], [[4, 0, 2], [-2, -2, -2]]])
    moved = chord_bass.played(bass, chords)
    assert moved[0, ::4, 0].tolist() == token_of_pitch(np.array([35, 38, 43, 28, 31, 31, 31, 31])).tolist()
    bass[0, 16, 0] = token_of_pitch(28)
    assert chord_bass.played(bass, chords)[0, 16, 0] == token_of_pitch(38), "not below the lowest string"


def test_the_band_plays_where_the_melody_does_and_through_short_rests():
    plays = song_band._plays(line(30, first=2, rest=range(5, 8)))
    np.testing.assert_array_equal(np.flatnonzero(~plays[:, 0]), [0, 1])
    long_rest = range(5, 5 + song_band.LONGEST_REST + 1)
    plays = song_band._plays(line(60, rest=long_rest))
    np.testing.assert_array_equal(np.flatnonzero(~plays[:, 1]), list(long_rest))
    bass = np.zeros(30 * 16, np.uint16)
    bass[16] = 40
    own = song_band._plays(line(30, bass=bass))
    assert own[1, 0] and not own[0, 0] and own[:, 1].all()


def test_drums_that_are_known_are_heard(band):
    beat = np.zeros(6 * 16, np.uint16)
    beat[::4] = events.KICK
    (with_them, without, same) = (
        np.array([take.tokens for take in band.write([own], Wishes(takes=8))[0]])
        for own in (line(6, drums=beat), line(6), line(6, drums=beat))
    )
    assert (with_them[..., 0] != without[..., 0]).any()
    np.testing.assert_array_equal(same, with_them)


def test_bars_of_one_part_are_written_anew(band):
    """Drums of bars 3 to 6 of 10, as one asks for again and again, then the bass of all bars."""
    [[take]] = band.write([line(10)])
    bass_T, drums_T = take.tokens.T
    anew = np.zeros((160, 2), bool)
    anew[2 * 16 : 6 * 16, 1] = True
    own = line(10, bass=bass_T, drums=drums_T, anew=anew)
    again = [band.write([own], Wishes(seed=seed))[0][0] for seed in (1, 2, 3)]
    for other in again:
        np.testing.assert_array_equal(other.tokens[~anew], take.tokens[~anew])
    assert len({other.tokens.tobytes() for other in [take, *again]}) == 4
    [[bass]] = band.write([own._replace(anew=np.tile([True, False], (160, 1)))], Wishes(seed=1))
    np.testing.assert_array_equal(bass.tokens[:, 1], drums_T)
    assert (bass.tokens[:, 0] != bass_T).any()
    [[sure]] = band.write([own._replace(anew=None)])
    np.testing.assert_array_equal(sure.tokens, take.tokens)


def test_what_is_written_anew_is_what_takes_are_chosen_by(band):
    [[take]] = band.write([line(12)])
    anew = np.zeros((192, 2), bool)
    anew[16:32] = True
    own = line(12, bass=take.tokens[:, 0], drums=take.tokens[:, 1], anew=anew)
    [takes] = band.write([own], Wishes(takes=8))
    roots = np.stack([np.repeat(other.chords[1, :, 0], 8) for other in takes])
    ratings = choice.agreement(np.stack([other.tokens[16:32] for other in takes]), roots)
    np.testing.assert_allclose([other.rating for other in takes], ratings)


def test_density_counts_what_is_written_anew(band):
    drums, anew = np.zeros(160, np.uint16), np.zeros((160, 2), bool)
    drums[::2], anew[:64, 1] = events.SNARE, True
    own = line(10, bass=np.ones(160, np.uint16), drums=drums, anew=anew)
    usual, fuller = (band.write([own], Wishes(drum_density=steps))[0][0].tokens for steps in (0, 1))
    np.testing.assert_array_equal(fuller[64:, 1], drums[64:])
    assert density.notes(fuller[None, :64])[0, 1] > density.notes(usual[None, :64])[0, 1]


def test_a_song_to_be_like_comes_before(band):
    bars, roots = random_bars(16, seed=4)
    like = ExampleSong(bars, np.stack([roots, np.zeros_like(roots)], -1))
    [[alone]], [[influenced]] = band.write([line(6)]), band.write([line(6)], Wishes(like=like))
    assert influenced.tokens.shape == alone.tokens.shape
    assert (influenced.tokens != alone.tokens).any()


def test_folders_say_what_is_missing(tmp_path):
    folder = small.save(tmp_path / "model")
    loaded = bands.load(folder)
    assert isinstance(loaded, song_band.SongBand)
    [[one]], [[other]] = loaded.write([line(4)]), small.band().write([line(4)])
    np.testing.assert_array_equal(one.tokens, other.tokens)
    musicvae_jax.save(tmp_path / "alone", small.vae())
    with pytest.raises(checkpoint.CheckpointError, match="has no surrogate yet; train one with configs/transformer.py"):
        bands.load(tmp_path / "alone")
