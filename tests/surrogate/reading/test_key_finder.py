"""Keys of known melodies, from their notes, their signatures, their chords and the other tracks of a file."""

import numpy as np
import pytest

from musicvae_jax import events
from surrogate.reading import key_evidence, key_finder, melody, song_evidence
from surrogate.reading.chords import NONE, QUALITIES
from surrogate.reading.key_evidence import Signature
from surrogate.reading.keys import Key
from tests import scores
from tests.melodies import quarters, write_midi
from tests.paths import EXAMPLES
from tests.surrogate.reading.key_melodies import MELODIES, TWINKLE, score

EXAMPLE_KEYS = {
    "amazing_grace": "G major",
    "greensleeves": "A minor",
    "korobeiniki": "A minor",
    "mountain_king": "B minor",
    "ode_to_joy": "D major",
    "oh_susanna": "G major",
    "when_the_saints": "F major",
}
MAJ, MIN, DOMINANT = (list(QUALITIES).index(name) for name in ("maj", "min", "7"))


@pytest.fixture
def read(tmp_path):
    """The melody of a score, read from a file."""

    def read(song):
        song.dump_midi(tmp_path / "song.mid")
        return melody.read_melody(tmp_path / "song.mid")

    return read


@pytest.mark.parametrize("stem", EXAMPLE_KEYS)
def test_the_examples_with_and_without_their_signature(stem):
    song = melody.read_melody(EXAMPLES / f"{stem}.mid")
    found, by_notes = song_evidence.find_keys(song), key_finder.find(song.tokens)
    assert found.main.name == by_notes.main.name == EXAMPLE_KEYS[stem]
    assert [bar for bar, _ in found.sections] == [0]
    assert by_notes.sources == ("notes",) and found.sources == ("notes", "signature")
    assert found.probability > by_notes.probability


@pytest.mark.parametrize("name", MELODIES)
def test_melodies_by_their_notes_alone(name, read):
    key, meter, text = MELODIES[name]
    found = song_evidence.find_keys(read(score(text, meter)))
    assert found.main.name == key and found.sections == ((0, found.main),)
    assert found.sources == ("notes",) and 0.4 < found.probability < 1


@pytest.mark.parametrize("up", [1, 2])
def test_a_modulation_is_told_with_its_bar(up, read):
    found = song_evidence.find_keys(read(score(TWINKLE, shifts=(0, 0, up, up))))
    assert found.sections == ((0, Key(0, False)), (24, Key(up, False)))


def test_the_main_key_is_the_one_that_lasts_longest(read):
    assert song_evidence.find_keys(read(score(TWINKLE, shifts=(0, 0, 2, 2, 2)))).main.name == "D major"


@pytest.mark.parametrize("up", range(-6, 6))
def test_all_twelve_keys_are_alike(up, read):
    song = read(score(TWINKLE, shifts=(0, 0, 2, 2)))
    found = key_finder.find(song.tokens, [Signature(0, 0, True)])
    moved = key_finder.find(events.transpose(song.tokens[:, None], up)[:, 0], [Signature(0, 7 * up % 12 or 12, True)])
    assert moved.probability == pytest.approx(found.probability, abs=1e-5)
    assert moved.sections == tuple((bar, Key((key.tonic + up) % 12, key.minor)) for bar, key in found.sections)


def probability_of(key, tokens, *evidence):
    chance = key_finder.probabilities(key_evidence.evidence(tokens, *evidence), key_finder.table())
    return chance[key_finder.KEYS.index(Key.parse(key))]


def test_a_chosen_signature_speaks_and_one_of_c_hardly(read):
    tokens = read(score(MELODIES["Wayfaring Stranger, pentatonic"][2])).tokens
    plain = probability_of("A minor", tokens)
    flat, default, minor = ([Signature(0, sharps, is_minor)] for sharps, is_minor in ((-1, 0), (0, 0), (0, 1)))
    assert probability_of("D minor", tokens, flat) > 3 * probability_of("D minor", tokens)
    assert probability_of("A minor", tokens, minor) > plain
    in_f = read(score(MELODIES["Auld Lang Syne, pentatonic"][2])).tokens
    assert key_finder.find(in_f, default).main.name == "F major"


def test_signatures_change_and_nonsense_is_left_out(read):
    marks = [(0, 0, 0), (1920 * 12, 2, 0), (1920 * 12, 12, 0), (1920 * 99, 5, 0)]
    song = read(score(TWINKLE, shifts=(0, 2), signatures=marks))
    assert song_evidence.signatures(song) == [Signature(0, 0, False), Signature(12, 2, False)]
    assert song_evidence.find_keys(song).sections == ((0, Key(0, False)), (12, Key(2, False)))


