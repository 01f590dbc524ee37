"""Chords go in as a text, a file or the song's own, are played, and come out in MIDI, on the page and as a text."""

import json
import os
import re

import mido
import pytest
import symusic

import musicvae_jax
import surrogate
from surrogate.accompaniment import accompanist as accompanying
from surrogate.reading import chord_symbols
from surrogate.rendering import chord_track
from tests import song_model
from tests.commands import accompany
from tests.melodies import quarters, write_midi

BAR = 1920


@pytest.fixture(scope="module")
def band():
    return surrogate.Accompanist(song_model.band())


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return song_model.save(tmp_path_factory.mktemp("model"))


def marked(path, *symbols, meter=(4, 4)):
    """A tune of four bars with a marker for each symbol, a bar after the other."""
    markers = [(BAR * bar, mido.MetaMessage("marker", text=symbol)) for bar, symbol in enumerate(symbols)]
    return write_midi(path, quarters(4), extra=markers, meter=meter)


def symbols(song):
    return [(chord.beat, chord.symbol) for chord in song.chords]


def test_chords_given_as_a_text_a_file_or_by_the_song(band, tmp_path):
    expected = [(0, "C"), (4, "Am"), (6, "F"), (8, "G7/B"), (12, "C")]
    tune, sheet = write_midi(tmp_path / "tune.mid", quarters(4)), tmp_path / "sheet.cho"
    sheet.write_text("[C]Oh what a |[Am]lovely [F]tune |\n[G7/B]la | [C]la\n")
    songs = [band.accompany(tune, chords="C | Am F | G7/B | C"), band.accompany(tune, chords=sheet)]
    assert [symbols(song) for song in songs] == [expected] * 2
    assert songs[0].chords[3] == (8, 7, "7", 11, "G7/B")
    own = band.accompany(marked(tmp_path / "own.mid", "C", "Dm", "Bb", "C13"))
    assert symbols(own) == [(0, "C"), (4, "Dm"), (8, "Bb"), (12, "C13")]
    given = band.accompany(tmp_path / "own.mid", chords="C | Am F | G7/B | C")
    assert symbols(given) == expected and (given.tokens == songs[0].tokens).all(), "the player has the last word"


def test_the_songs_own_chords_are_ignored_when_asked(band, tmp_path):
    plain, own = write_midi(tmp_path / "plain.mid", quarters(4)), marked(tmp_path / "own.mid", "Eb", "F#", "A", "Eb7")
    free = band.accompany(own, chords=False)
    assert symbols(free) == symbols(band.accompany(plain)) and (free.tokens == band.accompany(plain).tokens).all()
    assert symbols(free) != symbols(band.accompany(own))
    assert symbols(band.accompany(own, chords=True)) == symbols(band.accompany(own))


def test_bars_left_open_are_written_by_the_models(band, tmp_path):
    tune = write_midi(tmp_path / "tune.mid", quarters(4))
    song = band.accompany(tune, chords="C | - | N.C. | -", takes=4)
    for take in song.takes:
        found = {chord.beat: chord.symbol for chord in take.chords}
        assert found[0] == "C" and found[8] == "N.C." and found.keys() <= {0, 4, 6, 8, 12, 14}
    assert len({take.chords for take in song.takes}) > 1
    assert all(chord_symbols.parse(chord.symbol)[:3] == chord[1:4] for take in song.takes for chord in take.chords)


def test_chords_are_markers_on_a_track_of_their_own(band, tmp_path):
    song = band.accompany(write_midi(tmp_path / "tune.mid", quarters(4)), chords="C | Am F | G7/B | C")
    song.save(tmp_path / "out.mid")
    raw, plain = (tmp_path / "out.mid").read_bytes(), song.takes[0].content
    assert raw[:10] == plain[:10] and raw[12 : len(plain)] == plain[12:], "all else is as it was"
    own = mido.MidiFile(tmp_path / "out.mid").tracks[-1]
    assert own.name == chord_track.NAME and {message.type for message in own} == {
        "track_name",
        "marker",
        "sequencer_specific",
        "end_of_track",
    }
    read = symusic.Score(tmp_path / "out.mid")
    assert [(mark.time / 480, mark.text) for mark in read.markers] == symbols(song)
    assert [(track.name, len(track.notes)) for track in read.tracks if len(track.notes)] == [
        (track.name, len(track.notes)) for track in song.score.tracks
    ]
    assert symbols(band.accompany(tmp_path / "out.mid", track="Tune")) == symbols(song), "and read again"
    again = chord_track.added(raw, song.takes[0].chord_changes)
    (tmp_path / "again.mid").write_bytes(again)
    assert [mark.text for mark in symusic.Score(tmp_path / "again.mid").markers] == [text for _, text in symbols(song)]
    late = ((0, chord_symbols.parse("C")), (5_000_000, chord_symbols.NO_CHORD))
    (tmp_path / "late.mid").write_bytes(chord_track.added(plain, late))
    assert [mark.time for mark in symusic.Score(tmp_path / "late.mid").markers] == [0, 5_000_000]
    assert chord_track.added(plain, ()) == plain


@pytest.mark.parametrize("meter", [(4, 4), (3, 4), (2, 4), (6, 8), (12, 8)])
def test_chords_that_are_written_out_are_read_back(meter, band, tmp_path):
    path = write_midi(tmp_path / "tune.mid", quarters(12), meter=meter)
    song = band.accompany(path, chords="C | Am F | G7/B C F | C F C F | - | N.C. | C F C Am C", seed=3)
    song.save_chords(tmp_path / "song.txt")
    again = band.accompany(path, chords=tmp_path / "song.txt", seed=3)
    assert symbols(again) == symbols(song)


