"""What a whole song holds, on scores written note by note."""

import numpy as np
import pytest

from musicvae_jax import events, midi
from surrogate.corpus import song_survey
from surrogate.corpus.song_survey import SongSurvey
from surrogate.corpus.whole_song import BASS_LINE
from surrogate.reading import chords, tracks
from tests import scores
from tests.conftest import SYNTH
from tests.mutations import MUTATIONS
from tests.scores import line

BASS = ("Bass", 33, [(step, step + 8, 36) for step in range(0, 96, 16)])
DRUMS = ("Drums", "drums", [(step, step + 1, 36) for step in range(0, 96, 8)])


def song_of(*parts, **changes):
    survey = SongSurvey(scores.make(*parts, **changes))
    assert survey.lacks() is None
    return survey.song()


def onsets(line_Sx16):
    return np.flatnonzero(line_Sx16.ravel() >= events.FIRST_PITCH)


def test_every_bar_is_there_to_the_token():
    hats = ("Hats", "drums", [(4, 5, 42), (8, 9, 42)])
    song = song_of(("Melody", 73, line(6)), BASS, DRUMS, hats)
    assert song.bars == 6 and song.melodies == 1 and song.has_bass and song.has_drums
    assert song.lines.dtype == np.uint8 and song.lines.shape == (6, 4, 16)
    pitch = np.array([0, 2, 4, 5, 7, 5, 4, 2] * 3) + 60
    assert onsets(song.lines[:, 0]).tolist() == list(range(0, 96, 4))
    assert song.lines[:, 0, ::4].ravel().tolist() == (pitch - events.MIN_PITCH + events.FIRST_PITCH).tolist()
    bass_bar = [36 - events.MIN_PITCH + events.FIRST_PITCH] + 7 * [0] + [events.NOTE_OFF] + 7 * [0]
    assert song.lines[:, BASS_LINE].tolist() == 6 * [bass_bar]
    assert not song.lines[:, 1:BASS_LINE].any()
    closed_hat = events.CLOSED_HAT
    assert song.drums.dtype == np.uint16
    assert song.drums[0].tolist() == [1, 0, 0, 0, closed_hat, 0, 0, 0, 1 | closed_hat] + 7 * [0]
    assert song.drums[1:].tolist() == 5 * [[1] + 7 * [0] + [1] + 7 * [0]]
    assert song.chroma.dtype == np.uint8 and song.chroma.shape == (6, 2, 12)
    assert song.chroma[0, 0].tolist() == [12, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert song.chroma[0, 1].tolist() == [0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0]
    assert song.stretch.tolist() == 6 * [0] and song.tempo == 120


def test_chords_are_told_from_all_pitched_tracks():
    c, f = (60, 64, 67), (60, 65, 69)
    pad = [(8 * half, 8 * half + 8, pitch) for half in range(12) for pitch in (c if half % 4 < 2 else f)]
    song = song_of(("Melody", 73, line(6, pitch=72)), ("Pad", 89, pad), BASS)
    maj = list(chords.QUALITIES).index("maj")
    assert song.chord[::2].tolist() == 3 * [[[0, maj, 0], [0, maj, 0]]]
    assert song.chord[1::2, :, :2].tolist() == 3 * [[[5, maj], [5, maj]]]


def test_melodies_come_likeliest_first_and_no_more_than_three():
    parts = [(name, 48, line(6, pitch)) for name, pitch in (("Pad", 50), ("Strings", 55), ("Vocal", 65), ("x", 60))]
    parts += [("y", 80, line(3, 70)), BASS]
    score = scores.make(*parts)
    song = SongSurvey(score).song()
    assert song.melodies == 3
    first_pitches = song.lines[0, :3, 0] + events.MIN_PITCH - events.FIRST_PITCH
    assert first_pitches.tolist() == [65, 60, 55] and tracks.choose(score, path="song").index == 2


def test_a_melody_has_sixteen_notes_and_no_bass_is_one():
    assert song_of(("Vocal", 73, line(3)), ("Piano", 0, line(6))).melodies == 1
    bass_alone = scores.make(("Bass", 33, line(6, 36)), ("Vocal", 73, line(3)), DRUMS)
    assert SongSurvey(bass_alone).lacks() == "no melody"
    named_bass = song_of(("Flute", 73, line(6)), ("E-Bass", 0, line(6, 40)))
    assert named_bass.melodies == 1 and named_bass.has_bass


def test_of_several_basses_that_with_most_notes_plays():
    song = song_of(("Flute", 73, line(6)), BASS, ("Fretless", 35, line(6, 40)))
    assert song.lines[0, BASS_LINE, 4] == 42 - events.MIN_PITCH + events.FIRST_PITCH


@pytest.mark.parametrize(("left_out", "has_bass", "has_drums"), [(BASS, False, True), (DRUMS, True, False)])
def test_without_bass_or_drums_a_song_stays_and_says_so(left_out, has_bass, has_drums):
    song = song_of(("Flute", 73, line(6)), *(part for part in (BASS, DRUMS) if part is not left_out))
    assert (song.has_bass, song.has_drums) == (has_bass, has_drums)


def test_bars_of_other_meters_are_left_out():
    flute = ("Flute", 73, [(step, step + 4, 60 + step // 4 % 12) for step in range(0, 16 * 4 + 12 * 3 + 16 * 2, 4)])
    song = song_of(flute, meters=[(64, 3, 4), (100, 4, 4)])
    assert song.bars == 6 and song.stretch.tolist() == [0, 0, 0, 0, 1, 1]
    assert onsets(song.lines[:, 0]).tolist() == list(range(0, 96, 4))
    pitch = song.lines[:, 0, ::4].ravel().astype(int) + events.MIN_PITCH - events.FIRST_PITCH
    assert pitch.tolist() == [60 + beat % 12 for beat in [*range(16), *range(25, 33)]]


def test_changes_of_tempo_do_not_cut_and_the_longest_tempo_counts():
    tempos = [(0, 90), (32, 140.004), (64, 100), (72, 140)]
    song = song_of(("Flute", 73, line(6)), tempos=tempos)
    assert song.bars == 6 and song.stretch.tolist() == 6 * [0] and song.tempo == 140
    assert song_of(("Flute", 73, line(6)), tempos=[(80, 90)]).tempo == 120
    assert song_of(("Flute", 73, line(6)), tempos=[(0, 90), (8, float("inf"))]).tempo == 90


@pytest.mark.parametrize(
    ("parts", "changes", "reason"),
    [
        ([], {}, "no bar of 4/4"),
        ([("Waltz", 0, line(6))], dict(meters=[(0, 3, 4)]), "no bar of 4/4"),
        ([DRUMS], {}, "no melody"),
        ([("Flute", 73, [*line(6), (16 * 1024, 16 * 1024 + 1, 60)])], {}, "more than 1024 bars"),
    ],
)
def test_what_cannot_be_a_song_is_told(parts, changes, reason):
    assert SongSurvey(scores.make(*parts, **changes)).lacks() == reason
    assert reason in song_survey.LACKS


def test_content_is_that_of_the_notes_alone():
    flute, low = ("Flute", 73, line(6)), ("Flute", 73, line(6, 59))
    content = SongSurvey(scores.make(flute, BASS, DRUMS)).content()
    renamed = scores.make(DRUMS, BASS, ("Oboe", 68, line(6)), tempos=[(0, 77)])
    assert SongSurvey(renamed).content() == content
    for parts in ((low, BASS, DRUMS), (flute, BASS), (flute, DRUMS)):
        assert SongSurvey(scores.make(*parts)).content() != content


def test_the_first_melody_is_what_accompany_would_choose():
    agreed = 0
    for path in sorted(SYNTH.rglob("*.mid"))[:12]:
        score = midi.read(path)
        survey, chosen = SongSurvey(score), score.tracks[tracks.choose(score, path=path).index]
        if survey.lacks() or tracks.role(chosen) == "bass":
            continue
        start, _, _ = tracks.notes(chosen)
        _, first, _ = survey._stretches.steps(start, start + 1)
        assert onsets(survey.song().lines[:, 0]).tolist() == np.unique(first).tolist()
        agreed += 1
    assert agreed > 4


def test_broken_files_are_read_or_refused():
    rng = np.random.default_rng(0)
    raw = [path.read_bytes() for path in sorted(SYNTH.rglob("*.mid"))]
    read = 0
    for number in range(100):
        one, other = (raw[i] for i in rng.integers(0, len(raw), 2))
        try:
            survey = SongSurvey(midi.read(MUTATIONS[number % len(MUTATIONS)](one, other, rng)))
        except midi.MidiError:
            continue
        if survey.lacks() is None:
            song = survey.song()
            assert len(survey.content()) == 8 and song.melodies and np.isfinite(song.tempo)
            assert len({len(getattr(song, name)) for name in ("lines", "drums", "chroma", "chord", "stretch")}) == 1
            read += 1
    assert read > 10
