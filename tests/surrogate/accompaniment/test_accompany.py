"""Accompanying a melody: the melody stays, bass and drums keep to the song."""

import os

import mido
import numpy as np
import pytest
import symusic

import musicvae_jax
import surrogate
from musicvae_jax import events
from musicvae_jax.events import held_tokens
from surrogate.reading.melody import read_melody
from tests import song_model
from tests.melodies import note_rows, quarters, random_model, write_midi
from tests.paths import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.mid"))


@pytest.mark.parametrize("resolution", [480, 96, 120, 1000, 30])
def test_melody_and_song_stay_as_they_are(resolution, accompanist, tmp_path):
    beat = resolution
    notes = quarters(7, resolution)
    notes += [(beat // 2, 3 * beat, 72, 99), (beat // 2, 2 * beat, 76, 98)]  # a chord over the line
    notes += [(9 * beat + 7, 9 * beat + 8, 80, 1), (11 * beat + 3, 11 * beat + 4, 81, 127)]  # shorter than a 16th
    notes += [(31 * beat - 5, 32 * beat - 1, 110, 64)]  # above the models' range
    extra = [
        (0, mido.MetaMessage("set_tempo", tempo=512345)),
        (beat + 1, mido.MetaMessage("set_tempo", tempo=400001)),
        (9 * beat, mido.MetaMessage("set_tempo", tempo=1234567)),
        (0, mido.MetaMessage("key_signature", key="F#m")),
        (5 * beat, mido.MetaMessage("marker", text="verse")),
        (0, mido.Message("control_change", control=7, value=101)),
        (beat, mido.Message("control_change", control=64, value=127)),
        (2 * beat, mido.Message("control_change", control=64, value=0)),
        (3, mido.Message("pitchwheel", pitch=-321)),
        (4, mido.MetaMessage("lyrics", text="la")),
    ]
    path = write_midi(tmp_path / "tune.mid", notes, resolution=resolution, program=22, extra=extra)
    song = surrogate.accompany(path, checkpoint=accompanist)
    song.save(tmp_path / "out.mid")
    before, after = symusic.Score(path), symusic.Score(tmp_path / "out.mid")

    assert after.ticks_per_quarter == resolution
    assert list(after.time_signatures) == list(before.time_signatures)
    assert list(after.key_signatures) == list(before.key_signatures)
    assert list(after.markers) == list(before.markers)
    assert [(t.time, t.mspq) for t in after.tempos] == [(t.time, t.mspq) for t in before.tempos]
    was, now = before.tracks[0], after.tracks[0]
    assert note_rows(now) == note_rows(was) == sorted((s, e - s, pitch, v) for s, e, pitch, v in notes)
    assert (now.name, now.program, now.is_drum) == (was.name, was.program, was.is_drum) == ("Tune", 22, False)
    assert list(now.controls) == list(was.controls)
    assert list(now.pitch_bends) == list(was.pitch_bends)
    assert [lyric.text for track in after.tracks for lyric in track.lyrics] == ["la"]
    assert [(t.name, t.program, t.is_drum) for t in song.score.tracks[1:]] == [("Bass", 33, False), ("Drums", 0, True)]
    assert song.tempos == (before.tempos[2].qpm, before.tempos[1].qpm)


def test_a_model_that_knows_c_alone_follows_the_melody_into_any_key(tmp_path):
    folder = random_model(tmp_path / "model", in_c=True)
    scale = [0, 2, 4, 5, 7, 9, 11, 12]
    parts = {}
    for up in (0, 3, -4):
        notes = [(480 * beat, 480 * beat + 400, 60 + up + scale[beat % 8], 90) for beat in range(80)]
        song = surrogate.accompany(write_midi(tmp_path / f"{up}.mid", notes), checkpoint=folder, temperature=1.0)
        parts[up] = [[(n.time, n.duration, n.pitch) for n in track.notes] for track in song.score.tracks]
        assert parts[up][0] == [(start, end - start, pitch) for start, end, pitch, _ in notes]
    assert len(parts[0][1]) > 10
    for up in (3, -4):
        moved = [(time, duration, (pitch + up) % 12) for time, duration, pitch in parts[0][1]]  # or back in by octaves
        assert [(time, duration, pitch % 12) for time, duration, pitch in parts[up][1]] == moved
        assert parts[up][2] == parts[0][2]


@pytest.mark.parametrize("bars", [1, 15, 16, 17, 33, 40])
def test_nothing_after_the_bar_in_which_the_melody_ends(bars, accompanist, tmp_path):
    path = write_midi(tmp_path / "tune.mid", quarters(bars))
    song = surrogate.accompany(path, checkpoint=accompanist, temperature=1.0, ending=False)
    assert max(note.end for track in song.score.tracks[1:] for note in track.notes) <= bars * 1920
    song = surrogate.accompany(path, checkpoint=accompanist, temperature=1.0, ending=False, human=0)
    assert song.tokens.shape == (16 * bars, 3) and song.tokens.dtype == np.uint16
    np.testing.assert_array_equal(song.tokens[:, 0], read_melody(path).tokens)
    bass, drums = song.score.tracks[1:]
    assert len(bass.notes) and len(drums.notes), "a random decoder plays all the time"
    assert max(note.end for track in (bass, drums) for note in track.notes) <= bars * 1920
    assert len({note.velocity for note in drums.notes}) > 5, "they breathe"
    onsets = {note.time // 1920 for note in drums.notes}
    assert onsets == set(range(bars))
    assert (song.takes[0].notes("bass"), song.takes[0].notes("drums")) == (len(bass.notes), len(drums.notes))


def test_seed_and_temperature(accompanist, tmp_path):
    path = write_midi(tmp_path / "tune.mid", quarters(18))

    def music(**settings):
        return surrogate.accompany(path, checkpoint=accompanist, **settings).score.dumps_midi()

    assert music(seed=3) == music(seed=3)
    assert music(seed=3) != music(seed=4)
    assert music(seed=3, temperature=0) == music(seed=3, bass_temperature=0, drum_temperature=0)
    for settings in ({"seed": -1}, {"seed": 1 << 32}, {"temperature": -0.1}, {"temperature": float("nan")}):
        with pytest.raises(ValueError, match="must be"):
            music(**settings)


def test_failed_write_leaves_the_old_file(accompanist, tmp_path, monkeypatch):
    song = surrogate.accompany(write_midi(tmp_path / "tune.mid", quarters(2)), checkpoint=accompanist)
    output = tmp_path / "out.mid"
    output.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(musicvae_jax.FileError, match="No space left"):
        song.save(output)
    assert output.read_bytes() == b"old" and sorted(os.listdir(tmp_path)) == ["out.mid", "tune.mid"]


def song_of(tmp_path, *tracks, name="band.mid", meters=(), resolution=480):
    """A file of tracks: (name, program, is_drum, [(start, duration, pitch, velocity)])."""
    song = symusic.Score(resolution)
    for title, program, is_drum, notes in tracks:
        track = symusic.Track(name=title, program=program, is_drum=is_drum)
        track.notes.extend([symusic.Note(*note) for note in notes])
        song.tracks.append(track)
    for tick, numerator, denominator in meters:
        song.time_signatures.append(symusic.TimeSignature(tick, numerator, denominator))
    path = tmp_path / name
    path.write_bytes(song.dumps_midi())
    return path


def lead(bars, beats=4):
    return "Lead", 25, False, [(480 * i, 480, 67 + i * 5 % 9, 90) for i in range(beats * bars)]


BASS = "Bass", 33, False, [(960 * i, 900, 40, 70) for i in range(16)]
DRUMS = "Kit", 0, True, [(480 * i, 60, 36, 100) for i in range(32)]
PIANO = "Piano", 0, False, [(1920 * i, 1900, pitch, 60) for i in range(8) for pitch in (60, 64, 67)]


def rows_of(score):
    return {track.name: note_rows(track) for track in score.tracks}


def test_keeping_all_tracks_replaces_none_unless_asked(accompanist, tmp_path):
    path = song_of(tmp_path, PIANO, lead(8), BASS)
    options = dict(checkpoint=accompanist, temperature=1.0)
    before = rows_of(symusic.Score(path))
    assert list(rows_of(surrogate.accompany(path, **options).score)) == ["Lead", "Bass", "Drums"]
    song = surrogate.accompany(path, keep="all", **options)
    after = rows_of(song.score)
    assert list(after) == ["Piano", "Lead", "Bass", "Drums"]
    assert song.roles == ("other", "melody", "bass", "drums")
    assert {name: after[name] for name in before} == before
    replaced = rows_of(surrogate.accompany(path, keep="all", replace=True, **options).score)
    assert list(replaced) == ["Piano", "Lead", "Bass", "Drums"]
    assert replaced["Bass"] != before["Bass"] and replaced["Piano"] == before["Piano"]
    full = song_of(tmp_path, PIANO, lead(8), BASS, DRUMS, name="full.mid")
    with pytest.raises(musicvae_jax.MidiError, match="bass and drums of its own"):
        surrogate.accompany(full, keep="all", **options)
    with pytest.raises(musicvae_jax.MidiError, match="drums of its own"):
        surrogate.accompany(full, keep="all", bass=False, **options)
    kit = rows_of(surrogate.accompany(full, keep="all", replace=True, bass=False, **options).score)
    assert kit["Bass"] == before["Bass"] and "Kit" not in kit and kit["Drums"]


def test_without_a_part_and_with_another_program(accompanist, tmp_path):
    path = song_of(tmp_path, lead(4))
    options = dict(checkpoint=accompanist, temperature=1.0)
    assert surrogate.accompany(path, bass=False, **options).roles == ("melody", "drums")
    song = surrogate.accompany(path, drums=False, program=38, **options)
    assert song.roles == ("melody", "bass") and song.score.tracks[1].program == 38


def test_the_track_that_was_asked_for(accompanist, tmp_path):
    path = song_of(tmp_path, PIANO, lead(8))
    for track in (1, "1", "piano"):
        song = surrogate.accompany(path, track=track, checkpoint=accompanist)
        assert rows_of(song.score)["Piano"] == rows_of(symusic.Score(path))["Piano"]
    with pytest.raises(musicvae_jax.MidiError, match="Lead"):
        surrogate.accompany(path, track="flute", checkpoint=accompanist)


@pytest.mark.parametrize(("meter", "bar"), [((3, 4), 1440), ((6, 8), 1440), ((2, 4), 960), ((12, 8), 2880)])
def test_other_meters_keep_their_bar_lines(meter, bar, accompanist, tmp_path):
    path = song_of(tmp_path, lead(24), meters=[(0, *meter)])
    song = surrogate.accompany(path, checkpoint=accompanist, temperature=1.0, human=0)
    end = 24 * 1920
    assert song.bars == -(-end // bar) and (np.diff(song.melody.grid.bar_ticks) == bar).all()
    dotted = meter[1] == 8
    places = {0, 240, 480, 600} if dotted else {0, 120, 240, 360}
    beat = 720 if dotted else 480
    for track in song.score.tracks[1:]:
        assert {note.time % beat for note in track.notes} <= places and len(track.notes) > 50
        assert max(note.end for note in track.notes) <= song.melody.grid.bar_ticks[-1]


def test_a_pickup_moves_the_bar_lines(accompanist, tmp_path):
    path = song_of(tmp_path, lead(9))
    song = surrogate.accompany(path, pickup=1, checkpoint=accompanist, temperature=1.0)
    assert list(song.melody.grid.bar_ticks[:3]) == [480 - 1920, 480, 2400]
    np.testing.assert_array_equal(held_tokens(song.tokens[:, 0]).reshape(-1, 16)[0] > 0, np.arange(16) >= 12)
    assert min(note.time for track in song.score.tracks for note in track.notes) >= 0
    with pytest.raises(musicvae_jax.MidiError, match="pickup of 4"):
        surrogate.accompany(path, pickup=4, checkpoint=accompanist)


def test_swing_is_given_back(accompanist, tmp_path):
    swung = [(480 * (i // 2) + 320 * (i % 2), 150, 60 + i * 7 % 12, 90) for i in range(8 * 16)]
    path = song_of(tmp_path, ("Lead", 25, False, swung))
    options = dict(checkpoint=accompanist, temperature=1.0, human=0)
    song = surrogate.accompany(path, **options)
    assert song.melody.swing.eighth == pytest.approx(2 / 3, abs=0.01)
    for track in song.score.tracks[1:]:
        assert {note.time % 480 for note in track.notes} <= {0, 160, 320, 400}
        assert any(note.time % 480 == 320 for note in track.notes)
    straight = surrogate.accompany(path, swing=0.5, **options)
    assert {note.time % 480 for note in straight.score.tracks[2].notes} <= {0, 120, 240, 360}


def test_people_are_not_on_the_grid(accompanist, tmp_path):
    path = song_of(tmp_path, lead(16))
    played = surrogate.accompany(path, checkpoint=accompanist).score
    drawn = surrogate.accompany(path, checkpoint=accompanist, human=0).score
    for mine, grid in zip(played.tracks[1:], drawn.tracks[1:], strict=True):
        ticks = sorted(note.time for note in grid.notes)
        assert {tick % 120 for tick in ticks} == {0} and len(mine.notes) == len(ticks)
        late = np.array(sorted(note.time for note in mine.notes)) - ticks
        assert 2 < late.std() < 12, "a few ticks of 480"
    assert played.tracks[0].notes == drawn.tracks[0].notes, "the player's own stay where they are"


def test_takes_differ_and_are_ranked(accompanist, tmp_path):
    path = song_of(tmp_path, lead(20))
    song = surrogate.accompany(path, takes=5, checkpoint=accompanist)
    assert len(song.takes) == 5
    assert len({take.score.dumps_midi() for take in song.takes}) == 5
    assert song.takes[0].rating == max(take.rating for take in song.takes)
    assert song.score.dumps_midi() == surrogate.accompany(path, checkpoint=accompanist).score.dumps_midi()
    song.save(tmp_path / "third.mid", take=2)
    assert (tmp_path / "third.mid").read_bytes() == song.takes[2].score.dumps_midi()


def test_an_ending_ends_with_the_melody(accompanist, tmp_path):
    notes = [(480 * i, 480, 67, 90) for i in range(12)] + [(12 * 480, 960, 60, 90)]  # the last on the fourth bar's one
    path = song_of(tmp_path, ("Lead", 25, False, notes))
    options = dict(checkpoint=accompanist, temperature=1.0, human=0)
    _, bass, drums = surrogate.accompany(path, **options).score.tracks
    assert (bass.notes[-1].time, bass.notes[-1].end, bass.notes[-1].pitch) == (12 * 480, 14 * 480, 36)
    assert {note.pitch for note in drums.notes if note.time >= 12 * 480} == {36, 49}
    assert max(note.time for note in drums.notes) == 12 * 480
    _, bass, drums = surrogate.accompany(path, ending=False, **options).score.tracks
    assert max(note.time for note in drums.notes) > 14 * 480


def test_looks(accompanist, tmp_path):
    pytest.importorskip("matplotlib")
    song = surrogate.accompany(song_of(tmp_path, lead(18)), takes=2, checkpoint=accompanist)
    song.plot(tmp_path / "roll.png")
    song.html(tmp_path / "page.html")
    assert (tmp_path / "roll.png").read_bytes()[:4] == b"\x89PNG"
    page = (tmp_path / "page.html").read_text()
    assert "take 1, the first choice" in page and "take 2, " in page


def test_it_goes_on_with_another_songs_band(tmp_path):
    both = lead(20), (*BASS[:3], [(960 * i, 900, 40, 70) for i in range(40)])
    like = song_of(tmp_path, *both, (*DRUMS[:3], [(480 * i, 60, 36, 100) for i in range(80)]), name="like.mid")
    path = song_of(tmp_path, lead(4))
    options = dict(checkpoint=song_model.save(tmp_path / "model"))
    song = surrogate.accompany(path, like=like, **options)
    assert song.score.dumps_midi() != surrogate.accompany(path, **options).score.dumps_midi()
    with pytest.raises(musicvae_jax.MidiError, match="so none can be like it"):
        surrogate.accompany(path, like=path, **options)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_bar_with_melody_has_bass_and_drums(path):
    song = surrogate.accompany(path)
    sounding = np.stack([held_tokens(song.tokens[:, 0]), held_tokens(song.tokens[:, 1]), song.tokens[:, 2]], 1) > 0
    _, bass, drums = sounding.reshape(-1, 16, 3).any(1).T
    melody = sounding[:, 0].reshape(-1, 16).sum(1) >= 4  # less is a pickup, before which a band may wait
    assert song.bars >= 32
    assert not np.flatnonzero(melody & ~bass).size, "bars (from 0) without bass"
    last = events.line_notes(song.tokens[:, 0])[0][-1] // 16 + 1  # what is struck with the last note rings on
    assert not np.flatnonzero((melody & ~drums)[:last]).size, "bars (from 0) without drums"
