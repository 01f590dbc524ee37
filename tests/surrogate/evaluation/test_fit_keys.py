"""Keys learnt from songs that tell none, and the command line that makes the table again."""

import numpy as np
import pytest
import symusic

from musicvae_jax import events, midi
from surrogate.commands import fit_keys as command
from surrogate.corpus import song_pack
from surrogate.corpus.song_survey import SongSurvey
from surrogate.evaluation import fit_keys, key_figures, song_keys
from surrogate.reading import chords, chroma, key_finder
from surrogate.reading.key_evidence import Signature
from surrogate.reading.keys import Key

TRIADS = {False: (0, 5, 7, 0), True: (0, 8, 10, 0)}
"""Roots of a bar each, in semitones above the tonic, of a mode; minor's first and last are minor."""


def notes_of(key, seed, bars=16):
    """Melody and chords of a song, (first step, last step, pitch) each."""
    rng = np.random.default_rng(seed)
    melody, accompaniment = [], []
    for bar in range(bars):
        root = key.tonic + TRIADS[key.minor][bar % 4]
        is_minor = key.minor and bar % 4 in (0, 3)
        triad = root, root + (3 if is_minor else 4), root + 7
        accompaniment += [(16 * bar, 16 * bar + 16, 48 + each % 12) for each in triad]
        accompaniment.append((16 * bar, 16 * bar + 16, 36 + root % 12))
        of_bar = [60 + triad[rng.integers(3)] % 12 for _ in range(4)]
        melody += [(16 * bar + 4 * beat, 16 * bar + 4 * beat + 4, pitch) for beat, pitch in enumerate(of_bar)]
    melody[-1] = (*melody[-1][:2], 60 + key.tonic)
    return melody, accompaniment


def song(key, seed):
    melody, accompaniment = (np.array(part).T for part in notes_of(key, seed))
    counts = chroma.half_bars([melody, accompaniment], 256)
    labels = chords.label(*counts).reshape(-1, 2, 3)
    lines = events.line_tokens(*melody, 256), events.line_tokens(*accompaniment[:, 3::4], 256)[None]
    return song_keys.KeySong(*lines, (), counts[0].reshape(-1, 2, 12), labels)


def joined(one, other):
    """A song that goes on as another."""
    axes = 0, 1, None, 0, 0
    pairs = zip(one, other, axes, strict=True)
    return song_keys.KeySong(*(a if axis is None else np.concatenate([a, b], axis) for a, b, axis in pairs))


@pytest.fixture(scope="module")
def songs():
    keys = [Key(tonic, minor) for tonic in range(12) for minor in (False, True)] * 4
    return keys, [song(key, seed) for seed, key in enumerate(keys)]


def test_the_key_of_a_harmony_is_learnt_without_being_told(songs):
    keys, own = songs
    model = song_keys.fit(own)
    found = [key_finder.KEYS[place] for place in song_keys.chances(own, model).argmax(axis=1)]
    assert found == keys


def test_a_song_is_cut_where_its_key_changes(songs):
    keys, own = songs
    model = song_keys.fit(own)
    assert all(len(song_keys.sections(one, model)) == 1 for one in own)
    other = own[keys.index(Key(2, False))]
    changing = joined(joined(own[0], other), other)
    first, second = song_keys.sections(changing, model)
    assert abs(len(first.chords_SxHx3) - 16) <= 1 and len(second.melody_T) == 16 * len(second.chords_SxHx3)
    assert song_keys.main_keys([changing], model) == [Key(2, False)]


def test_a_cut_has_its_bars_of_everything():
    whole = song(Key(4, True), 3)._replace(signatures=(Signature(0, 1, True), Signature(9, 2, False)))
    part = song_keys.cut(whole, 8, 12)
    assert part.signatures == (Signature(0, 1, True), Signature(1, 2, False))
    np.testing.assert_array_equal(part.melody_T, whole.melody_T[128:192])
    np.testing.assert_array_equal(part.others_LxT, whole.others_LxT[:, 128:192])
    np.testing.assert_array_equal(part.chroma_SxHx12, whole.chroma_SxHx12[8:12])
    np.testing.assert_array_equal(part.chords_SxHx3, whole.chords_SxHx3[8:12])