def test_chords_tell_what_a_melody_leaves_open():
    tokens = np.zeros(16 * 16, int)
    tokens[::8] = events.token_of_pitch(67)
    in_c, in_g = (
        np.repeat([[(root, quality)] * 2 for root, quality in four], 4, axis=0)
        for four in ([(0, MAJ), (5, MAJ), (7, DOMINANT), (0, MAJ)], [(7, MAJ), (0, MAJ), (2, DOMINANT), (7, MAJ)])
    )
    for chords, name in ((in_c, "C major"), (in_g, "G major")):
        found = key_finder.find(tokens, (), chords)
        assert found.main.name == name and found.probability > 0.8 and found.sources == ("notes", "chords")
    some = in_g.copy()
    some[:8] = NONE
    assert key_finder.find(tokens, (), some).main.name == "G major"
    nothing = np.full_like(in_c, NONE)
    by_notes = key_finder.find(tokens)
    assert key_finder.find(tokens, (), nothing) == by_notes


def test_other_tracks_are_heard_where_they_play_chords(read):
    tune = [(step, step + 8, 67) for step in range(0, 256, 8)]
    chords = [(step, step + 16, pitch) for step, pitches in zip(range(0, 256, 16), 4 * [(43, 59, 62), (48, 64, 67),
              (50, 66, 69), (43, 59, 62)], strict=True) for pitch in pitches]  # fmt: skip
    with_chords = read(scores.make(("Melody", 73, tune), ("Piano", 0, chords)))
    found = song_evidence.find_keys(with_chords)
    assert found.main.name == "G major" and found.sources == ("notes", "chords")
    doubled = read(scores.make(("Melody", 73, tune), ("Flute", 74, tune)))
    assert song_evidence.find_keys(doubled).sources == ("notes",)
    bass = [(step, step + 8, pitch - 24) for step, pitch in zip(range(0, 256, 8), 8 * [67, 72, 74, 67], strict=True)]
    assert "chords" in song_evidence.find_keys(read(scores.make(("Melody", 73, tune), ("Bass", 33, bass)))).sources


def test_a_melody_on_the_channel_of_drums_tells_its_key_alone(tmp_path):
    path = write_midi(tmp_path / "song.mid", quarters(4), channel=9)
    assert song_evidence.find_keys(melody.read_melody(path, track=1)).sources == ("notes",)


def test_a_second_voice_and_chords_in_the_melody_s_track_are_heard(read):
    tune = [(step, step + 8, 67) for step in range(0, 256, 8)]
    seconds = [(step, step + 8, pitch) for step, pitch in zip(range(0, 256, 8), 8 * [59, 60, 66, 62], strict=True)]
    for tracks in ([("Melody", 73, tune), ("Flute", 74, seconds)], [("Melody", 0, tune + seconds)]):
        found = song_evidence.find_keys(read(scores.make(*tracks)))
        assert found.main.name == "G major" and found.sources == ("notes", "chords")


def test_chords_that_are_given_go_before_those_that_are_heard(read):
    tune = [(step, step + 8, 67) for step in range(0, 256, 8)]
    heard = [(step, step + 16, root) for step, root in zip(range(0, 256, 16), 4 * [43, 48, 50, 43], strict=True)]
    song = read(scores.make(("Melody", 73, tune), ("Bass", 33, heard)))
    given = np.repeat([[(root, MAJ, root)] * 2 for root in (0, 5, 7, 0)], 4, axis=0)
    assert song_evidence.find_keys(song, given).main.name == "C major"
    assert song_evidence.find_keys(song, np.full_like(given, NONE)) == song_evidence.find_keys(song)


def test_a_key_that_is_told_has_the_last_word(read):
    found = song_evidence.find_keys(read(score(TWINKLE)), asked="Eb minor")
    assert found.sections == ((0, Key(3, True)),) and found.main == Key(3, True)
    assert (found.probability, found.sources) == (1.0, ())


@pytest.mark.parametrize("tokens", [np.zeros(16, int), np.full(64, 60)])
def test_silence_and_single_notes_are_unsure(tokens):
    found = key_finder.find(tokens)
    assert found.probability < 0.7 and found.sections == ((0, found.main),)


def test_an_excerpt_is_less_sure_than_the_song(read):
    tokens = read(score(MELODIES["God Rest Ye Merry, Gentlemen"][2])).tokens
    assert key_finder.find(tokens[:32]).probability < key_finder.find(tokens).probability


def test_a_table_is_saved_and_read(tmp_path):
    from surrogate.evaluation import fit_keys

    fit_keys.save(key_finder.table(), tmp_path / "keys.npz")
    for own, read in zip(key_finder.table(), key_finder.load(tmp_path / "keys.npz"), strict=True):
        np.testing.assert_array_equal(own, read)


def test_evidence_rows_have_their_names():
    rows = key_evidence.evidence(np.zeros(64, int), [Signature(0, 2, False)], np.zeros((4, 2, 2), int))
    by_name = dict(zip(key_evidence.ROWS, rows, strict=True))
    assert by_name["signature"].argmax() == 2 and by_name["signature"].sum() == 1
    assert by_name["major chords"][0] == 8 / 12 and by_name["last chord"][0] == 1
    assert by_name["bass"][0] == 8 / 12 and not by_name["held"].any() and not by_name["signature of C"].any()
    on_e = key_evidence.evidence(np.zeros(64, int), (), np.full((4, 2, 3), (0, MAJ, 4)))
    np.testing.assert_array_equal(on_e[key_evidence.ROWS.index("bass")], 8 / 12 * np.eye(12)[4])
