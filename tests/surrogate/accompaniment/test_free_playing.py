"""Bass and drums for a melody that was played without a click."""

import re

import mido
import numpy as np
import pytest
import symusic

import surrogate
from musicvae_jax import midi
from surrogate.evaluation.free_playing import share_near
from surrogate.reading import notation_file, tempos
from tests import free_playing
from tests.melodies import note_rows


@pytest.fixture
def played():
    return free_playing.play("oh_susanna", 93, seed=1)


def test_bass_and_drums_follow_the_player_in_every_take(played, accompanist, tmp_path):
    path = free_playing.write(tmp_path / "phone.mid", played)
    song = surrogate.accompany(path, checkpoint=accompanist, takes=2, keep="all", human=0, temperature=1.0)
    found = np.unique(song.melody.grid.ticks)
    for number in range(2):
        song.save(tmp_path / "out.mid", take=number)
        tune, *band = symusic.Score(tmp_path / "out.mid").tracks
        assert note_rows(tune) == note_rows(symusic.Score(path).tracks[0]), "the melody is as it was"
        ticks = np.array([note.time for track in band for note in track.notes])
        assert len(ticks) > 20 and np.isin(ticks, found).all()
    beats = song.melody.grid.ticks[:-1:4] / free_playing.TICKS_PER_SECOND
    assert share_near(beats, played.beats) >= 0.9
    slowest, fastest = song.tempos
    assert 70 < slowest < 93 < fastest < 110
    told = song.assumptions.beats
    assert re.fullmatch(r"played, \d\d to \d+ a minute \(sure: \d+ %\)", told) and f"beats: {told}; " in str(
        song.assumptions
    )


def test_a_score_of_free_playing_is_written_on_its_beats(played, accompanist, tmp_path):
    path = free_playing.write(tmp_path / "phone.mid", played)
    song = surrogate.accompany(path, checkpoint=accompanist)
    song.score_file(tmp_path / "out.musicxml")
    read = midi.read(notation_file.read(tmp_path / "out.musicxml")[0].content())
    line = free_playing.line("oh_susanna")
    onset = np.array([note.time for note in read.tracks[0].notes]) / read.ticks_per_quarter
    off = np.diff(onset) - np.diff(line.first) / 4
    assert len(onset) == len(line.first) and (off == 0).mean() > 0.9
    assert [round(mark.qpm, 2) for mark in read.tempos] == [round(song.melody.tempo)]


def test_the_files_beats_stay_where_they_are_asked_for(played, accompanist, tmp_path):
    path = free_playing.write(tmp_path / "phone.mid", played)
    song = surrogate.accompany(path, checkpoint=accompanist, beats="file")
    assert set(np.diff(song.melody.grid.ticks)) == {120} and song.assumptions.beats == "the file's, as asked"
    assert song.tempos == (120, 120)


def test_a_tempo_that_is_told_is_told_again(played, accompanist, tmp_path):
    path = free_playing.write(tmp_path / "phone.mid", played)
    song = surrogate.accompany(path, checkpoint=accompanist, tempo=95)
    assert re.fullmatch(r"played, \d\d to \d+ a minute, as asked \(sure: \d+ %\)", song.assumptions.beats)


def test_chords_and_the_page_are_on_found_beats(played, accompanist, tmp_path):
    changes = [
        (round(960 * second), mido.MetaMessage("marker", text=name))
        for second, name in zip(played.beats[::8], "CFGC" * 99, strict=False)
    ]
    path = free_playing.write(tmp_path / "phone.mid", played, extra=changes[:8])
    song = surrogate.accompany(path, checkpoint=accompanist)
    song.html(tmp_path / "page.html")
    bars = song.melody.grid.bar_ticks / 960
    assert share_near(bars, played.beats) >= 0.9
    slowest, fastest = song.tempos
    assert f"{tempos.in_words(slowest, fastest)} bpm" in (tmp_path / "page.html").read_text()