def test_a_table_finds_keys_of_songs_it_was_not_fitted_on(songs):
    keys, own = songs
    chance = np.eye(24)[[key_finder.KEYS.index(key) for key in keys]]
    table = fit_keys.fit(own, chance)
    others = [song(key, 1000 + seed) for seed, key in enumerate(keys)]
    figures = key_figures.measure(table, others, keys)
    assert figures["songs"] == 96
    assert figures["all tracks, signature: key"] > 0.95 and figures["melody: key"] > 0.8
    assert figures["melody and one more: key"] > 0.95
    for heard in ("melody", "all tracks"):
        assert figures[f"{heard}: key"] <= figures[f"{heard}: tonic"]
        assert figures[f"{heard}: scale"] <= figures[f"{heard}: scale or one as good"]
    sure = key_figures.measure_confidence(table, others, keys)
    counts = {name: count for name, count in sure.items() if name.startswith("melody:") and name.endswith("songs")}
    right = sum(count * sure.get(name.replace("songs", "right"), 0) for name, count in counts.items())
    assert sum(counts.values()) == 96 and right / 96 == pytest.approx(figures["melody: key"])


def test_a_scale_with_as_many_of_the_notes_is_as_good(songs):
    _, own = songs
    figures = key_figures.measure(key_finder.table(), own[:1], [Key(6, False)])
    assert (figures["all tracks: scale"], figures["all tracks: scale or one as good"]) == (0, 1)


def test_changes_that_are_there_are_found_and_no_others(songs):
    _, own = songs
    long = [one._replace(melody_T=np.tile(one.melody_T, 3), chords_SxHx3=np.tile(one.chords_SxHx3, (3, 1, 1)))
            for one in own[:24]]  # fmt: skip
    figures = key_figures.measure_changes(key_finder.table(), long)
    assert figures["songs of 32 bars"] == 24 and figures["all tracks: changes found"] > 0.7
    assert figures["all tracks: false changes"] < 0.1 and figures["melody: false changes"] < 0.1
    assert key_figures.measure_changes(key_finder.table(), [*long, own[0]])["songs of 32 bars"] == 24
    assert key_figures.measure_changes(key_finder.table(), own[:1]) == {"songs of 32 bars": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """60 songs, every third held out, and a pack of them; one has a signature, one no MIDI file any more."""
    folder = tmp_path_factory.mktemp("keys")
    wholes = []
    for number in range(60):
        score = symusic.Score(4)
        for name, notes in zip(
            ("Melody", "Piano"), notes_of(Key(number % 12, number % 5 < 2), number, 32), strict=True
        ):
            track = symusic.Track(name)
            for first, last, pitch in notes:
                track.notes.append(symusic.Note(first, last - first, pitch, 90))
            score.tracks.append(track)
        if number == 1:
            score.key_signatures = [symusic.KeySignature(32, -2, 1)]
        score.dump_midi(folder / f"{number}.mid")
        wholes.append(SongSurvey(midi.read(folder / f"{number}.mid")).song())
    (folder / "59.mid").unlink()
    number = np.arange(60)
    names = np.array([f"{each}.mid" for each in number])
    fields = {"tune": number, "source": number.astype(np.int32), "split": (number % 3 == 0).astype(np.uint8)}
    song_pack.write(folder / "songs.npz", wholes, fields | {"name": names}, {})
    return folder


def test_songs_of_a_pack_have_their_signatures(folder):
    songs = song_keys.read(song_pack.open(folder / "songs.npz"), [0, 1, 59], folder)
    assert [song.signatures for song in songs] == [(), (Signature(2, -2, True),), ()]
    assert songs[1].melody_T.shape == (512,) and songs[1].chroma_SxHx12.shape == (32, 2, 12)


def test_writes_a_table_and_figures(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(fit_keys, "_ROUNDS", 2)
    path = tmp_path / "keys.npz"
    assert command.main([f"--input={folder / 'songs.npz'}", f"--midi={folder}", f"--output={path}"]) == 0
    assert {name: values.shape for name, values in key_finder.load(path)._asdict().items()} == {
        name: values.shape for name, values in key_finder.table()._asdict().items()
    }
    said = capsys.readouterr().out
    assert said.startswith(f"wrote {path}: from ") and "of 40 songs; 20 held out" in said
    assert "all tracks: sure" in said and "changes found" in said and "melody, signature: tonic" in said


@pytest.mark.parametrize("songs", ["nowhere.npz", "few.npz", "folder"])
def test_a_mistake_is_one_line(songs, folder, tmp_path, capsys):
    pack = song_pack.open(folder / "songs.npz")
    fields = {name: getattr(pack, name)[:8] for name in ("tune", "source", "split", "name")}
    song_pack.write(folder / "few.npz", [pack[index] for index in range(8)], fields, {})
    (folder / "folder").mkdir(exist_ok=True)
    output = f"--output={tmp_path / 'keys.npz'}"
    assert command.main([f"--input={folder / songs}", f"--midi={folder}", output]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(f"fit_keys: {folder / songs}") and said.err.count("\n") == 1
    assert not said.out and not list(tmp_path.iterdir())