def test_a_pickup_has_the_models_chord(band, tmp_path):
    path = write_midi(tmp_path / "tune.mid", quarters(4))
    song = band.accompany(path, chords="Am | F", pickup=1)
    assert [chord for chord in symbols(song) if chord[0] >= 1][:3] == [(1, "Am"), (5, "F"), (9, "Am")]
    assert symbols(song)[0][0] == 0
    song.save_chords(tmp_path / "song.txt")
    assert (tmp_path / "song.txt").read_text().splitlines()[0] == "| Am | F | Am | F |"


def test_the_command_tells_where_chords_are_from_and_writes_them(capsys, checkpoint, tmp_path):
    flags = f"--checkpoint={checkpoint}", f"--output={tmp_path / 'out.mid'}", f"--chords-out={tmp_path / 'out.txt'}"
    tune = marked(tmp_path / "tune.mid", "C", "Dm", "G", "C")
    code, out, err = accompany(capsys, tune, *flags, f"--html={tmp_path / 'out.html'}")
    assert (code, err) == (0, "") and "; chords: 4 symbols in the file's markers" in out
    assert f"{tmp_path / 'out.html'}, {tmp_path / 'out.txt'}: 4 bars" in out
    assert (tmp_path / "out.txt").read_text() == "| C | Dm | G | C |\n"
    (page,) = re.findall(r'type="application/json">(.*?)</script>', (tmp_path / "out.html").read_text(), re.DOTALL)
    [take] = json.loads(page)["takes"]
    assert take["chords"] == [[0, "C"], [BAR, "Dm"], [2 * BAR, "G"], [3 * BAR, "C"]]
    assert accompany(capsys, tune, *flags, "--no-chords")[1].rstrip().endswith("chords: the model's own, as asked")
    code, out, _ = accompany(capsys, tune, *flags, "--chords=|: C | F :|")
    assert out.rstrip().endswith("; chords: as given, 4 bars")


def test_what_is_read_is_not_written_over(band, capsys, checkpoint, tmp_path):
    tune, sheet = write_midi(tmp_path / "tune.mid", quarters(2)), tmp_path / "song.txt"
    sheet.write_text("C | F")
    code, out, err = accompany(capsys, tune, f"--checkpoint={checkpoint}", f"--chords={sheet}", f"--chords-out={sheet}")
    assert (code, out) == (2, "") and err == f"accompany: {sheet}: is the chords that are given; give another output\n"
    with pytest.raises(musicvae_jax.FileError, match="is the chords that are given"):
        band.accompany(tune, chords=sheet).save_chords(sheet)
    assert sheet.read_text() == "C | F" and sorted(os.listdir(tmp_path)) == ["song.txt", "tune.mid"]


def test_a_wrong_file_of_chords_is_told_once(capsys, checkpoint, tmp_path):
    tunes = [write_midi(tmp_path / f"{name}.mid", quarters(2)) for name in "ab"]
    (tmp_path / "song.txt").write_text("C\nF | Gx")
    flags = f"--chords={tmp_path / 'song.txt'}", f"--output={tmp_path / 'out'}", f"--checkpoint={checkpoint}"
    code, out, err = accompany(capsys, *tunes, *flags)
    assert (code, out, err.count("\n")) == (2, "", 1) and 'song.txt: line 2, bar 2: "Gx" is no chord' in err
    assert not (tmp_path / "out").exists()


def test_many_songs_and_their_chords(capsys, checkpoint, tmp_path):
    tunes = [marked(tmp_path / f"{name}.mid", name, f"{name}m") for name in "CF"]
    flags = f"--output={tmp_path / 'out'}", f"--chords-out={tmp_path / 'out'}", f"--checkpoint={checkpoint}"
    assert accompany(capsys, *tunes, *flags)[0] == 0
    texts = [(tmp_path / "out" / f"{name}_accompanied.txt").read_text() for name in "CF"]
    assert texts == ["| C | Cm | Cm | Cm |\n", "| F | Fm | Fm | Fm |\n"]


def test_models_that_know_no_chords_leave_those_of_a_file(accompanist, tmp_path):
    plain, own = write_midi(tmp_path / "plain.mid", quarters(4)), marked(tmp_path / "own.mid", "Eb", "F#", "A")
    song = surrogate.accompany(own, checkpoint=accompanist)
    assert song.chords == () and (song.tokens == surrogate.accompany(plain, checkpoint=accompanist).tokens).all()
    with pytest.raises(musicvae_jax.CheckpointError, match="cannot be given chords"):
        surrogate.accompany(own, checkpoint=accompanist, chords="C")
    with pytest.raises(musicvae_jax.FileError, match="writes no chords"):
        song.save_chords(tmp_path / "out.txt")


def test_a_wrong_choice(tmp_path):
    tune = write_midi(tmp_path / "tune.mid", quarters(2))
    for chords, complaint in (
        (3, "chords must be chords, a path, True or False, not 3"),
        ("C | Gx", 'chords bar 2: "Gx" is no chord; .*'),
    ):
        with pytest.raises(ValueError, match=f"^{complaint}$"):
            surrogate.accompany(tune, chords=chords)
    assert accompanying.read_melody(tune, surrogate.Options(chords="C")).chords.changes[0][1].symbol == "C"
